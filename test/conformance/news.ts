import { expect, test } from 'vitest';
import type { News, Store } from '../../packages/stepwell/src/store/contract.ts';
import {
  commit,
  deliver,
  end,
  FAILURE,
  newRun,
  register,
  release,
  start,
  startAndClaim,
  EVENT,
  claimIds,
} from './fixtures.ts';

// News may be lost, doubled or late; what is tested is that they come at all, where a store has no reason to lose them.
export function testNews(store: () => Store): void {
  function listen(): News[] {
    const heard: News[] = [];
    store().subscribe((news) => heard.push(news));
    return heard;
  }

  test('a run was started: when it is ready', async () => {
    const heard = listen();
    await start(store(), 'a', { readyAt: 1700 });
    await expect.poll(() => heard).toContainEqual({ type: 'ready', at: 1700 });
  });

  test('a child was started', async () => {
    const key = await startAndClaim(store(), 'a');
    const heard = listen();
    await commit(store(), key, 0, { starts: [{ run: newRun('child', { readyAt: 1700 }), refusal: EVENT }] });
    await expect.poll(() => heard).toContainEqual({ type: 'ready', at: 1700 });
  });

  test('a fact arrived for a run that is owned', async () => {
    const key = await startAndClaim(store(), 'a');
    const heard = listen();
    await deliver(store(), key);
    await expect.poll(() => heard).toContainEqual({ type: 'fact', run: key });
  });

  test('a child’s start was refused to its parent', async () => {
    const key = await startAndClaim(store(), 'a');
    const heard = listen();
    await commit(store(), key, 0, { starts: [{ run: newRun('a'), refusal: EVENT }] });
    await expect.poll(() => heard).toContainEqual({ type: 'fact', run: key });
  });

  test('a fact arrived for a run that waits', async () => {
    const key = await startAndClaim(store(), 'a');
    await commit(store(), key, 0, { change: release() });
    const heard = listen();
    await deliver(store(), key);
    await expect.poll(() => heard).toContainEqual({ type: 'ready', at: 4000 });
  });

  test('a journal grew, and ended', async () => {
    const key = await startAndClaim(store(), 'a');
    const heard = listen();
    await commit(store(), key, 0);
    await expect.poll(() => heard).toContainEqual({ type: 'journal', run: key, ended: false });
    await commit(store(), key, 1, { change: end() });
    const how = { status: 'succeeded' };
    await expect
      .poll(() => heard)
      .toContainEqual(expect.objectContaining({ run: key, ended: true, end: expect.objectContaining(how) }));
  });

  test('nothing is heard of a commit that was refused', async () => {
    const key = await startAndClaim(store(), 'a');
    await commit(store(), key, 0);
    const heard = listen();
    expect(await commit(store(), key, 0, { change: end() })).toBe('refused');
    await commit(store(), key, 1);
    await expect.poll(() => heard).toContainEqual({ type: 'journal', run: key, ended: false });
    expect(heard).not.toContainEqual(expect.objectContaining({ run: key, ended: true }));
  });

  test('a run was given up until a time', async () => {
    const key = await startAndClaim(store(), 'a');
    const heard = listen();
    await commit(store(), key, 0, { change: release({ readyAt: 5000 }) });
    await expect.poll(() => heard).toContainEqual({ type: 'ready', at: 5000 });
  });

  test('a run was given up, and a fact had come meanwhile', async () => {
    const key = await startAndClaim(store(), 'a');
    await deliver(store(), key);
    const heard = listen();
    await commit(store(), key, 0, { change: release() });
    await expect.poll(() => heard).toContainEqual({ type: 'ready', at: 3000 });
  });

  test('the next of a concurrency key can go', async () => {
    await register(store());
    const key = await start(store(), 'a', { concurrencyKey: 'k' });
    await start(store(), 'b', { concurrencyKey: 'k' });
    await claimIds(store());
    const heard = listen();
    await commit(store(), key, 0, { change: end() });
    await expect.poll(() => heard).toContainEqual({ type: 'ready', at: 3000 });
  });

  test('a worker left', async () => {
    await startAndClaim(store(), 'a');
    const heard = listen();
    await store().retire('w1', 2500);
    await expect.poll(() => heard).toContainEqual({ type: 'ready', at: 2500 });
  });

  test('a lease ran out', async () => {
    await startAndClaim(store(), 'a');
    const heard = listen();
    await store().expire(10_000);
    await expect.poll(() => heard).toContainEqual({ type: 'ready', at: 10_000 });
  });

  test('a worker came for runs that were stuck', async () => {
    await register(store());
    await start(store(), 'a', { version: '2' });
    await store().strand(2000, FAILURE);
    const heard = listen();
    await register(store(), { id: 'new', kinds: ['order@2'], heartbeatAt: 2600 });
    await expect.poll(() => heard).toContainEqual({ type: 'ready', at: 2600 });
  });

  test('every listener hears them, until it ends its subscription', async () => {
    const heard = listen();
    const ended: News[] = [];
    const unsubscribe = store().subscribe((news) => ended.push(news));
    await start(store(), 'a', { readyAt: 1100 });
    await expect.poll(() => ended).toContainEqual({ type: 'ready', at: 1100 });
    unsubscribe();
    await start(store(), 'b', { readyAt: 1200 });
    await expect.poll(() => heard).toContainEqual({ type: 'ready', at: 1200 });
    expect(ended).not.toContainEqual({ type: 'ready', at: 1200 });
  });

  test('a queue was changed: its runs may be ready', async () => {
    const heard = listen();
    await store().setQueue({ namespace: 'default', queue: 'default', limits: { perKey: 2 }, now: 1700 });
    await expect.poll(() => heard).toContainEqual({ type: 'ready', at: 1700 });
  });

  test('a run of a queue with places waits, or ends: another may have its place', async () => {
    await store().setQueue({ namespace: 'default', queue: 'default', limits: { concurrency: 1 }, now: 500 });
    const key = await startAndClaim(store(), 'a');
    await start(store(), 'b');
    const heard = listen();
    await commit(store(), key, 0, { change: release() });
    await expect.poll(() => heard).toContainEqual({ type: 'ready', at: 3000 });
    expect(await claimIds(store())).toEqual(['b']);
    const { key: second } = (await store().get('default', 'b'))!;
    await commit(store(), second, 0, { at: 3500, change: end() });
    await expect.poll(() => heard).toContainEqual({ type: 'ready', at: 3500 });
  });
}
