import { expect, test } from 'vitest';
import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import { commit, deliver, end, FAILURE, REOPEN, start, startAndClaim, step } from './fixtures.ts';

export function testPurging(store: () => Store): void {
  test('a run that has ended goes, with its journal', async () => {
    const key = await startAndClaim(store(), 'a');
    await commit(store(), key, 0, { change: end('failed', { error: FAILURE }) });
    expect(await store().purge('default', 'a')).toBe(true);
    expect(await store().get('default', 'a')).toBeNull();
    expect(await store().journal(key, 0, 10)).toEqual([]);
    expect(await store().count({ namespace: 'default' })).toEqual({});
    expect(await store().purge('default', 'a')).toBe(false);
  });

  test('a run that has not ended stays', async () => {
    const key = await startAndClaim(store(), 'a');
    expect(await store().purge('default', 'a')).toBe(false);
    await commit(store(), key, 0, { change: end('failed') });
    await deliver(store(), key, REOPEN);
    expect(await store().purge('default', 'a')).toBe(false);
    expect(await store().purge('default', 'nobody')).toBe(false);
  });

  test('a zombie can write nothing for a run that was purged', async () => {
    const key = await startAndClaim(store(), 'a');
    await commit(store(), key, 0, { change: end() });
    await store().purge('default', 'a');
    expect(await commit(store(), key, 0)).toBe('refused');
    expect(await commit(store(), key, 1, { open: [{ callback: 'cb', op: 'ask' }] })).toBe('refused');
    const alive = await startAndClaim(store(), 'b');
    const ends = [key, alive].map((run) => step(run, 0, { change: end() }));
    expect(await store().commit(ends)).toEqual(['refused', 'stored']);
    expect(await commit(store(), key, 0, { change: end() })).toBe('refused');
    expect(await store().journal(key, 0, 10)).toEqual([]);
    expect(await deliver(store(), key)).toEqual({ delivered: false, because: 'unknown' });
  });

  test('an id that was purged can be used again, under a new key', async () => {
    const key = await startAndClaim(store(), 'a');
    await commit(store(), key, 0, { change: end() });
    await store().purge('default', 'a');
    const again = await start(store(), 'a');
    expect(again).toBeGreaterThan(key);
    expect(await commit(store(), key, 0)).toBe('refused');
    expect(await store().journal(again, 0, 10)).toEqual([]);
  });

  test('children of a purged run stay', async () => {
    const key = await startAndClaim(store(), 'parent');
    await start(store(), 'child', { parent: { key, id: 'parent', op: null } });
    await commit(store(), key, 0, { change: end() });
    await store().purge('default', 'parent');
    expect(await store().get('default', 'child')).toMatchObject({ parent: { key, id: 'parent', op: null } });
  });
}
