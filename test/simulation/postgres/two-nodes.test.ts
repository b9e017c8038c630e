import { expect, test } from 'vitest';
import type { News, Store } from '../../../packages/stepwell/src/store/contract.ts';
import { commit, start } from '../../conformance/fixtures.ts';
import { STORES_HERE } from '../test-database.ts';

/** What each of the two processes has heard since it was last asked. */
function ears(store: Store): () => News[][] {
  let heard: News[][] = [[], []];
  for (const index of heard.keys()) store.subscribe((news) => heard[index]!.push(news));
  return () => {
    const all = heard;
    heard = [[], []];
    return all;
  };
}

test('what is done in one process the other has heard of, by NOTIFY, when the call is over', async () => {
  const store = await STORES_HERE['postgres']!();
  const heard = ears(store);
  const run = await start(store, 'one', { readyAt: 5 });
  const ready = { type: 'ready', at: 5 };
  expect(heard()).toEqual([[ready], [ready]]);
  await commit(store, run, 0);
  const grown = { type: 'journal', run, ended: false };
  expect(heard()).toEqual([[grown], [grown]]);
  const end = { status: 'succeeded', output: 1, error: undefined, continuedBy: null, endedAt: 9 } as const;
  await commit(store, run, 1, { change: { end } });
  // Only where it was done the end itself is at hand.
  expect(heard()).toEqual([[{ ...grown, ended: true, end }], [{ ...grown, ended: true }]]);
  await store.close();
});

test('a store that was closed is given out again as if it were new', async () => {
  const first = await STORES_HERE['postgres']!();
  const key = await start(first, 'one');
  await first.close();
  const second = await STORES_HERE['postgres']!();
  expect(await second.count({ namespace: 'default' })).toEqual({});
  expect(await start(second, 'another')).toBe(key);
  await second.close();
});
