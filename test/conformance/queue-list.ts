import { expect, test } from 'vitest';
import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import { claimIds, commit, end, get, newRun, register, release, start } from './fixtures.ts';

export function testQueueList(store: () => Store): void {
  test('lists the queues that have settings or runs, by name, with what holds them', async () => {
    await register(store());
    const change = { namespace: 'default', queue: 'mail', now: 1000 };
    const limits = { concurrency: 1, rate: { limit: 1, period: 500 }, perKey: 3, startDeadline: 60_000 };
    await store().setQueue({ ...change, limits });
    await store().setQueue({ ...change, paused: { at: 1234, reason: 'no paper' } });
    await store().setQueue({ namespace: 'another', queue: 'unseen', limits: { perKey: 2 }, now: 1000 });
    await store().start([newRun('a', { readyAt: 1500 }), newRun('b'), newRun('c'), newRun('d')]);
    await start(store(), 'e', { queue: 'slow', createdAt: 900 });
    expect(await claimIds(store(), { limit: 3, queues: ['default'] })).toEqual(['b', 'c', 'd']);
    await commit(store(), (await get(store(), 'b')).key, 0, { change: end('failed') });
    await commit(store(), (await get(store(), 'c')).key, 0, { change: release() });
    expect(await store().queues('default')).toEqual([
      {
        namespace: 'default',
        name: 'default',
        limits: {},
        paused: null,
        counts: { queued: 1, running: 1, waiting: 1, failed: 1 },
        queuedSince: 1000,
        holds: [],
      },
      {
        namespace: 'default',
        name: 'mail',
        limits,
        paused: { at: 1234, reason: 'no paper' },
        counts: {},
        queuedSince: null,
        holds: [{ kind: 'queue paused', detail: 'the queue "mail" was paused: no paper' }],
      },
      {
        namespace: 'default',
        name: 'slow',
        limits: {},
        paused: null,
        counts: { queued: 1 },
        queuedSince: 900,
        holds: [],
      },
    ]);
  });

  test('says that a queue is full or has used up its rate', async () => {
    await register(store());
    const limits = { concurrency: 1, rate: { limit: 1, period: 500 } };
    await store().setQueue({ namespace: 'default', queue: 'default', limits, now: 1000 });
    await start(store(), 'a');
    expect(await store().queues('default')).toMatchObject([{ holds: [] }]);
    await claimIds(store());
    expect(await store().queues('default')).toMatchObject([
      { holds: [{ kind: 'queue limit' }, { kind: 'rate', until: 2500 }] },
    ]);
  });

  test('a queue without settings is gone with its last run', async () => {
    await register(store());
    const key = await start(store(), 'a');
    await claimIds(store());
    await commit(store(), key, 0, { change: end() });
    await store().setQueue({ namespace: 'default', queue: 'mail', limits: { perKey: 2 }, now: 1000 });
    await store().setQueue({ namespace: 'default', queue: 'mail', limits: {}, now: 1000 });
    expect((await store().queues('default')).map(({ name }) => name)).toEqual(['default']);
    await store().purge('default', 'a');
    expect(await store().queues('default')).toEqual([]);
  });

  test('what a change does not mention stays', async () => {
    const change = { namespace: 'default', queue: 'mail', now: 1000 };
    await store().setQueue({ ...change, limits: { perKey: 2 } });
    await store().setQueue({ ...change, paused: { at: 1 } });
    await store().setQueue({ ...change, limits: { concurrency: 3 } });
    expect(await store().queues('default')).toMatchObject([
      { limits: { concurrency: 3 }, paused: { at: 1 } },
    ]);
    await store().setQueue({ ...change, limits: {} });
    expect(await store().queues('default')).toMatchObject([{ limits: {}, paused: { at: 1 } }]);
    await store().setQueue({ ...change, paused: null });
    expect(await store().queues('default')).toEqual([]);
  });
}
