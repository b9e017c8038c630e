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
  get,
  newRun,
  register,
  release,
  start,
} from './fixtures.ts';

export function testClaiming(store: () => Store): void {
  test('gives a run with its journal and its facts', async () => {
    await register(store());
    const key = await start(store(), 'a', { input: { n: 1 } });
    await deliver(store(), key, EVENT, 1500);
    const first = await claimOnly(store(), key);
    expect(first.run).toMatchObject({
      status: 'running',
      owner: 'w1',
      startedAt: 2000,
      readyAt: null,
      input: { n: 1 },
    });
    expect(first.journal).toEqual([]);
    expect(first.facts).toEqual([{ number: 1, fact: EVENT }]);
    await commit(store(), key, 0, { taken: 1 });
    await commit(store(), key, 1, { change: release({ readyAt: 5000, seen: 1 }) });
    const second = await claimOnly(store(), key, { now: 6000 });
    expect(second.journal).toEqual(await store().journal(key, 0, 10));
    expect(second.facts).toEqual([]);
    expect(second.run.startedAt).toBe(2000);
    expect(await get(store(), 'a')).toEqual(second.run);
  });

  test('gives a run to one worker only', async () => {
    await register(store(), { id: 'w1' });
    await register(store(), { id: 'w2' });
    await store().start(Array.from({ length: 30 }, (_, n) => newRun(`run ${n}`)));
    const claims = await Promise.all(
      ['w1', 'w2', 'w1', 'w2'].map((worker) => claimIds(store(), { worker, limit: 10 })),
    );
    const ids = claims.flat();
    expect(new Set(ids).size).toBe(ids.length);
    expect([...ids, ...(await claimIds(store()))]).toHaveLength(30);
  });

  test('the most urgent first: priority, then time, then age', async () => {
    await register(store());
    const runs = [
      newRun('late', { readyAt: 1900 }),
      newRun('older', { readyAt: 1500 }),
      newRun('younger', { readyAt: 1500 }),
      newRun('first', { priority: 9, readyAt: 1999 }),
      newRun('second', { priority: 5, readyAt: 1000 }),
      newRun('early', { readyAt: 1 }),
    ];
    await store().start(runs);
    expect(await claimIds(store(), { limit: 3 })).toEqual(['first', 'second', 'early']);
    expect(await claimIds(store(), { limit: 3 })).toEqual(['older', 'younger', 'late']);
  });

  test('the order holds across workflows and queues', async () => {
    await register(store(), { kinds: ['order@1', 'mail@1'] });
    await store().start([
      newRun('a', { readyAt: 1004, queue: 'slow' }),
      newRun('b', { readyAt: 1003, workflow: 'mail' }),
      newRun('c', { readyAt: 1002 }),
      newRun('d', { readyAt: 1001, workflow: 'mail', queue: 'slow' }),
      newRun('e', { readyAt: 1999, workflow: 'mail', priority: 1 }),
    ]);
    const kinds = ['order@1', 'mail@1'];
    expect(await claimIds(store(), { kinds, limit: 2 })).toEqual(['e', 'd']);
    expect(await claimIds(store(), { kinds })).toEqual(['c', 'b', 'a']);
  });

  test('gives no run before its time, and says when the next is due', async () => {
    await register(store());
    await start(store(), 'later', { readyAt: 7000 });
    await start(store(), 'soon', { readyAt: 3000, priority: 3 });
    await start(store(), 'not mine', { readyAt: 2500, version: '2' });
    expect(await claim(store(), { now: 2999 })).toEqual({ runs: [], nextReadyAt: 3000 });
    const { runs, nextReadyAt } = await claim(store(), { now: 3000 });
    expect(runs.map(({ run }) => run.id)).toEqual(['soon']);
    expect(nextReadyAt).toBe(7000);
    await claim(store(), { now: 7000 });
    expect((await claim(store(), { now: 7000 })).nextReadyAt).toBeNull();
  });

  test('a cancel that comes from a clock ahead makes a run that has not begun due by that clock', async () => {
    await register(store());
    await start(store(), 'later', { readyAt: 7000 });
    await deliver(store(), { namespace: 'default', id: 'later' }, CANCEL, 4000);
    expect(await claim(store(), { now: 3000 })).toEqual({ runs: [], nextReadyAt: 4000 });
    expect(await claimIds(store(), { now: 4000 })).toEqual(['later']);
  });

  test('gives at most the limit', async () => {
    await register(store());
    await store().start([newRun('a'), newRun('b'), newRun('c')]);
    expect(await claimIds(store(), { limit: 0 })).toEqual([]);
    expect(await claimIds(store(), { limit: 2 })).toEqual(['a', 'b']);
    expect(await claimIds(store(), { limit: 2 })).toEqual(['c']);
  });

  test('gives only runs of the kinds that the worker has, in their version', async () => {
    await register(store());
    await store().start([
      newRun('mine'),
      newRun('other version', { version: '2' }),
      newRun('other workflow', { workflow: 'mail' }),
    ]);
    expect(await claimIds(store(), { kinds: ['order@1'] })).toEqual(['mine']);
    expect(await claimIds(store(), { kinds: [] })).toEqual([]);
    expect(await claimIds(store(), { kinds: ['order@2', 'mail@1'] })).toEqual([
      'other version',
      'other workflow',
    ]);
  });

  test('gives only runs of the queues that the worker serves', async () => {
    await register(store());
    await store().start([newRun('a', { queue: 'fast' }), newRun('b', { queue: 'slow' }), newRun('c')]);
    expect(await claimIds(store(), { queues: [] })).toEqual([]);
    expect(await claimIds(store(), { queues: ['fast', 'unheard of'] })).toEqual(['a']);
    expect(await claimIds(store(), { queues: null })).toEqual(['b', 'c']);
  });

  test('gives runs of all namespaces', async () => {
    await register(store());
    await start(store(), 'a', { namespace: 'one' });
    await start(store(), 'a', { namespace: 'two' });
    expect((await claim(store())).runs.map(({ run }) => run.namespace)).toEqual(['one', 'two']);
  });

  test('gives nothing to a worker that is not registered', async () => {
    await start(store(), 'a');
    expect(await claim(store())).toEqual({ runs: [], nextReadyAt: null });
  });

  test('finds its way among very many kinds', async () => {
    const versions = Array.from({ length: 250 }, (_, n) => String(n));
    const kinds = versions.map((version) => `order@${version}`);
    await register(store(), { kinds });
    await store().start(
      versions.map((version) => newRun(`run ${version}`, { version, readyAt: 1500 - Number(version) })),
    );
    expect(await claimIds(store(), { kinds, limit: 3 })).toEqual(['run 249', 'run 248', 'run 247']);
    expect(await claimIds(store(), { kinds: kinds.slice(0, 200), limit: 1 })).toEqual(['run 199']);
    expect((await claim(store(), { kinds, now: 1, limit: 1 })).nextReadyAt).toBe(1254);
  });
}
