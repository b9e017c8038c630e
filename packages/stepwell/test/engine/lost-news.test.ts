import { expect, test } from 'vitest';
import { workflow } from '../../src/index.ts';
import type { News } from '../../src/store/contract.ts';
import { openMemoryStore } from '../../src/store/memory/store.ts';
import { testEngine } from '../../src/testing/index.ts';
import { alteredStore } from '../../src/store/altered.ts';

const waiter = workflow('waiter', async (ctx) => {
  const first = await ctx.waitForEvent('go');
  await ctx.sleep('1s');
  return [first, await ctx.waitForEvent('go')];
});

const RUNS = 5;

/** Lives a few runs on a store whose news are passed on by `pass`, with half a minute for each event; gives their results. */
async function liveWith(pass: (news: News, listener: (news: News) => void) => void): Promise<unknown[]> {
  const memory = openMemoryStore();
  const store = alteredStore(memory, {
    subscribe: (listener) => memory.subscribe((news) => pass(news, listener)),
  });
  await using engine = await testEngine({ workflows: [waiter], store });
  const runs = [];
  for (let n = 0; n < RUNS; n++) {
    runs.push(await engine.start(waiter, undefined, n === 0 ? { delay: '1s' } : {}));
  }
  for (const part of ['first', 'second']) {
    for (const run of runs) await run.raiseEvent('go', part);
    for (let seconds = 0; seconds < 30; seconds++) await engine.advance('1s');
  }
  const { succeeded } = await engine.well.counts();
  if (succeeded !== RUNS) return [`only ${succeeded} have ended`];
  const results = Promise.all(runs.map((run) => run.result()));
  await engine.advance('10s');
  return await results;
}

const all = Array.from({ length: RUNS }, () => ['first', 'second']);

test('news that are lost delay what they are about, and nothing more', async () => {
  expect(await liveWith(() => {})).toEqual(all);
});

test('news that come twice change nothing', async () => {
  const twice = await liveWith((news, listener) => {
    listener(news);
    listener(news);
  });
  expect(twice).toEqual(all);
});

test('news that come late, and in another order, change nothing', async () => {
  const held: (() => void)[] = [];
  const late = await liveWith((news, listener) => {
    held.unshift(() => listener(news));
    if (held.length > 3) held.pop()!();
  });
  expect(late).toEqual(all);
});
