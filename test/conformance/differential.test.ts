import { expect, onTestFinished, test } from 'vitest';
import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import { openMemoryStore } from '../../packages/stepwell/src/store/memory/store.ts';
import { RandomCalls } from './random-calls.ts';
import { NO_RUN } from './random-runs.ts';
import { Random } from './random.ts';
import { type OpenStore, STORES } from './stores.ts';

/** `SEEDS=1000 npm run unit differential` for a long run. */
const SEEDS = Number(process.env['SEEDS'] ?? 6);
const CALLS_PER_SEED = 300;

/** What must have been answered somewhere, or the comparison has proved little. */
const ANSWERS = [
  /start .*"owned":true/,
  /start .*"owned":false/,
  /start .*"created":false/,
  /start .*"kind":"concurrency"/,
  /start .*"moved":true/,
  /"kind":"queue paused"/,
  /"kind":"queue limit"/,
  /"kind":"rate"/,
  /claim .*"status":"running".*"startedAt":null/,
  /setQueue \[\{/,
  /commit .*"stored"/,
  /commit .*"refused"/,
  /deliver .*"delivered":true/,
  /deliver .*"unknown"/,
  /deliver .*"ended"/,
  /deliver .*"active"/,
  /claim .*"journal":null/,
  /claim .*"journal":\[\{/,
  /claim .*"force":true/,
  /claim .*"nextReadyAt":\d/,
  /claim .*"facts":\[\{/,
  /heartbeat true/,
  /heartbeat false/,
  /expire \["/,
  /strand [1-9]/,
  /purge true/,
  /purge false/,
  /query \[\{/,
  /query \[\{.*"tags":\["/,
  /count \{"/,
  /feed \[\{/,
  /request .*"begun":true/,
  /request .*"answer":"answer/,
  /artifact \[null/,
  /artifact \[\{/,
];

/** The keys of two stores may differ; here runs are numbered in the order in which they were put in. */
class Keys {
  readonly #ordinals = new Map<number, number>();
  readonly #keys: number[] = [];

  trace(answer: unknown): string {
    const numbered = JSON.stringify(answer, (name, value: unknown) => {
      if ((name === 'key' || name === 'run') && typeof value === 'number') return this.ordinal(value);
      return isObject(value)
        ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
        : value;
    });
    return numbered ?? 'undefined';
  }

  /** Gives numbers to the runs that have been put in since the last time. */
  async follow(store: Store): Promise<void> {
    const runs = await store.query({ namespace: 'default', limit: 1000 });
    for (const { key } of runs.toReversed()) this.ordinal(key);
  }

  ordinal(key: number): number {
    if (key === NO_RUN) return NO_RUN;
    const known = this.#ordinals.get(key);
    if (known !== undefined) return known;
    this.#ordinals.set(key, this.#keys.length);
    return this.#keys.push(key) - 1;
  }

  key(ordinal: number): number {
    return this.#keys[ordinal] ?? NO_RUN;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

async function everything(store: Store, keys: Keys): Promise<string[]> {
  const runs = await store.query({ namespace: 'default', limit: 1000 });
  const details = runs.toReversed().map(async ({ key, id }) => {
    const run = await store.get('default', id);
    return keys.trace({ run, journal: await store.journal(key, 0, 1000), facts: await store.facts(key, 0) });
  });
  return [
    ...(await Promise.all(details)),
    keys.trace(await store.workers()),
    keys.trace(await store.count({ namespace: 'default' })),
    keys.trace(await store.queues('default')),
  ];
}

async function compare(seed: number, open: OpenStore): Promise<string[]> {
  const model = openMemoryStore();
  const { store, discard } = await open();
  onTestFinished(discard);
  const random = new Random(seed);
  const calls = new RandomCalls(random, model);
  const modelKeys = new Keys();
  const storeKeys = new Keys();
  const answers: string[] = [];
  for (let n = 0; n < CALLS_PER_SEED; n++) {
    await Promise.all([modelKeys.follow(model), storeKeys.follow(store)]);
    const call = await calls.next();
    const expected = `${call.name} ${modelKeys.trace(await call.make(model, (key) => key))}`;
    const actual = `${call.name} ${storeKeys.trace(await call.make(store, (key) => storeKeys.key(modelKeys.ordinal(key))))}`;
    expect(actual, `seed ${seed}, call ${n}`).toBe(expected);
    answers.push(actual);
    if (n % 10 > 0) continue;
    const state = await everything(store, storeKeys);
    expect(state, `seed ${seed}, after call ${n}`).toEqual(await everything(model, modelKeys));
  }
  return answers;
}

for (const [name, open] of Object.entries(STORES)) {
  test(
    `${name}: any calls get the answers of the model`,
    async () => {
      const answers: string[] = [];
      for (let seed = 1; seed <= SEEDS; seed++) answers.push(...(await compare(seed, open)));
      const missing = ANSWERS.filter((pattern) => !answers.some((answer) => pattern.test(answer)));
      expect(missing).toEqual([]);
    },
    SEEDS * 10_000,
  );
}
