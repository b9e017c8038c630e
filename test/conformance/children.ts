import { expect, test } from 'vitest';
import type { Fact } from '../../packages/stepwell/src/model/fact.ts';
import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import { claimIds, commit, end, FAILURE, get, newRun, release, startAndClaim } from './fixtures.ts';

const REFUSAL: Fact = {
  type: 'child',
  op: 'run child',
  child: 'child',
  outcome: { ok: false, error: FAILURE },
};

export function testChildren(store: () => Store): void {
  test('starts children with the commit', async () => {
    const key = await startAndClaim(store(), 'parent');
    const parent = { key, id: 'parent', op: 'run child' };
    await commit(store(), key, 0, {
      starts: [
        { run: newRun('child 1', { parent, input: 1 }), refusal: REFUSAL },
        { run: newRun('child 2', { parent, input: 2 }), refusal: REFUSAL },
      ],
    });
    expect(await get(store(), 'child 1')).toMatchObject({ status: 'queued', parent, input: 1 });
    expect(await claimIds(store())).toEqual(['child 1', 'child 2']);
    expect(await store().facts(key, 0)).toEqual([]);
  });

  test('a child whose id exists is refused to its parent, and nothing is started', async () => {
    const child = await startAndClaim(store(), 'child', { input: 'first' });
    const key = await startAndClaim(store(), 'parent');
    const answer = await commit(store(), key, 0, {
      starts: [{ run: newRun('child', { input: 'second' }), refusal: REFUSAL }],
    });
    expect(answer).toBe('stored');
    expect(await store().facts(key, 0)).toEqual([{ number: 1, fact: REFUSAL }]);
    expect((await get(store(), 'parent')).delivered).toBe(1);
    expect(await get(store(), 'child')).toMatchObject({ key: child, input: 'first' });
  });

  test('a refusal wakes a parent that gives itself up in the same commit', async () => {
    await startAndClaim(store(), 'child');
    const key = await startAndClaim(store(), 'parent');
    await commit(store(), key, 0, {
      starts: [{ run: newRun('child'), refusal: REFUSAL }],
      change: release(),
    });
    expect((await get(store(), 'parent')).readyAt).toBe(3000);
    expect(await claimIds(store(), { now: 3000 })).toEqual(['parent']);
  });

  test('two children of one id in a commit: the second is refused', async () => {
    const key = await startAndClaim(store(), 'parent');
    const start = { run: newRun('child'), refusal: REFUSAL };
    await commit(store(), key, 0, { starts: [start, start] });
    expect(await store().facts(key, 0)).toHaveLength(1);
  });

  test('a run may end with the commit that starts the run which goes on for it', async () => {
    const key = await startAndClaim(store(), 'a');
    await commit(store(), key, 0, {
      starts: [{ run: newRun('a-2'), refusal: REFUSAL }],
      change: end('continued', { continuedBy: 'a-2' }),
    });
    expect(await get(store(), 'a')).toMatchObject({ status: 'continued', continuedBy: 'a-2' });
    expect(await get(store(), 'a-2')).toMatchObject({ status: 'queued' });
  });
}
