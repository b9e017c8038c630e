import { afterEach, expect, test } from 'vitest';
import { openMemoryStore } from '../../packages/stepwell/src/store/memory/store.ts';
import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import type { StoredRun } from '../../packages/stepwell/src/store/records.ts';
import {
  CANCEL,
  claim,
  claimIds,
  commit,
  deliver,
  end,
  EVENT,
  FAILURE,
  FORCED_CANCEL,
  get,
  newRun,
  register,
  release,
  REOPEN,
  start,
  startAndClaim,
  step,
} from './fixtures.ts';
import type { OpenStore } from './stores.ts';

/** Runs in every state in which one can be without an owner. */
async function populate(store: Store): Promise<void> {
  await register(store);
  const waiting = await startAndClaim(store, 'waiting', {
    input: { n: 'ü\u2028' },
    priority: 5,
    tags: ['eu', 'vip'],
    traceparent: 'trace',
  });
  await commit(store, waiting, 0, {
    open: [
      { callback: 'cb-2', op: 'objection' },
      { callback: 'cb-1', op: 'approval' },
    ],
    change: {
      progress: { percent: 5 },
      statusText: 'waits',
      ...release({ waitingFor: [{ kind: 'event', op: 'paid' }] }),
    },
  });
  const failed = await startAndClaim(store, 'failed');
  await store.commit([
    step(failed, 0, {
      at: 2_500,
      count: 2,
      events: '[{"type":"status","text":"a"},{"type":"status","text":"b"}]',
    }),
  ]);
  await deliver(store, failed, { ...EVENT, id: 'once' } as typeof EVENT);
  await commit(store, failed, 2, { change: end('failed', { error: FAILURE }) });
  const reopened = await startAndClaim(store, 'reopened');
  await commit(store, reopened, 0, { change: end('failed', { error: FAILURE }) });
  const done = await startAndClaim(store, 'done', { input: null as never });
  await commit(store, done, 0, { change: end('succeeded', { output: { all: 'well' } }) });
  const paused = await startAndClaim(store, 'paused');
  await commit(store, paused, 0, { change: release({ status: 'paused' }) });
  await deliver(store, paused, EVENT);
  const crashed = await startAndClaim(store, 'crashed');
  await store.commit([step(crashed, 0)]);
  const parent = await startAndClaim(store, 'parent', { concurrencyKey: 'k', concurrencyLimit: 1 });
  const child = newRun('child', { parent: { key: parent, id: 'parent', op: 'ask' }, concurrencyKey: 'k' });
  await commit(store, parent, 0, {
    starts: [
      {
        run: child,
        refusal: { type: 'child', op: 'ask', child: 'child', outcome: { ok: false, error: FAILURE } },
      },
    ],
    change: release(),
  });
  await start(store, 'blocked', { concurrencyKey: 'k', concurrencyLimit: 1 });
  await deliver(store, reopened, REOPEN);
  await start(store, 'later', { readyAt: 90_000, timeout: 5, hardTimeout: 6, beginBy: 95_000, version: '2' });
  const cancelled = await start(store, 'cancelled early', { readyAt: 90_000 });
  await deliver(store, cancelled, CANCEL);
  await deliver(store, await start(store, 'forced', { readyAt: 90_000, queue: 'other' }), FORCED_CANCEL);
  await store.start([newRun('debounced', { readyAt: 80_000, debounce: { key: 'd', maxWait: null } })]);
  await start(store, 'elsewhere', { namespace: 'other', workflow: 'mail' });
  for (const worker of await store.workers()) await store.retire(worker.id, 4_500);
}

async function dumpAll(store: Store, page: number): Promise<StoredRun[]> {
  const all: StoredRun[] = [];
  for (;;) {
    const some = await store.dump(all.at(-1)?.run.key ?? 0, page);
    all.push(...some);
    if (some.length < page) return all;
  }
}

export function testTransferring(store: () => Store, open: OpenStore): void {
  const opened: Awaited<ReturnType<OpenStore>>[] = [];
  afterEach(async () => {
    for (const { discard } of opened.splice(0)) await discard();
  });
  const another = async (): Promise<Store> => {
    const one = await open();
    opened.push(one);
    return one.store;
  };

  test('a dump holds everything, in pages of any size', async () => {
    await populate(store());
    const all = await dumpAll(store(), 1_000);
    expect(all).toHaveLength(14);
    expect(await dumpAll(store(), 3)).toEqual(all);
    const byId = new Map(all.map((stored) => [stored.run.id, stored]));
    expect(byId.get('waiting')).toMatchObject({
      run: { input: { n: 'ü\u2028' }, status: 'waiting', progress: { percent: 5 }, statusText: 'waits' },
      callbacks: [
        { callback: 'cb-1', op: 'approval' },
        { callback: 'cb-2', op: 'objection' },
      ],
    });
    expect(byId.get('parent')).toMatchObject({ slot: 'own' });
    expect(byId.get('child')).toMatchObject({ slot: 'shared', run: { parent: { id: 'parent', op: 'ask' } } });
    expect(byId.get('blocked')).toMatchObject({ slot: null, run: { status: 'queued', readyAt: 1_000 } });
    expect(byId.get('failed')!.journal).toEqual([
      { position: 0, at: 2_500, count: 2, events: expect.stringContaining('"b"') },
      { position: 2, at: 3_000, count: 1, events: expect.stringContaining('"at 2"') },
    ]);
    expect(byId.get('failed')!.inbox).toMatchObject([{ number: 1, fact: { type: 'event', id: 'once' } }]);
    expect(byId.get('debounced')).toMatchObject({ debounceKey: 'd' });
    expect(byId.get('crashed')!.run).toMatchObject({ status: 'queued', owner: null });
  });

  test('namespaces are those of runs, of queues with settings, and of schedules', async () => {
    expect(await store().namespaces()).toEqual([]);
    await start(store(), 'a', { namespace: 'zoo', readyAt: 9_000 });
    await store().setQueue({ namespace: 'queued', queue: 'q', limits: { concurrency: 1 }, now: 1 });
    await store().saveSchedule({ namespace: 'by clock', name: 's', revision: 1, value: '{}' });
    await startAndClaim(store(), 'b', { namespace: 'gone' });
    await commit(store(), (await get(store(), 'b', 'gone')).key, 0, { change: end() });
    expect(await store().namespaces()).toEqual(['by clock', 'gone', 'queued', 'zoo']);
    await store().purge('gone', 'b');
    await store().setQueue({ namespace: 'queued', queue: 'q', limits: {}, now: 1 });
    await store().deleteSchedule('by clock', 's');
    expect(await store().namespaces()).toEqual(['zoo']);
  });

  test('what is loaded is what was dumped, there and back, and loading again changes nothing', async () => {
    await populate(store());
    const all = await dumpAll(store(), 1_000);
    const memory = openMemoryStore();
    expect(await memory.load(all)).toBe(all.length);
    expect(await dumpAll(memory, 5)).toEqual(all);
    const back = await another();
    expect(await back.load(all.slice(0, 6))).toBe(6);
    expect(await back.load(await dumpAll(memory, 4))).toBe(all.length - 6);
    expect(await back.load(all)).toBe(0);
    expect(await dumpAll(back, 1_000)).toEqual(all);
    for (const { run } of all) {
      expect(await back.get(run.namespace, run.id)).toEqual(await store().get(run.namespace, run.id));
      expect(await back.journal(run.key, 0, 100)).toEqual(await store().journal(run.key, 0, 100));
    }
    const tagged = { namespace: 'default', tag: 'vip', limit: 9 };
    expect((await back.query(tagged)).map(({ id }) => id)).toEqual(['waiting']);
    expect(await back.count({ namespace: 'default' })).toEqual(await store().count({ namespace: 'default' }));
  });

  test('loaded runs go on as they would have', async () => {
    await populate(store());
    const back = await another();
    await back.load(await dumpAll(store(), 1_000));
    const known = (await dumpAll(back, 1_000)).at(-1)!.run.key;
    const kinds = ['order@1', 'order@2', 'mail@1'];
    const outcomes = [];
    for (const one of [store(), back]) {
      await register(one, { id: 'w2', kinds });
      const waiting = (await get(one, 'waiting')).key;
      const first = await claimIds(one, { worker: 'w2', kinds, now: 5_000 });
      await deliver(
        one,
        { callback: 'cb-1' },
        { type: 'callback', callback: 'cb-1', outcome: { ok: true } },
        5_000,
      );
      outcomes.push({
        first,
        second: await claimIds(one, { worker: 'w2', kinds, now: 5_000 }),
        callbackAgain: await deliver(
          one,
          { callback: 'cb-1' },
          { type: 'heartbeat', callback: 'cb-1' },
          5_000,
        ),
        taken: await commit(one, waiting, 0),
        next: await commit(one, waiting, 1),
        moved: (
          await one.start([newRun('d2', { readyAt: 70_000, debounce: { key: 'd', maxWait: null } })])
        )[0],
        fresh: (await start(one, 'fresh')) > known,
        nextReadyAt: (await claim(one, { worker: 'w2', kinds, limit: 0, now: 5_000 })).nextReadyAt,
      });
    }
    expect(outcomes[1]).toEqual(outcomes[0]);
    expect(outcomes[0]).toMatchObject({
      first: expect.arrayContaining([
        'child',
        'crashed',
        'reopened',
        'cancelled early',
        'forced',
        'elsewhere',
      ]),
      second: ['waiting'],
      taken: 'refused',
      next: 'stored',
      moved: { created: false, moved: true },
      fresh: true,
    });
    expect(outcomes[0]!.first).not.toContain('blocked');
  });

  test('a run whose key or id is taken is left as it is', async () => {
    await populate(store());
    const [first, second] = await store().dump(0, 2);
    const other = await another();
    await start(other, second!.run.id, { workflow: 'mine' });
    const mine = await get(other, second!.run.id);
    expect(await other.load([{ ...second!, run: { ...second!.run, key: mine.key + 7 } }])).toBe(0);
    expect(await other.load([{ ...first!, run: { ...first!.run, key: mine.key } }])).toBe(0);
    expect((await other.dump(0, 10)).map(({ run }) => run.workflow)).toEqual(['mine']);
  });
}
