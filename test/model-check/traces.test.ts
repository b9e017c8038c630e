import { describe, expect, onTestFinished, test } from 'vitest';
import type { RunKey } from '../../packages/stepwell/src/model/run.ts';
import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import { openMemoryStore } from '../../packages/stepwell/src/store/memory/store.ts';
import { claim, deliver, end, EVENT, newRun, register, startAndClaim } from '../conformance/fixtures.ts';
import { step } from '../conformance/fixtures.ts';
import { RandomCalls } from '../conformance/random-calls.ts';
import { Random } from '../conformance/random.ts';
import { PLANTS } from '../simulation/planted.ts';
import { scenarioOf } from '../simulation/scenario.ts';
import type { OpenStore } from '../simulation/stores.ts';
import { STORES_HERE } from '../simulation/test-database.ts';
import { simulate } from '../simulation/world.ts';
import { CheckedStore } from './checked-store.ts';
import { Exercised, RULES } from './exercised.ts';
import { WithoutQueues } from './without-queues.ts';

/** Long enough for a loaded machine (ms). */
const LONGEST = 120_000;
const RANDOM_SEEDS = 6;
/** On a store that is a database on a server. */
const FEW_SEEDS = 2;
const CALLS_PER_SEED = 300;
const WORLDS = 60;

function checked(inner: Store): CheckedStore {
  const report = (what: string): never => {
    throw new Error(what);
  };
  return new CheckedStore(inner, report, 'store');
}

describe.each(Object.entries(STORES_HERE))('%s', (name, open) => {
  test(
    'whatever is asked of the store, its answers are those of the model',
    async () => {
      const exercised = await askAnything(open, name === 'postgres' ? FEW_SEEDS : RANDOM_SEEDS);
      expect(RULES.filter((rule) => exercised.times(rule) > 0).length).toBeGreaterThan(40);
    },
    LONGEST,
  );

  test('what a run leaves goes to the one that goes on', async () => {
    const { exercised, facts } = await goOnAsAnother(open);
    expect(facts).toEqual([[{ number: 1, fact: EVENT }]]);
    expect(exercised.times('end: passes facts on')).toBe(1);
  });
});

async function askAnything(open: OpenStore, seeds: number): Promise<Exercised> {
  const exercised = new Exercised();
  for (let seed = 1; seed <= seeds; seed++) {
    const store = checked(await open());
    try {
      const calls = new RandomCalls(new Random(seed), store);
      const asked = new WithoutQueues(store);
      for (let n = 0; n < CALLS_PER_SEED; n++) {
        const call = await calls.next();
        if (call.name !== 'setQueue') await call.make(asked, (key: RunKey) => key);
      }
      await store.compareAll();
      exercised.add(store.exercised);
    } finally {
      await store.close();
    }
  }
  return exercised;
}

async function goOnAsAnother(open: OpenStore): Promise<{ exercised: Exercised; facts: unknown[] }> {
  const store = checked(await open());
  onTestFinished(() => store.close());
  const run = await startAndClaim(store, 'a');
  await register(store);
  await deliver(store, run, EVENT);
  await store.commit([
    step(run, 0, {
      starts: [{ run: newRun('b'), refusal: { type: 'resume' } }],
      change: end('continued', { continuedBy: 'b' }),
    }),
  ]);
  const { runs } = await claim(store, { now: 5000 });
  await store.compareAll();
  return { exercised: store.exercised, facts: runs.map(({ facts }) => facts) };
}

test(
  'every rule of the model is exercised: most of them in the worlds, the others at random and by hand',
  async () => {
    const inWorlds = new Exercised();
    for (let seed = 1; seed <= WORLDS; seed++) inWorlds.add((await simulate(scenarioOf(seed))).rules);
    const others = await askAnything(openMemoryStore, RANDOM_SEEDS);
    others.add((await goOnAsAnother(openMemoryStore)).exercised);
    const never = (...tallies: readonly Exercised[]) =>
      RULES.filter((rule) => tallies.every((tally) => tally.times(rule) === 0));
    expect(never(inWorlds, others)).toEqual([]);
    expect(never(inWorlds).length).toBeLessThan(10);
  },
  LONGEST,
);

/** Bugs in the store that all share lie below the model: it must be what notices them. */
const shared = Object.entries(PLANTS).filter(([, { shared }]) => shared !== undefined);

test.each(shared)(
  'the model alone finds the planted bug "%s"',
  async (_, plant) => {
    const found: string[] = [];
    for (let seed = 1; seed <= WORLDS && !found.some(isOfModel); seed++) {
      const { violations } = await simulate(scenarioOf(seed), { plant, checks: 'store and engine' });
      found.push(...violations.map(({ message }) => message));
    }
    expect(found.filter(isOfModel)).not.toEqual([]);
  },
  LONGEST,
);

function isOfModel(message: string): boolean {
  return message.startsWith('the model says:');
}
