import { expect, test } from 'vitest';
import type { QueueLimits } from '../../packages/stepwell/src/model/queue.ts';
import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import {
  CANCEL,
  claim,
  claimIds,
  commit,
  deliver,
  end,
  EVENT,
  FORCED_CANCEL,
  get,
  newRun,
  register,
  release,
  REOPEN,
  start,
  startAndClaim,
} from './fixtures.ts';

export function testQueues(store: () => Store): void {
  const limit = (limits: QueueLimits, now = 1000) =>
    store().setQueue({ namespace: 'default', queue: 'default', limits, now });
  const pause = (reason?: string) =>
    store().setQueue({
      namespace: 'default',
      queue: 'default',
      paused: { at: 1500, ...(reason === undefined ? {} : { reason }) },
      now: 1500,
    });
  const resume = () => store().setQueue({ namespace: 'default', queue: 'default', paused: null, now: 2500 });
  const put = (...ids: string[]) => store().start(ids.map((id) => newRun(id)));

  async function finish(id: string): Promise<void> {
    const { key } = await get(store(), id);
    const position = (await store().journal(key, 0, 1000)).length;
    expect(await commit(store(), key, position, { change: end('failed') })).toBe('stored');
  }

  async function rest(id: string, readyAt: number | null): Promise<void> {
    const { key } = await get(store(), id);
    const position = (await store().journal(key, 0, 1000)).length;
    expect(await commit(store(), key, position, { change: release({ readyAt }) })).toBe('stored');
  }

  test('of a paused queue nothing is claimed, and a queued run says so', async () => {
    await register(store());
    await pause('the printer burns');
    await put('a');
    await start(store(), 'other', { queue: 'other' });
    await start(store(), 'elsewhere', { namespace: 'another' });
    expect(await claimIds(store())).toEqual(['other', 'elsewhere']);
    expect((await get(store(), 'a')).waitingFor).toEqual([
      { kind: 'queue paused', detail: 'the queue "default" was paused: the printer burns' },
    ]);
    await resume();
    expect((await get(store(), 'a')).waitingFor).toEqual([]);
    expect(await claimIds(store())).toEqual(['a']);
  });

  test('a run that is owned when its queue is paused goes on until it waits', async () => {
    await register(store());
    const key = await startAndClaim(store(), 'a');
    await pause();
    expect(await commit(store(), key, 0)).toBe('stored');
    await commit(store(), key, 1, {
      change: release({ readyAt: 2000, waitingFor: [{ kind: 'sleep', op: 'nap' }] }),
    });
    expect(await claimIds(store(), { now: 5000 })).toEqual([]);
    expect((await get(store(), 'a')).waitingFor).toMatchObject([{ kind: 'sleep' }, { kind: 'queue paused' }]);
    await resume();
    expect(await claimIds(store(), { now: 5000 })).toEqual(['a']);
  });

  test('a paused queue makes no worker look at its runs', async () => {
    await register(store());
    await pause();
    await start(store(), 'a', { readyAt: 9000 });
    expect(await claim(store())).toEqual({ runs: [], nextReadyAt: null });
    await resume();
    expect((await claim(store())).nextReadyAt).toBe(9000);
  });

  test('no more runs are owned at once than the queue takes, over all workers', async () => {
    await limit({ concurrency: 2 });
    await register(store());
    await register(store(), { id: 'w2' });
    await put('a', 'b', 'c', 'd');
    const claims = await Promise.all([
      claimIds(store(), { limit: 3 }),
      claimIds(store(), { worker: 'w2', limit: 3 }),
    ]);
    expect(claims.flat()).toEqual(['a', 'b']);
    expect((await get(store(), 'c')).waitingFor).toEqual([
      { kind: 'queue limit', detail: 'the queue "default" runs at most 2 at once' },
    ]);
    await finish('a');
    expect(await claimIds(store())).toEqual(['c']);
  });

  test('a run that waits holds no place, and goes before those that have not begun', async () => {
    await limit({ concurrency: 1 });
    await register(store());
    await put('a', 'b', 'c');
    expect(await claimIds(store())).toEqual(['a']);
    await rest('a', 2500);
    expect(await claimIds(store())).toEqual(['b']);
    expect(await claimIds(store(), { now: 3000 })).toEqual([]);
    await rest('b', null);
    expect(await claimIds(store(), { now: 3000 })).toEqual(['a']);
  });

  test('the places of a worker that dies are free with its lease', async () => {
    await limit({ concurrency: 1 });
    await register(store());
    await put('a', 'b');
    expect(await claimIds(store())).toEqual(['a']);
    await register(store(), { id: 'w2', expiresAt: 99_000 });
    expect(await claimIds(store(), { worker: 'w2' })).toEqual([]);
    await store().expire(10_000);
    expect(await claimIds(store(), { worker: 'w2', now: 10_000 })).toEqual(['a']);
    expect(await claimIds(store(), { worker: 'w2', now: 10_000 })).toEqual([]);
  });

  test('a start gives no worker a run of a queue that has settings', async () => {
    await register(store());
    await limit({ concurrency: 1 });
    const answers = await store().start([newRun('a'), newRun('other', { queue: 'other' })], 'w1');
    expect(answers).toMatchObject([{ owned: false }, { owned: true }]);
    await limit({});
    expect(await store().start([newRun('b')], 'w1')).toMatchObject([{ owned: true }]);
  });

  test('a forced cancel, and a cancel of a run that has not begun, wait for nothing', async () => {
    await register(store());
    const begun = await startAndClaim(store(), 'begun');
    await commit(store(), begun, 0, { change: release({ readyAt: null }) });
    await pause();
    const unbegun = await start(store(), 'unbegun');
    await deliver(store(), begun, CANCEL);
    await deliver(store(), unbegun, CANCEL);
    expect((await get(store(), 'unbegun')).waitingFor).toEqual([]);
    expect(await claimIds(store(), { kinds: [], now: 5000 })).toEqual([]);
    expect(await claimIds(store(), { now: 5000 })).toEqual(['unbegun']);
    await deliver(store(), begun, FORCED_CANCEL);
    expect(await claimIds(store(), { kinds: [], now: 5000 })).toEqual(['begun']);
  });

  test('a run that is reopened needs a place, and does not begin', async () => {
    await register(store());
    await limit({ concurrency: 1, rate: { limit: 2, period: 1000 } });
    await put('a', 'b');
    expect(await claimIds(store())).toEqual(['a']);
    await finish('a');
    await deliver(store(), (await get(store(), 'a')).key, REOPEN, 2000);
    expect(await claimIds(store())).toEqual(['a']);
    expect(await claimIds(store())).toEqual([]);
    await finish('a');
    expect(await claimIds(store())).toEqual(['b']);
  });

  test('children and the run that goes on for another take places of their own', async () => {
    await register(store());
    await limit({ concurrency: 1 });
    const parent = await startAndClaim(store(), 'parent');
    const child = newRun('child', { parent: { key: parent, id: 'parent', op: 'child' } });
    const refusal = { type: 'resume' } as const;
    await commit(store(), parent, 0, { starts: [{ run: child, refusal }] });
    expect(await claimIds(store())).toEqual([]);
    await commit(store(), parent, 1, {
      starts: [{ run: newRun('next'), refusal }],
      change: end('continued', { continuedBy: 'next' }),
    });
    expect(await claimIds(store())).toEqual(['child']);
    await finish('child');
    expect(await claimIds(store())).toEqual(['next']);
  });

  test('a limit that is lowered takes nothing away from who is active', async () => {
    await register(store());
    await put('a', 'b', 'c');
    expect(await claimIds(store(), { limit: 2 })).toEqual(['a', 'b']);
    await limit({ concurrency: 1 });
    expect(await claimIds(store())).toEqual([]);
    await finish('a');
    expect(await claimIds(store())).toEqual([]);
    await deliver(store(), (await get(store(), 'b')).key, EVENT);
    await finish('b');
    expect(await claimIds(store())).toEqual(['c']);
  });

  test('what stood in line when the settings were lifted is claimed by time', async () => {
    await register(store());
    await limit({ concurrency: 1, perKey: 1 });
    const keyed = (id: string, readyAt: number) =>
      newRun(id, { readyAt, concurrencyKey: 'k', concurrencyLimit: null });
    await store().start([keyed('a', 1000), keyed('b', 1001), newRun('c', { readyAt: 1002 })]);
    expect(await claimIds(store())).toEqual(['a']);
    await limit({});
    expect(await claimIds(store())).toEqual(['c']);
    await finish('a');
    expect(await claimIds(store())).toEqual(['b']);
  });
}
