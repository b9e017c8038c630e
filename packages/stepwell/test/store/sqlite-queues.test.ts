import { join } from 'node:path';
import { expect, test } from 'vitest';
import { claimIds, commit, end, get, newRun, register, step } from '../../../../test/conformance/fixtures.ts';
import { open, temporaryDirectory } from './sqlite-file.ts';

const limits = { concurrency: 100, perKey: 5 };
const queue = { namespace: 'default', queue: 'default', now: 0 };

/** Microseconds of CPU a run, with half of the runs of one key, and those of 1,000 others among them. */
async function costOf(runs: number): Promise<number> {
  const store = open(join(temporaryDirectory(), 'stepwell.db'));
  await register(store);
  await store.setQueue({ ...queue, limits });
  const keyOf = (n: number) => (n % 2 === 0 ? 'big' : `key ${n % 1000}`);
  await store.start(
    Array.from({ length: runs }, (_, n) =>
      newRun(`run ${n}`, { concurrencyKey: keyOf(n), concurrencyLimit: null }),
    ),
  );
  const before = process.cpuUsage();
  for (let done = 0; done < runs; ) {
    const { runs: given } = await store.claim({
      worker: 'w1',
      kinds: ['order@1'],
      queues: null,
      limit: 100,
      now: 2000,
    });
    expect(given.length).toBeGreaterThan(0);
    await store.commit(given.map(({ run }) => step(run.key, 0, { change: end() })));
    done += given.length;
  }
  const { user, system } = process.cpuUsage(before);
  await store.close();
  return (user + system) / runs;
}

test('a run costs the same, however many wait with it and whatever their keys', async () => {
  await costOf(500);
  const few = await costOf(2_000);
  // Were it a walk over what waits, or over the keys, this would be eight times as much.
  expect(await costOf(16_000)).toBeLessThan(4 * few);
}, 60_000);

test('places, turns and beginnings are as they were when the file is opened again', async () => {
  const path = join(temporaryDirectory(), 'stepwell.db');
  let store = open(path);
  await register(store);
  await store.setQueue({ ...queue, limits: { concurrency: 2, rate: { limit: 3, period: 1000 }, perKey: 2 } });
  const keyed = (id: string, concurrencyKey: string) =>
    newRun(id, { concurrencyKey, concurrencyLimit: null, readyAt: 1000 });
  await store.start([keyed('a1', 'a'), keyed('a2', 'a'), keyed('a3', 'a'), keyed('b1', 'b')]);
  expect(await claimIds(store)).toEqual(['a1', 'b1']);
  const { key } = await get(store, 'b1');
  await commit(store, key, 0, { change: end() });
  await store.close();
  store = open(path);
  await register(store);
  expect(await store.queues('default')).toMatchObject([{ counts: { queued: 3, succeeded: 1 } }]);
  expect(await claimIds(store, { now: 7000, limit: 1 })).toEqual(['a1']);
  expect(await claimIds(store, { now: 7000 })).toEqual(['a2']);
  expect((await get(store, 'a3')).waitingFor).toMatchObject([
    { kind: 'queue limit' },
    { kind: 'concurrency', detail: 'a' },
  ]);
});

test('a rolled back change of settings is not in force', async () => {
  const store = open(join(temporaryDirectory(), 'stepwell.db'));
  await register(store);
  await store.start([newRun('a'), newRun('b')]);
  const changed = store.setQueue({ ...queue, limits: { concurrency: 1 } });
  const broken = store.start([newRun('c', { queue: null as never })]);
  await expect(broken).rejects.toMatchObject({ code: 'STORE_FAILED' });
  await expect(changed).rejects.toMatchObject({ code: 'STORE_FAILED' });
  expect(await claimIds(store)).toEqual(['a', 'b']);
  expect((await store.queues('default')).map(({ limits: set }) => set)).toEqual([{}]);
});
