import { expect, test } from 'vitest';
import type { NewRun } from '../../packages/stepwell/src/model/run.ts';
import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import { CANCEL, claimIds, commit, deliver, end, FAILURE, get, newRun, register } from './fixtures.ts';

export function testDebouncing(store: () => Store): void {
  /** A start at that time which puts the run off by 1,000 ms. */
  const burst = (id: string, at: number, given: Partial<NewRun> = {}, maxWait: number | null = null) =>
    newRun(id, { createdAt: at, readyAt: at + 1000, input: id, debounce: { key: 'd', maxWait }, ...given });

  test('a further start puts the run off, and its input takes the place of the first', async () => {
    const [first] = await store().start([burst('a', 1000)]);
    expect(first).toMatchObject({ created: true, owned: false });
    const [second] = await store().start([
      burst('b', 1400, {
        version: '2',
        queue: 'slow',
        priority: 3,
        timeout: 5,
        hardTimeout: 6,
        concurrencyKey: 'k',
        concurrencyLimit: 2,
      }),
    ]);
    expect(second).toMatchObject({ created: false, moved: true });
    expect(await store().get('default', 'b')).toBeNull();
    const moved = await get(store(), 'a');
    expect(second).toMatchObject({ existing: moved });
    expect(moved).toMatchObject({
      id: 'a',
      createdAt: 1000,
      readyAt: 2400,
      input: 'b',
      version: '2',
      queue: 'slow',
      priority: 3,
      timeout: 5,
      hardTimeout: 6,
      concurrencyKey: 'k',
      concurrencyLimit: 2,
    });
    await register(store(), { kinds: ['order@2'] });
    expect(await claimIds(store(), { kinds: ['order@2'], now: 2399 })).toEqual([]);
    expect(await claimIds(store(), { kinds: ['order@2'], now: 2400 })).toEqual(['a']);
  });

  test('in one call too', async () => {
    const answers = await store().start([
      burst('a', 1000),
      burst('b', 1000),
      burst('a', 1000, { input: 'last' }),
    ]);
    expect(answers).toMatchObject([{ created: true }, { moved: true }, { moved: true }]);
    expect((await get(store(), 'a')).input).toBe('last');
  });

  test('but not for longer than it may wait, and not into the past', async () => {
    await store().start([burst('a', 1000, { beginBy: 2500 }, 1800)]);
    await store().start([burst('b', 1900, { beginBy: 3400 }, 1800)]);
    expect(await get(store(), 'a')).toMatchObject({ readyAt: 2800, beginBy: 3300 });
    await store().start([burst('c', 5000, {}, 1800)]);
    expect((await get(store(), 'a')).readyAt).toBe(5000);
    await store().start([burst('d', 5100)]);
    expect((await get(store(), 'a')).readyAt).toBe(6100);
  });

  test('one that has begun is not moved: the next burst is another run', async () => {
    await register(store());
    await store().start([burst('a', 1000)]);
    expect(await claimIds(store(), { now: 2000 })).toEqual(['a']);
    expect(await store().start([burst('b', 2100)])).toMatchObject([{ created: true }]);
    expect(await store().start([burst('c', 2200)])).toMatchObject([{ moved: true, existing: { id: 'b' } }]);
  });

  test('one that was cancelled or has ended is not moved', async () => {
    await register(store());
    await store().start([burst('a', 1000)]);
    await deliver(store(), { namespace: 'default', id: 'a' }, CANCEL, 1100);
    expect(await store().start([burst('b', 1200, { beginBy: 1300 })])).toMatchObject([{ created: true }]);
    expect(await claimIds(store(), { now: 1300 })).toEqual(['a', 'b']);
    await commit(store(), (await get(store(), 'b')).key, 0, { change: end('timed_out') });
    expect(await store().start([burst('c', 1400)])).toMatchObject([{ created: true }]);
  });

  test('keys are of one workflow in one namespace', async () => {
    const answers = await store().start([
      burst('a', 1000),
      burst('b', 1000, { workflow: 'mail' }),
      burst('c', 1000, { namespace: 'another' }),
      burst('d', 1000, { debounce: { key: 'e', maxWait: null } }),
    ]);
    expect(answers.map(({ created }) => created)).toEqual([true, true, true, true]);
  });

  test('an id that is taken is that of the run that is there', async () => {
    await store().start([newRun('a', { input: 1 })]);
    expect(await store().start([burst('a', 1000)])).toMatchObject([
      { created: false, existing: { id: 'a', input: 1, readyAt: 1000 } },
    ]);
    expect(await store().start([burst('b', 1000)])).toMatchObject([{ created: true }]);
  });

  test('one that waits for a slot, a turn or a worker is put off as well', async () => {
    await register(store());
    await store().setQueue({ namespace: 'default', queue: 'default', limits: { concurrency: 9 }, now: 500 });
    await store().start([newRun('holder', { concurrencyKey: 'k' })]);
    await store().start([burst('a', 1000, { concurrencyKey: 'k' })]);
    expect(await claimIds(store(), { now: 2000 })).toEqual(['holder']);
    await store().start([burst('b', 2000)]);
    expect(await claimIds(store(), { now: 2999 })).toEqual([]);
    await store().retire('w1', 2999);
    expect(await store().strand(3000, FAILURE)).toBe(2);
    await store().start([burst('c', 3500)]);
    expect(await get(store(), 'a')).toMatchObject({
      status: 'queued',
      readyAt: 4500,
      error: undefined,
      waitingFor: [],
    });
  });
}
