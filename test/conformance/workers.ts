import { expect, test } from 'vitest';
import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import type { WorkerRecord } from '../../packages/stepwell/src/store/records.ts';
import {
  CANCEL,
  claimIds,
  claimOnly,
  commit,
  deliver,
  FAILURE,
  get,
  register,
  release,
  start,
  startAndClaim,
} from './fixtures.ts';

export function testWorkers(store: () => Store): void {
  test('workers are known by what they announced', async () => {
    const worker: WorkerRecord = {
      id: 'w1',
      name: 'host, 17',
      kinds: ['order@1', 'mail@3'],
      queues: ['fast'],
      startedAt: 1,
      heartbeatAt: 2,
      expiresAt: 3,
    };
    await store().register(worker);
    await register(store(), { id: 'w0', queues: null });
    const workers = await store().workers();
    expect(workers.map(({ id }) => id)).toEqual(['w0', 'w1']);
    expect(workers[1]).toStrictEqual(worker);
    expect(workers[0]?.queues).toBeNull();
  });

  test('announcing again replaces the announcement', async () => {
    await register(store());
    await register(store(), { kinds: ['mail@1'], heartbeatAt: 700 });
    expect(await store().workers()).toMatchObject([{ id: 'w1', kinds: ['mail@1'], heartbeatAt: 700 }]);
  });

  test('a heartbeat renews the lease', async () => {
    await register(store(), { expiresAt: 1000 });
    expect(await store().heartbeat('w1', 900, 1900)).toBe(true);
    expect(await store().workers()).toMatchObject([{ heartbeatAt: 900, expiresAt: 1900 }]);
    expect(await store().expire(1500)).toEqual([]);
  });

  test('the heartbeat of a worker that nobody knows is false', async () => {
    expect(await store().heartbeat('w1', 900, 1900)).toBe(false);
    expect(await store().workers()).toEqual([]);
  });

  test('what an expired worker owned is ready at once, and lost to it', async () => {
    const key = await startAndClaim(store(), 'a');
    await register(store(), { id: 'w2', expiresAt: 99_999 });
    await commit(store(), key, 0);
    expect(await store().expire(9_999)).toEqual([]);
    expect(await store().expire(10_000)).toEqual(['w1']);
    expect(await get(store(), 'a')).toMatchObject({
      status: 'queued',
      owner: null,
      readyAt: 10_000,
      startedAt: 2000,
    });
    expect(await store().heartbeat('w1', 10_000, 20_000)).toBe(false);
    const claimed = await claimOnly(store(), key, { worker: 'w2', now: 10_000 });
    expect(claimed.journal).toHaveLength(1);
    expect(await commit(store(), key, 1)).toBe('stored');
    expect(await commit(store(), key, 1)).toBe('refused');
  });

  test('all leave whose lease has run out', async () => {
    await register(store(), { id: 'b', expiresAt: 3000 });
    await register(store(), { id: 'a', expiresAt: 2000 });
    await register(store(), { id: 'c', expiresAt: 4000 });
    expect(await store().expire(3500)).toEqual(['a', 'b']);
    expect(await store().expire(3500)).toEqual([]);
    expect((await store().workers()).map(({ id }) => id)).toEqual(['c']);
  });

  test('what a worker owned when it left is ready at once', async () => {
    await startAndClaim(store(), 'a');
    await register(store(), { id: 'w2' });
    await start(store(), 'b');
    await claimIds(store(), { worker: 'w2' });
    await store().retire('w1', 2500);
    expect(await get(store(), 'a')).toMatchObject({ status: 'queued', owner: null, readyAt: 2500 });
    expect(await get(store(), 'b')).toMatchObject({ status: 'running', owner: 'w2' });
    expect((await store().workers()).map(({ id }) => id)).toEqual(['w2']);
    await store().retire('nobody', 2500);
  });

  test('a run that waits is not touched when its worker leaves', async () => {
    const key = await startAndClaim(store(), 'a');
    await commit(store(), key, 0, { change: release({ readyAt: 9000, parkedBy: 'w1' }) });
    await store().retire('w1', 2500);
    expect(await get(store(), 'a')).toMatchObject({ status: 'waiting', readyAt: 9000 });
  });

  test('a ready run that no worker fits is stuck, and says why', async () => {
    await register(store());
    await start(store(), 'fits');
    await start(store(), 'other version', { version: '2' });
    await start(store(), 'later', { version: '2', readyAt: 9000 });
    expect(await store().strand(2000, FAILURE)).toBe(1);
    expect(await get(store(), 'other version')).toMatchObject({
      status: 'stuck',
      readyAt: null,
      error: FAILURE,
      waitingFor: [{ kind: 'no worker', detail: 'order@2', error: FAILURE }],
    });
    expect((await get(store(), 'fits')).status).toBe('queued');
    expect((await get(store(), 'later')).status).toBe('queued');
    expect(await store().strand(2000, FAILURE)).toBe(0);
  });

  test('a run on a queue that nobody serves is stuck as well', async () => {
    await register(store(), { queues: ['fast'] });
    await start(store(), 'a', { queue: 'fast' });
    await start(store(), 'b', { queue: 'slow' });
    expect(await store().strand(2000, FAILURE)).toBe(1);
    expect((await get(store(), 'b')).status).toBe('stuck');
  });

  test('runs that are owned, and runs that wait, are not stranded', async () => {
    const key = await startAndClaim(store(), 'running');
    const waiting = await startAndClaim(store(), 'waiting');
    await commit(store(), waiting, 0, { change: release() });
    await register(store(), { kinds: [] });
    expect(await store().strand(5000, FAILURE)).toBe(0);
    expect(await commit(store(), key, 0)).toBe('stored');
  });

  test('a run whose turn in its concurrency key has not come is stranded like any other', async () => {
    await register(store());
    await start(store(), 'a', { concurrencyKey: 'k' });
    await start(store(), 'b', { concurrencyKey: 'k' });
    expect(await claimIds(store())).toEqual(['a']);
    await register(store(), { kinds: [] });
    expect(await store().strand(5000, FAILURE)).toBe(1);
    expect((await get(store(), 'b')).status).toBe('stuck');
  });

  test('a new worker makes the stuck runs ready that it fits', async () => {
    await register(store());
    await start(store(), 'a', { version: '2', queue: 'fast' });
    await start(store(), 'b', { version: '2', queue: 'slow' });
    await start(store(), 'c', { version: '3', queue: 'fast' });
    await store().strand(2000, FAILURE);
    await register(store(), { id: 'new', kinds: ['order@2'], queues: ['fast'], heartbeatAt: 2600 });
    const run = await get(store(), 'a');
    expect(run).toMatchObject({ status: 'queued', readyAt: 2600, waitingFor: [] });
    expect(run.error).toBeUndefined();
    expect((await get(store(), 'b')).status).toBe('stuck');
    expect((await get(store(), 'c')).status).toBe('stuck');
    expect(await claimIds(store(), { worker: 'new', kinds: ['order@2'], now: 2600 })).toEqual(['a']);
  });

  test('so it does with runs whose code did not fit their journal: it may bring code that does', async () => {
    const key = await startAndClaim(store(), 'a');
    await commit(store(), key, 0, { change: release({ status: 'stuck', error: FAILURE }) });
    await register(store(), { id: 'w2', heartbeatAt: 2600 });
    expect(await claimIds(store(), { worker: 'w2', now: 2600 })).toEqual(['a']);
  });

  test('renewing an announcement does not: the worker has tried already', async () => {
    const key = await startAndClaim(store(), 'a');
    await commit(store(), key, 0, { change: release({ status: 'stuck', error: FAILURE }) });
    await register(store(), { heartbeatAt: 2600, expiresAt: 12_600 });
    expect((await get(store(), 'a')).status).toBe('stuck');
    await start(store(), 'mail', { workflow: 'mail' });
    await store().strand(3000, FAILURE);
    await register(store(), { kinds: ['order@1', 'mail@1'], heartbeatAt: 2700 });
    expect((await get(store(), 'a')).status).toBe('stuck');
    expect((await get(store(), 'mail')).status).toBe('queued');
  });

  test('a stuck run that was told something meanwhile keeps its place in line', async () => {
    await register(store());
    const key = await start(store(), 'a', { version: '2' });
    await store().strand(2000, FAILURE);
    await deliver(store(), key, CANCEL, 2200);
    await register(store(), { id: 'new', kinds: ['order@2'], heartbeatAt: 2600 });
    expect(await get(store(), 'a')).toMatchObject({ status: 'queued', readyAt: 2200 });
  });
}
