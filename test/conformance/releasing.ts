import { expect, test } from 'vitest';
import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import {
  CANCEL,
  claim,
  claimIds,
  claimOnly,
  commit,
  deliver,
  EVENT,
  FAILURE,
  get,
  register,
  release,
  startAndClaim,
} from './fixtures.ts';

export function testReleasing(store: () => Store): void {
  test('a run that waits for a time is nobody’s until then', async () => {
    const key = await startAndClaim(store(), 'a');
    const waitingFor = [{ kind: 'sleep', op: 'nap', until: 5000 }] as const;
    await commit(store(), key, 0, { change: release({ readyAt: 5000, waitingFor }) });
    expect(await get(store(), 'a')).toMatchObject({
      status: 'waiting',
      owner: null,
      readyAt: 5000,
      waitingFor,
    });
    expect(await claim(store(), { now: 4999 })).toEqual({ runs: [], nextReadyAt: 5000 });
    expect(await claimIds(store(), { now: 5000 })).toEqual(['a']);
  });

  test('a run that waits for a fact is not ready until one arrives', async () => {
    const key = await startAndClaim(store(), 'a');
    await commit(store(), key, 0, { change: release() });
    expect(await claim(store(), { now: 1e12 })).toEqual({ runs: [], nextReadyAt: null });
    await deliver(store(), key, EVENT, 4000);
    expect(await claimIds(store(), { now: 4000 })).toEqual(['a']);
  });

  test('a fact makes a run ready that waits for a later time', async () => {
    const key = await startAndClaim(store(), 'a');
    await commit(store(), key, 0, { change: release({ readyAt: 9000 }) });
    await deliver(store(), key, EVENT, 4000);
    expect((await get(store(), 'a')).readyAt).toBe(4000);
  });

  test('a fact that its owner has not seen wakes a run that is just being given up', async () => {
    const key = await startAndClaim(store(), 'a');
    await deliver(store(), key);
    await commit(store(), key, 0, { at: 3100, change: release({ readyAt: 9000, seen: 0 }) });
    expect(await get(store(), 'a')).toMatchObject({ status: 'waiting', readyAt: 3100 });
    expect((await claimOnly(store(), key, { now: 3100 })).facts).toEqual([{ number: 1, fact: EVENT }]);
  });

  test('a fact that its owner has seen does not', async () => {
    const key = await startAndClaim(store(), 'a');
    await deliver(store(), key);
    await commit(store(), key, 0, { change: release({ seen: 1 }) });
    expect((await get(store(), 'a')).readyAt).toBeNull();
  });

  test('whichever comes first, a fact or the release, the run wakes', async () => {
    const key = await startAndClaim(store(), 'a');
    await Promise.all([deliver(store(), key), commit(store(), key, 0, { change: release() })]);
    expect((await claim(store(), { now: 5000 })).runs).toHaveLength(1);
    await Promise.all([
      commit(store(), key, 1, { taken: 1, change: release({ seen: 1 }) }),
      deliver(store(), key),
    ]);
    expect((await claim(store(), { now: 5000 })).runs).toHaveLength(1);
  });

  test.each(['paused', 'stuck'] as const)('a %s run is woken by control facts only', async (status) => {
    const key = await startAndClaim(store(), 'a');
    await deliver(store(), key, EVENT);
    await commit(store(), key, 0, { change: release({ status, error: FAILURE }) });
    expect(await get(store(), 'a')).toMatchObject({ status, readyAt: null, error: FAILURE });
    await deliver(store(), key, EVENT);
    expect((await get(store(), 'a')).readyAt).toBeNull();
    await deliver(store(), key, { type: 'resume' }, 4500);
    expect(await get(store(), 'a')).toMatchObject({ status, readyAt: 4500 });
    expect((await claimOnly(store(), key, { now: 4500 })).facts.map(({ fact }) => fact.type)).toEqual([
      'event',
      'event',
      'resume',
    ]);
  });

  test('a control fact that its owner has not seen wakes a run that is just being paused', async () => {
    const key = await startAndClaim(store(), 'a');
    await deliver(store(), key, CANCEL);
    await commit(store(), key, 0, { at: 3100, change: release({ status: 'paused', seen: 0 }) });
    expect(await get(store(), 'a')).toMatchObject({ status: 'paused', readyAt: 3100 });
  });

  test('a later claim clears what held the run', async () => {
    const key = await startAndClaim(store(), 'a');
    const waitingFor = [{ kind: 'stuck', error: FAILURE }] as const;
    await commit(store(), key, 0, { change: release({ status: 'stuck', error: FAILURE, waitingFor }) });
    await deliver(store(), key, { type: 'resume' });
    const { run } = await claimOnly(store(), key, { now: 4000 });
    expect(run).toMatchObject({ status: 'running', owner: 'w1', readyAt: null, waitingFor: [] });
    expect(run.error).toBeUndefined();
    expect(await get(store(), 'a')).toEqual(run);
  });

  test('a run that its worker parked comes back to it without its journal', async () => {
    const key = await startAndClaim(store(), 'a');
    await commit(store(), key, 0, { change: release({ parkedBy: 'w1' }) });
    await deliver(store(), key);
    const claimed = await claimOnly(store(), key, { now: 4000 });
    expect(claimed.journal).toBeNull();
    expect(claimed.facts).toEqual([{ number: 1, fact: EVENT }]);
  });

  test('another worker gets the journal, and so does the first one after it', async () => {
    const key = await startAndClaim(store(), 'a');
    await register(store(), { id: 'w2' });
    await commit(store(), key, 0, { change: release({ parkedBy: 'w1' }) });
    await deliver(store(), key);
    expect((await claimOnly(store(), key, { worker: 'w2', now: 4000 })).journal).toHaveLength(1);
    await commit(store(), key, 1, { taken: 1, change: release({ readyAt: 5000, seen: 1, parkedBy: null }) });
    expect((await claimOnly(store(), key, { worker: 'w1', now: 5000 })).journal).toHaveLength(2);
  });
}
