import { expect, test } from 'vitest';
import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import {
  CANCEL,
  claim,
  claimIds,
  claimOnly,
  commit,
  deliver,
  end,
  FAILURE,
  FORCED_CANCEL,
  get,
  register,
  release,
  start,
  startAndClaim,
} from './fixtures.ts';

export function testForcedCancel(store: () => Store): void {
  const foreign = { worker: 'foreign', kinds: ['mail@1'], queues: ['mail'], now: 4000 };

  test('any worker is given the run, whatever its kind and queue', async () => {
    await register(store(), { id: 'foreign', kinds: ['mail@1'], queues: ['mail'] });
    const key = await start(store(), 'a');
    expect(await claimIds(store(), foreign)).toEqual([]);
    await deliver(store(), key, FORCED_CANCEL, 4000);
    const claimed = await claimOnly(store(), key, foreign);
    expect(claimed.facts).toEqual([{ number: 1, fact: FORCED_CANCEL }]);
    await commit(store(), key, 0, { taken: 1, change: end('cancelled') });
    expect((await get(store(), 'a')).status).toBe('cancelled');
  });

  test('a cancel without force is not enough', async () => {
    await register(store(), { id: 'foreign' });
    await deliver(store(), await start(store(), 'a'), CANCEL, 4000);
    expect(await claimIds(store(), foreign)).toEqual([]);
  });

  test('it reaches a stuck run', async () => {
    const key = await startAndClaim(store(), 'a');
    await register(store(), { id: 'foreign', kinds: ['mail@1'] });
    await commit(store(), key, 0, { change: release({ status: 'stuck', error: FAILURE }) });
    await deliver(store(), key, FORCED_CANCEL, 4000);
    expect(await claimIds(store(), foreign)).toEqual(['a']);
  });

  test('it needs no slot of a concurrency key', async () => {
    await register(store());
    await start(store(), 'a', { concurrencyKey: 'k' });
    const key = await start(store(), 'b', { concurrencyKey: 'k' });
    expect(await claimIds(store())).toEqual(['a']);
    await deliver(store(), key, FORCED_CANCEL, 4000);
    expect(await claimIds(store(), { now: 4000 })).toEqual(['b']);
  });

  test('it goes in its place: not before its time, not before what is more urgent', async () => {
    await register(store());
    await start(store(), 'urgent', { priority: 5 });
    await start(store(), 'older', { readyAt: 1500 });
    const key = await start(store(), 'foreign', { workflow: 'mail', readyAt: 9000 });
    await start(store(), 'younger', { readyAt: 4500 });
    await deliver(store(), key, FORCED_CANCEL, 4000);
    expect(await claim(store(), { now: 3999, limit: 0 })).toEqual({ runs: [], nextReadyAt: 4000 });
    expect(await claimIds(store(), { now: 5000 })).toEqual(['urgent', 'older', 'foreign', 'younger']);
  });

  test('it holds until it is taken into the journal', async () => {
    await register(store(), { id: 'foreign' });
    await register(store(), { id: 'second', kinds: [] });
    const key = await start(store(), 'a');
    await deliver(store(), key, { type: 'event', name: 'e' });
    await deliver(store(), key, FORCED_CANCEL, 4000);
    await claimOnly(store(), key, foreign);
    await commit(store(), key, 0, { taken: 1 });
    await store().retire('foreign', 5000);
    const claimed = await claimOnly(store(), key, { worker: 'second', kinds: [], now: 5000 });
    expect(claimed.facts).toHaveLength(1);
    await commit(store(), key, 1, { taken: 2 });
    await store().retire('second', 6000);
    await register(store(), { id: 'second', kinds: [] });
    expect(await claimIds(store(), { worker: 'second', kinds: [], now: 6000 })).toEqual([]);
  });

  test('a run that is being ended by force is not stranded', async () => {
    await register(store(), { kinds: [] });
    const key = await start(store(), 'a');
    await deliver(store(), key, FORCED_CANCEL);
    expect(await store().strand(5000, FAILURE)).toBe(0);
    expect((await get(store(), 'a')).status).toBe('queued');
  });
}
