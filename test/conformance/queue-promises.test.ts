import { expect, onTestFinished, test } from 'vitest';
import type { QueueLimits } from '../../packages/stepwell/src/model/queue.ts';
import { isFinal, type RunRecord } from '../../packages/stepwell/src/model/run.ts';
import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import { claim, commit, deliver, end, newRun, register, release, REOPEN } from './fixtures.ts';
import { Random } from './random.ts';
import { STORES } from './stores.ts';

const SEEDS = Number(process.env['SEEDS'] ?? 3);
const STEPS = 120;
const KEYS = ['red', 'green', 'blue', null];

/** What has happened, kept beside the store: its settings must hold by this account. */
interface Account {
  readonly limits: Required<Omit<QueueLimits, 'startDeadline'>>;
  readonly begun: number[];
  readonly slots: Map<string, string>;
  /** What has held a run back at some time. */
  readonly held: Set<'full' | 'too soon' | 'no slot'>;
  now: number;
}

async function allRuns(store: Store): Promise<RunRecord[]> {
  return store.query({ namespace: 'default', limit: 10_000 });
}

function slotsOf(account: Account, key: string | null): number {
  return [...account.slots.values()].filter((other) => other === key).length;
}

function begunWithin({ begun, limits, now }: Account): number {
  return begun.filter((at) => at > now - limits.rate.period).length;
}

async function mustCommit(...given: Parameters<typeof commit>): Promise<void> {
  expect(await commit(...given)).toBe('stored');
}

/** Nothing is over its limit; and what could be given by the account has been given: no place has leaked. */
async function judge(store: Store, account: Account): Promise<void> {
  const { limits } = account;
  const runs = await allRuns(store);
  const active = runs.filter(({ owner }) => owner !== null).length;
  expect(active).toBeLessThanOrEqual(limits.concurrency);
  expect(begunWithin(account)).toBeLessThanOrEqual(limits.rate.limit);
  for (const key of KEYS) if (key !== null) expect(slotsOf(account, key)).toBeLessThanOrEqual(limits.perKey);
  const held = runs.filter(
    ({ owner, readyAt, status }) =>
      owner === null && readyAt !== null && readyAt <= account.now && !isFinal(status),
  );
  for (const run of held) {
    const isFull = active >= limits.concurrency;
    const isTooSoon = run.startedAt === null && begunWithin(account) >= limits.rate.limit;
    const { concurrencyKey: key, id } = run;
    const lacksSlot = key !== null && !account.slots.has(id) && slotsOf(account, key) >= limits.perKey;
    expect([id, isFull || isTooSoon || lacksSlot]).toEqual([id, true]);
    if (isFull) account.held.add('full');
    else account.held.add(isTooSoon ? 'too soon' : 'no slot');
  }
}

async function claimAll(store: Store, account: Account, worker: string): Promise<void> {
  const before = new Map((await allRuns(store)).map((run) => [run.id, run]));
  const { runs } = await claim(store, { worker, now: account.now });
  for (const { run } of runs) {
    if (before.get(run.id)!.startedAt === null) account.begun.push(account.now);
    if (run.concurrencyKey !== null) account.slots.set(run.id, run.concurrencyKey);
  }
}

async function live(store: Store, seed: number): Promise<Account['held']> {
  const { below, pick, chance } = new Random(seed);
  const limits = { concurrency: 3, rate: { limit: 4, period: 500 }, perKey: 2 };
  const account: Account = { limits, begun: [], slots: new Map(), held: new Set(), now: 1000 };
  await store.setQueue({ namespace: 'default', queue: 'default', limits, now: 0 });
  const workers = ['w1', 'w2'];
  for (const id of workers) await register(store, { id, expiresAt: account.now + 400 });
  let started = 0;
  for (let step = 0; step < STEPS; step++) {
    account.now += below(120);
    const { now } = account;
    const runs = await allRuns(store);
    const owned = pick(runs.filter(({ owner }) => owner !== null));
    const what = pick([
      'start',
      'start',
      'rest',
      'end',
      'end',
      'expire',
      'wake',
      'reopen',
      'retire',
    ] as const);
    if (what === 'start') {
      const key = pick(KEYS);
      const readyAt = now + (chance(0.3) ? below(300) : 0);
      const run = newRun(`run ${started++}`, {
        concurrencyKey: key,
        concurrencyLimit: null,
        readyAt,
        createdAt: now,
      });
      await store.start([run], pick(workers));
    } else if (what === 'expire') {
      for (const id of await store.expire(now))
        await register(store, { id, heartbeatAt: now, expiresAt: now + 400 });
    } else if (what === 'retire') {
      await store.retire('w2', now);
      await register(store, { id: 'w2', heartbeatAt: now, expiresAt: now + 400 });
    } else if (what === 'wake' || what === 'reopen') {
      const run = pick(
        runs.filter(({ status }) => (what === 'wake' ? !isFinal(status) : status === 'failed')),
      );
      if (run !== undefined) await deliver(store, run.key, what === 'wake' ? undefined : REOPEN, now);
    } else if (owned !== undefined) {
      const position = (await store.journal(owned.key, 0, 1000)).length;
      const seen = owned.delivered;
      const change =
        what === 'end' ? end('failed') : release({ readyAt: chance(0.5) ? now + below(200) : null, seen });
      await mustCommit(store, owned.key, position, { at: now, change });
      if (what === 'end') account.slots.delete(owned.id);
    }
    await claimAll(store, account, pick(workers));
    await judge(store, account);
  }
  return account.held;
}

/** Serves one run at a time; between two services of a key that waits, no other key may be served more than twice. */
async function serve(store: Store, seed: number): Promise<void> {
  const { below, chance } = new Random(seed);
  await store.setQueue({
    namespace: 'default',
    queue: 'default',
    limits: { concurrency: 1, perKey: 100 },
    now: 0,
  });
  await register(store, { expiresAt: 1e9 });
  const keys = Array.from({ length: 6 }, (_, n) => `key ${n}`);
  const waiting = new Map(keys.map((key) => [key, 0]));
  const servedSince = new Map(keys.map((key) => [key, new Map<string, number>()]));
  let now = 1000;
  let started = 0;
  for (let turn = 0; turn < 150; turn++) {
    now += below(50);
    const key = chance(0.5) ? keys[0]! : keys[below(keys.length)]!;
    const burst = key === keys[0] ? 1 + below(6) : 1;
    if (chance(0.5)) {
      if (waiting.get(key) === 0) servedSince.set(key, new Map());
      const of = { concurrencyKey: key, concurrencyLimit: null, readyAt: now, createdAt: now };
      await store.start(Array.from({ length: burst }, () => newRun(`run ${started++}`, of)));
      waiting.set(key, waiting.get(key)! + burst);
    }
    const { runs } = await claim(store, { now });
    for (const { run } of runs) {
      const served = run.concurrencyKey!;
      for (const [other, since] of servedSince) {
        if (other === served || waiting.get(other) === 0) continue;
        since.set(served, (since.get(served) ?? 0) + 1);
        expect([seed, turn, other, served, since.get(served)! <= 2]).toEqual([
          seed,
          turn,
          other,
          served,
          true,
        ]);
      }
      servedSince.set(served, new Map());
      waiting.set(served, waiting.get(served)! - 1);
      await mustCommit(store, run.key, 0, { change: end() });
    }
  }
}

for (const [name, open] of Object.entries(STORES)) {
  async function everySeed<T>(of: (store: Store, seed: number) => Promise<T>): Promise<T[]> {
    const found: T[] = [];
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { store, discard } = await open();
      onTestFinished(discard);
      found.push(await of(store, seed));
    }
    return found;
  }

  test(
    `${name}: no limit is ever exceeded, and no place is lost`,
    async () => {
      const held = new Set((await everySeed(live)).flatMap((one) => [...one]));
      expect([...held].toSorted()).toEqual(['full', 'no slot', 'too soon']);
    },
    SEEDS * 10_000,
  );

  test(`${name}: no key waits for long behind another`, () => everySeed(serve), SEEDS * 10_000);
}
