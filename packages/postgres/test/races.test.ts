import { expect, test } from 'vitest';
import type { ClaimedRun, CommitRequest, NewRun, RunKey, Store } from 'stepwell/engine';
import {
  deliver,
  end,
  EVENT,
  FAILURE,
  newRun,
  release,
  REOPEN,
  step,
} from '../../../test/conformance/fixtures.ts';
import { Random } from '../../../test/conformance/random.ts';
import { connect, newSchema, openStore, waiter } from './database.ts';

/*
 * Several stores on one schema, as several processes have it, at the same runs at the same time. What each race comes to
 * is not known; what may not come of it is.
 */

const WORKERS = 4;

async function openStores(): Promise<Store[]> {
  const schema = newSchema();
  const stores: Store[] = [];
  for (let n = 0; n < WORKERS; n++) {
    const store = await openStore(schema);
    await register(store, `w${n}`);
    stores.push(store);
  }
  return stores;
}

function register(store: Store, id: string): Promise<void> {
  const lease = { startedAt: 1, heartbeatAt: 1, expiresAt: 1_000_000 };
  return store.register({ id, name: id, kinds: ['order@1'], queues: null, ...lease });
}

async function claim(store: Store, worker: string, limit = 5): Promise<readonly ClaimedRun[]> {
  const request = { worker, kinds: ['order@1'], queues: null, limit, now: 5_000 };
  return (await store.claim(request)).runs;
}

const at = (stores: readonly Store[], n: number): Store => stores[n % stores.length]!;

test('a run is started once, whoever asks', async () => {
  const stores = await openStores();
  const ids = Array.from({ length: 20 }, (_, n) => `run ${n}`);
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, n) =>
      at(stores, n).start((n % 2 === 0 ? ids : ids.toReversed()).map((id) => newRun(id))),
    ),
  );
  expect(answers.flat().filter(({ created }) => created)).toHaveLength(20);
});

test('a run that is ready is given to one worker, and none is left lying', async () => {
  const stores = await openStores();
  const total = 300;
  await stores[0]!.start(Array.from({ length: total }, (_, n) => newRun(`run ${n}`)));
  const given: string[] = [];
  await Promise.all(
    stores.map(async (store, n) => {
      for (let misses = 0; misses < 20 && given.length < total; ) {
        const runs = await claim(store, `w${n}`, 7);
        given.push(...runs.map(({ run }) => run.id));
        misses = runs.length === 0 ? misses + 1 : 0;
      }
    }),
  );
  expect(given).toHaveLength(total);
  expect(new Set(given).size).toBe(total);
});

test('of two commits at one position one is stored', async () => {
  const stores = await openStores();
  const keys = await startRuns(stores[0]!, 10);
  for (let position = 0; position < 10; position++) {
    const answers = await Promise.all(
      stores.map((store, n) =>
        store.commit((n % 2 === 0 ? keys : keys.toReversed()).map((key) => step(key, position))),
      ),
    );
    expect(answers.flat().filter((answer) => answer === 'stored')).toHaveLength(keys.length);
  }
});

test('facts are numbered without gaps, in whatever order they come', async () => {
  const stores = await openStores();
  const keys = await startRuns(stores[0]!, 5);
  const each = 20;
  await Promise.all(
    stores.flatMap((store, n) =>
      Array.from({ length: each }, () =>
        store.deliver(
          (n % 2 === 0 ? keys : keys.toReversed()).map((key) => ({ to: { key }, now: 2_000, fact: EVENT })),
        ),
      ),
    ),
  );
  for (const key of keys) {
    const numbers = (await stores[0]!.facts(key, 0)).map(({ number }) => number);
    expect(numbers).toEqual(Array.from({ length: each * WORKERS }, (_, n) => n + 1));
  }
});

test('a fact that comes while its run is given up wakes it', async () => {
  const stores = await openStores();
  const keys = await startRuns(stores[0]!, 20);
  await claim(stores[0]!, 'w0', keys.length);
  const known = new Map(keys.map((key) => [key, 0]));
  for (let round = 0; round < 15; round++) {
    await Promise.all([
      ...keys.map((key) =>
        stores[0]!.commit([step(key, round, { change: release({ seen: known.get(key)! }) })]),
      ),
      ...keys.map((key, n) => deliver(at(stores, 1 + (n % 3)), key, EVENT, 4_000)),
    ]);
    const claimed = await claim(stores[0]!, 'w0', keys.length);
    expect(claimed).toHaveLength(keys.length);
    for (const { run, facts } of claimed) known.set(run.key, facts.at(-1)!.number);
  }
});

test('a callback is completed or closed, never both', async () => {
  const stores = await openStores();
  const keys = await startRuns(stores[0]!, 30);
  await stores[0]!.commit(keys.map((key) => step(key, 0, { open: [{ callback: `cb ${key}`, op: 'ask' }] })));
  const closing = keys.map((key) => stores[1]!.commit([step(key, 1, { close: [`cb ${key}`] })]));
  const completing = keys.map((key, n) =>
    deliver(
      at(stores, 2 + (n % 2)),
      { callback: `cb ${key}` },
      { type: 'callback', callback: `cb ${key}`, outcome: { ok: true } },
    ),
  );
  const closed = (await Promise.all(closing)).flat();
  const completed = await Promise.all(completing);
  for (const [n, answer] of completed.entries()) expect(answer!.delivered).toBe(closed[n] === 'refused');
});

test('no more runs of a concurrency key have begun than its limit allows, and all get their turn', async () => {
  const stores = await openStores();
  const total = 60;
  const limits = [1, 2, 3];
  await stores[0]!.start(
    Array.from({ length: total }, (_, n) =>
      newRun(`run ${n}`, {
        concurrencyKey: `key ${n % 3}`,
        concurrencyLimit: limits[n % 3]!,
        priority: n % 2,
      }),
    ),
  );
  const begun = new Map<string, number>();
  let ended = 0;
  const work = async (store: Store, worker: string) => {
    for (let misses = 0; ended < total && misses < 2_000; misses++) {
      for (const { run } of await claim(store, worker)) {
        const key = run.concurrencyKey!;
        begun.set(key, (begun.get(key) ?? 0) + 1);
        expect(begun.get(key)).toBeLessThanOrEqual(run.concurrencyLimit!);
        await store.commit([step(run.key, 0)]);
        begun.set(key, begun.get(key)! - 1);
        expect(await store.commit([step(run.key, 1, { change: end() })])).toEqual(['stored']);
        ended++;
        misses = 0;
      }
    }
  };
  await Promise.all(stores.map((store, n) => work(store, `w${n}`)));
  expect(ended).toBe(total);
});

test('no more runs of a queue are owned, and begin in a period, than its settings allow', async () => {
  const stores = await openStores();
  const total = 60;
  const limits = { concurrency: 3, rate: { limit: 40, period: 1_000_000 } };
  await stores[0]!.setQueue({ namespace: 'default', queue: 'default', limits, now: 1 });
  const keys = Array.from({ length: total }, (_, n) => (n % 2 === 0 ? null : `key ${n % 5}`));
  await stores[0]!.start(
    keys.map((concurrencyKey, n) => newRun(`run ${n}`, { concurrencyKey, concurrencyLimit: 2 })),
  );
  let owned = 0;
  let begun = 0;
  const work = async (store: Store, worker: string) => {
    for (let misses = 0; misses < 200 && begun < 40; misses++) {
      for (const { run } of await claim(store, worker)) {
        owned++;
        begun++;
        expect(owned).toBeLessThanOrEqual(3);
        await store.commit([step(run.key, 0)]);
        owned--;
        expect(await store.commit([step(run.key, 1, { change: end() })])).toEqual(['stored']);
        misses = 0;
      }
    }
  };
  await Promise.all(stores.map((store, n) => work(store, `w${n}`)));
  expect(begun).toBe(40);
  expect(await claim(stores[0]!, 'w0')).toEqual([]);
});

test('a worker that leaves leaves nothing behind, whatever it is just given', async () => {
  const stores = await openStores();
  for (let round = 0; round < 15; round++) {
    const leaving = `leaving ${round}`;
    await register(stores[1]!, leaving);
    await stores[0]!.start(Array.from({ length: 5 }, (_, n) => newRun(`claimed ${round}/${n}`)));
    await Promise.all([
      stores[0]!.start(
        Array.from({ length: 5 }, (_, n) => newRun(`owned ${round}/${n}`)),
        leaving,
      ),
      claim(stores[2]!, leaving),
      stores[3]!.retire(leaving, 3_000),
    ]);
    const running = await stores[0]!.query({ namespace: 'default', statuses: ['running'], limit: 1_000 });
    expect(running.filter(({ owner }) => owner === leaving)).toEqual([]);
  }
});

test('an end, a retry and a purge at the same time leave a run whole or gone', async () => {
  const stores = await openStores();
  for (let round = 0; round < 30; round++) {
    const [key] = await startRuns(stores[0]!, 1, `round ${round}`);
    await claim(stores[0]!, 'w0');
    const [[stored], reopened, purged, zombie] = await Promise.all([
      stores[0]!.commit([step(key!, 0, { change: end('failed', { error: FAILURE }) })]),
      deliver(stores[1]!, key!, REOPEN),
      stores[2]!.purge('default', `round ${round} 0`),
      stores[3]!.commit([step(key!, 0)]),
    ]);
    expect([stored, zombie[0]].filter((answer) => answer === 'stored').length).toBeLessThanOrEqual(1);
    const run = await stores[0]!.get('default', `round ${round} 0`);
    const journal = await stores[0]!.journal(key!, 0, 10);
    const facts = await stores[0]!.facts(key!, 0);
    const isGone = run === null && journal.length === 0 && facts.length === 0;
    expect(isGone).toBe(purged);
    expect(run?.status === 'queued' && run.endedAt === null).toBe(reopened!.delivered && !purged);
  }
});

test('an end that waits for a purge of its run is refused, and leaves nothing of it', async () => {
  const schema = newSchema();
  const store = await openStore(schema);
  const client = await connect();
  await register(store, 'w0');
  const keys = await startRuns(store, 3);
  await claim(store, 'w0');
  const [gone, told, other] = keys as [RunKey, RunKey, RunKey];
  await store.commit([step(gone, 0), step(gone, 1, { change: end('failed') })]);
  await client.query(`begin; select ${schema}.purge('default', 'run 0')`);
  // Somebody who has lost the run ends it as well.
  const answer = store.commit([
    step(gone, 1, { change: end(), deliver: [{ run: { key: told }, fact: EVENT }] }),
    step(other, 0, { change: end() }),
  ]);
  await waiter(client);
  await client.query('commit');
  expect(await answer).toEqual(['refused', 'stored']);
  expect(await store.facts(told, 0)).toEqual([]);
  const again = [gone, told, other].map((key) => step(key, 0, { change: end() }));
  expect(await store.commit(again)).toEqual(['refused', 'stored', 'refused']);
  const { rows } = await client.query<{ run: number }>(
    `select run::integer from ${schema}.journal order by run`,
  );
  expect(rows.map(({ run }) => run)).toEqual([told, other]);
});

test('whatever is mixed, nothing is refused but what must be, and nobody waits in a circle', async () => {
  const stores = await openStores();
  const seed = 1;
  const keys = await startRuns(stores[0]!, 12);
  const next = new Map(keys.map((key) => [key, 0]));
  const delivered = new Map<RunKey, number>();
  const stop = performance.now() + 3_000;
  const commitAll = async (store: Store, random: Random) => {
    // One writer a run: this store has its own share of them.
    const own = keys.filter((_, n) => n % WORKERS === stores.indexOf(store));
    while (performance.now() < stop) {
      const requests: CommitRequest[] = own.map((run) => {
        const other = random.pick(keys);
        const sends = random.chance(0.5);
        if (sends) delivered.set(other, (delivered.get(other) ?? 0) + 1);
        return step(run, next.get(run)!, {
          deliver: sends ? [{ run: { key: other }, fact: EVENT }] : [],
          change: random.chance(0.3) ? { progress: { percent: random.below(100) } } : null,
        });
      });
      expect(await store.commit(requests)).toEqual(requests.map(() => 'stored'));
      for (const run of own) next.set(run, next.get(run)! + 1);
    }
  };
  const deliverAll = async (store: Store, random: Random) => {
    while (performance.now() < stop) {
      const to = random.some(keys);
      const answers = await store.deliver(to.map((key) => ({ to: { key }, now: 4_000, fact: EVENT })));
      expect(answers.every((answer) => answer.delivered)).toBe(true);
      for (const key of to) delivered.set(key, (delivered.get(key) ?? 0) + 1);
    }
  };
  await Promise.all(
    stores.flatMap((store, n) => [
      commitAll(store, new Random(seed + n)),
      deliverAll(store, new Random(seed + 100 + n)),
    ]),
  );
  for (const key of keys) {
    const numbers = (await stores[0]!.facts(key, 0)).map(({ number }) => number);
    expect(numbers).toEqual(Array.from({ length: delivered.get(key) ?? 0 }, (_, n) => n + 1));
    expect(await stores[0]!.journal(key, 0, 100_000)).toHaveLength(next.get(key)!);
  }
});

async function startRuns(store: Store, count: number, name = 'run'): Promise<RunKey[]> {
  const runs: NewRun[] = Array.from({ length: count }, (_, n) => newRun(`${name} ${n}`));
  return (await store.start(runs)).map((answer) => (answer.created ? answer.key : -1));
}
