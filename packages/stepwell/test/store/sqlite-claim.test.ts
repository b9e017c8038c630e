import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { News } from '../../src/store/contract.ts';
import {
  claim,
  claimIds,
  commit,
  end,
  newRun,
  register,
  start,
} from '../../../../test/conformance/fixtures.ts';
import { open, temporaryDirectory } from './sqlite-file.ts';

test('a claim that meets thousands of runs without a slot stops, and has itself called again', async () => {
  const store = open(join(temporaryDirectory(), 'stepwell.db'));
  await register(store);
  await store.start(Array.from({ length: 2_500 }, (_, n) => newRun(`run ${n}`, { concurrencyKey: 'k' })));
  await start(store, 'free', { readyAt: 1999 });
  expect(await claimIds(store, { limit: 1 })).toEqual(['run 0']);
  const heard: News[] = [];
  store.subscribe((news) => heard.push(news));
  const given: string[] = [];
  let claims = 0;
  for (; claims < 10 && given.length === 0; claims++) given.push(...(await claimIds(store, { limit: 10 })));
  expect(given).toEqual(['free']);
  expect(claims).toBeGreaterThan(1);
  expect(heard).toEqual(Array.from({ length: claims - 1 }, () => ({ type: 'ready', at: 2000 })));
  expect(await claim(store)).toEqual({ runs: [], nextReadyAt: null });
  await commit(store, 1, 0, { change: end() });
  expect(await claimIds(store)).toEqual(['run 1']);
});
