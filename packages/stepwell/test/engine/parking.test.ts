import { expect, test } from 'vitest';
import { workflow } from '../../src/index.ts';
import { openMemoryStore } from '../../src/store/memory/store.ts';
import type { ClaimAnswer } from '../../src/store/claim.ts';
import { testEngine } from '../../src/testing/index.ts';
import { alteredStore } from '../../src/store/altered.ts';

const RUNS = 40;

/** Waits three times, in three ways; says which bodies were run. */
function waiting() {
  const bodies: string[] = [];
  const definition = workflow('waiting', async (ctx, n: number) => {
    const note = (what: string) => ctx.step(what, () => void bodies.push(`${n} ${what}`));
    await note('begin');
    const event = await ctx.waitForEvent<number>('go');
    await note('woken');
    await ctx.sleep('1h');
    await ctx.waitForCallback('approve', () => {});
    await note('end');
    return event;
  });
  return { bodies, definition };
}

async function liveThroughAll(parked: number) {
  const { bodies, definition } = waiting();
  const memory = openMemoryStore();
  const claims: ClaimAnswer[] = [];
  const store = alteredStore(memory, {
    claim: async (request) => {
      const answer = await memory.claim(request);
      claims.push(answer);
      return answer;
    },
  });
  const engine = await testEngine({ workflows: [definition], store, worker: { parked } });
  const runs = [];
  let mostParked = 0;
  const look = async () => {
    await engine.clock.settle();
    mostParked = Math.max(mostParked, engine.well.load().parked);
  };
  for (let n = 0; n < RUNS; n++) runs.push(await engine.start(definition, n));
  await look();
  for (const [n, run] of runs.entries()) {
    await run.raiseEvent('go', n);
    if (n % 5 === 0) await look();
  }
  await engine.advance('1h');
  await look();
  for (const run of runs) {
    const { waitingFor } = await run.info();
    await engine.well.callbacks.succeed(waitingFor[0]!.callback!);
  }
  await look();
  const results = await Promise.all(runs.map((run) => run.result()));
  expect(results).toEqual(Array.from({ length: RUNS }, (_, n) => n));
  expect(bodies).toHaveLength(3 * RUNS);
  expect(new Set(bodies).size).toBe(3 * RUNS);
  expect(engine.well.load()).toEqual({ active: 0, parked: 0 });
  await engine.close();
  const claimed = claims.flatMap((answer) => answer.runs);
  return { mostParked, replayed: claimed.filter(({ journal }) => (journal?.length ?? 0) > 0).length };
}

test('with room for all, waiting runs go on without replay', async () => {
  expect(await liveThroughAll(RUNS)).toEqual({ mostParked: RUNS, replayed: 0 });
});

test('with room for one, all go on all the same', async () => {
  const { mostParked } = await liveThroughAll(1);
  expect(mostParked).toBe(1);
});

test('without any room, all go on all the same', async () => {
  const { mostParked } = await liveThroughAll(0);
  expect(mostParked).toBe(0);
});

test('the one that was parked longest ago leaves first', async () => {
  const { definition } = waiting();
  const memory = openMemoryStore();
  const read: number[] = [];
  const store = alteredStore(memory, {
    journal: async (run, from, limit) => {
      read.push(run);
      return memory.journal(run, from, limit);
    },
  });
  await using engine = await testEngine({ workflows: [definition], store, worker: { parked: 2 } });
  for (const n of [1, 2, 3]) {
    await engine.start(definition, n, { id: `r${n}` });
    await engine.clock.settle();
  }
  read.length = 0;
  for (const n of [3, 2]) await engine.well.raiseEvent(`r${n}`, 'go');
  await engine.clock.settle();
  expect(read).toEqual([]);
  // Only the first had to be replayed: its activation had given way to the third.
  await engine.well.raiseEvent('r1', 'go');
  await engine.clock.settle();
  expect(read).toEqual([1]);
});
