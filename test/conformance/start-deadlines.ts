import { expect, test } from 'vitest';
import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import {
  claim,
  claimIds,
  commit,
  deliver,
  end,
  FAILURE,
  get,
  newRun,
  register,
  REOPEN,
  start,
  startAndClaim,
} from './fixtures.ts';

export function testStartDeadlines(store: () => Store): void {
  const set = (startDeadline: number | undefined) =>
    store().setQueue({
      namespace: 'default',
      queue: 'default',
      limits: startDeadline === undefined ? {} : { startDeadline },
      now: 1000,
    });
  const pause = () =>
    store().setQueue({ namespace: 'default', queue: 'default', paused: { at: 1500 }, now: 1500 });

  test('a run that has not begun in time is given to anybody, to be ended, and has not begun', async () => {
    await register(store());
    await pause();
    await start(store(), 'a', { beginBy: 3000 });
    expect(await claim(store(), { kinds: [], queues: ['other'] })).toEqual({ runs: [], nextReadyAt: 3000 });
    const { runs } = await claim(store(), { kinds: [], queues: ['other'], now: 3000 });
    expect(runs).toMatchObject([{ run: { id: 'a', status: 'running', owner: 'w1', startedAt: null } }]);
    expect(await claimIds(store(), { now: 3000 })).toEqual([]);
  });

  test('one whose worker dies before it has ended it is given again', async () => {
    await register(store());
    await start(store(), 'a', { beginBy: 1500 });
    expect(await claimIds(store())).toEqual(['a']);
    await store().expire(10_000);
    await register(store(), { id: 'w2' });
    const { runs } = await claim(store(), { worker: 'w2', kinds: [], now: 10_000 });
    expect(runs).toMatchObject([{ run: { id: 'a', startedAt: null } }]);
  });

  test('a run that has begun has met its deadline', async () => {
    const key = await startAndClaim(store(), 'a', { beginBy: 2001 });
    expect((await get(store(), 'a')).startedAt).toBe(2000);
    await commit(store(), key, 0, {
      change: { release: { status: 'waiting', readyAt: null, waitingFor: [], seen: 0, parkedBy: null } },
    });
    expect(await claim(store(), { kinds: [], now: 9000 })).toEqual({ runs: [], nextReadyAt: null });
  });

  test('neither a missing slot nor a missing worker keeps it back', async () => {
    await register(store());
    await store().start([
      newRun('first', { concurrencyKey: 'k' }),
      newRun('second', { concurrencyKey: 'k', beginBy: 5000 }),
      newRun('nobody’s', { workflow: 'mail', beginBy: 5001 }),
    ]);
    expect(await claimIds(store())).toEqual(['first']);
    expect(await store().strand(2000, FAILURE)).toBe(1);
    expect((await claim(store())).nextReadyAt).toBe(5000);
    expect(await claimIds(store(), { now: 6000 })).toEqual(['second', 'nobody’s']);
  });

  test('the start deadline of a queue is that of runs which bring none', async () => {
    await set(500);
    await store().start([
      newRun('by queue', { readyAt: 1200 }),
      newRun('own', { beginBy: 9000 }),
      newRun('none', { beginBy: null }),
      newRun('other', { queue: 'other' }),
    ]);
    const beginBy = await Promise.all(
      ['by queue', 'own', 'none', 'other'].map(async (id) => (await get(store(), id)).beginBy),
    );
    expect(beginBy).toEqual([1700, 9000, null, null]);
    await set(undefined);
    expect((await get(store(), 'by queue')).beginBy).toBe(1700);
  });

  test('a child has that of its queue too', async () => {
    await set(500);
    const parent = await startAndClaim(store(), 'parent', { beginBy: null });
    const run = newRun('child', { readyAt: 3000, parent: { key: parent, id: 'parent', op: 'child' } });
    await commit(store(), parent, 0, { starts: [{ run, refusal: { type: 'resume' } }] });
    expect((await get(store(), 'child')).beginBy).toBe(3500);
  });

  test('one that is reopened has all the time there is', async () => {
    await register(store());
    const key = await start(store(), 'a', { beginBy: 1500 });
    await claimIds(store());
    await commit(store(), key, 0, { change: end('timed_out') });
    await deliver(store(), key, REOPEN);
    expect(await get(store(), 'a')).toMatchObject({ status: 'queued', beginBy: null, startedAt: null });
    const { runs } = await claim(store(), { now: 4000 });
    expect(runs).toMatchObject([{ run: { id: 'a', startedAt: 4000 } }]);
  });
}
