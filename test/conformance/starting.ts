import { expect, test } from 'vitest';
import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import { claimIds, commit, end, get, newRun, register, start, startAndClaim } from './fixtures.ts';

export function testStarting(store: () => Store): void {
  test('puts a new run in, as it was described', async () => {
    const key = await start(store(), 'a', {
      workflow: 'order',
      version: '2',
      queue: 'slow',
      priority: 7,
      readyAt: 1500,
      input: { items: [1, null, 'ä'] },
      parent: { key: 99, id: 'parent', op: 'child#2' },
      timeout: 60_000,
      hardTimeout: 90_000,
      beginBy: 2_000,
      concurrencyKey: 'customer 1',
      concurrencyLimit: 3,
      createdAt: 1200,
      tags: ['vip', 'eu'],
      traceparent: '00-1-2-00',
    });
    expect(await store().get('default', 'a')).toStrictEqual({
      key,
      namespace: 'default',
      id: 'a',
      workflow: 'order',
      version: '2',
      status: 'queued',
      queue: 'slow',
      priority: 7,
      readyAt: 1500,
      owner: null,
      input: { items: [1, null, 'ä'] },
      output: undefined,
      error: undefined,
      progress: undefined,
      statusText: undefined,
      waitingFor: [],
      parent: { key: 99, id: 'parent', op: 'child#2' },
      continuedBy: null,
      timeout: 60_000,
      hardTimeout: 90_000,
      beginBy: 2_000,
      concurrencyKey: 'customer 1',
      concurrencyLimit: 3,
      tags: ['eu', 'vip'],
      traceparent: '00-1-2-00',
      delivered: 0,
      createdAt: 1200,
      startedAt: null,
      endedAt: null,
    });
  });

  test('tells an input of null from none', async () => {
    await start(store(), 'null', { input: null });
    await start(store(), 'none', { input: undefined });
    expect((await get(store(), 'null')).input).toBeNull();
    expect((await get(store(), 'none')).input).toBeUndefined();
  });

  test('keeps what it was given, not the object that held it', async () => {
    const input = { items: ['apple'] };
    await start(store(), 'a', { input });
    input.items.push('pear');
    const read = await get(store(), 'a');
    expect(read.input).toEqual({ items: ['apple'] });
    (read.input as { items: string[] }).items.push('plum');
    expect((await get(store(), 'a')).input).toEqual({ items: ['apple'] });
  });

  test('leaves a run alone whose id exists, and answers it as it is', async () => {
    const key = await startAndClaim(store(), 'a', { input: 1 });
    const [answer] = await store().start([newRun('a', { input: 2, workflow: 'other' })]);
    expect(answer).toEqual({ created: false, existing: await get(store(), 'a') });
    expect(answer).toMatchObject({ existing: { key, status: 'running', workflow: 'order', input: 1 } });
  });

  test('finds an id that exists although its run has ended', async () => {
    const key = await startAndClaim(store(), 'a');
    await commit(store(), key, 0, { change: end() });
    const [answer] = await store().start([newRun('a')]);
    expect(answer).toMatchObject({ created: false, existing: { key, status: 'succeeded' } });
  });

  test('answers in the order of the runs; the second of one id is the first again', async () => {
    await start(store(), 'old');
    const answers = await store().start([newRun('new'), newRun('old'), newRun('new')]);
    expect(answers.map(({ created }) => created)).toEqual([true, false, false]);
    const key = (await get(store(), 'new')).key;
    expect(answers[0]).toEqual({ created: true, key, owned: false });
    expect(answers[2]).toMatchObject({ existing: { key } });
  });

  test('gives new runs to the worker that has room for them, without a claim', async () => {
    await register(store());
    const [answer] = await store().start([newRun('a')], 'w1');
    expect(answer).toMatchObject({ created: true, owned: true });
    expect(await get(store(), 'a')).toMatchObject({
      status: 'running',
      owner: 'w1',
      readyAt: null,
      startedAt: 1000,
    });
    expect(await claimIds(store())).toEqual([]);
    await store().retire('w1', 3000);
    await register(store(), { id: 'w2' });
    expect(await claimIds(store(), { worker: 'w2', now: 3000 })).toEqual(['a']);
  });

  test.each([
    ['is not ready yet', newRun('a', { readyAt: 1001 }), 'w1'],
    ['has a concurrency key', newRun('a', { concurrencyKey: 'k' }), 'w1'],
    ['is meant for a worker that is not registered', newRun('a'), 'gone'],
  ])('leaves a new run to be claimed that %s', async (_, run, worker) => {
    await register(store());
    const [answer] = await store().start([run], worker);
    expect(answer).toMatchObject({ created: true, owned: false });
    expect(await get(store(), 'a')).toMatchObject({ status: 'queued', owner: null, startedAt: null });
    expect(await claimIds(store())).toEqual(['a']);
  });

  test('does not take a run that exists away from anybody', async () => {
    const key = await startAndClaim(store(), 'a');
    await register(store(), { id: 'w2' });
    const [answer] = await store().start([newRun('a')], 'w2');
    expect(answer).toMatchObject({ created: false, existing: { key, owner: 'w1' } });
  });

  test('calls that are made together see each other', async () => {
    const answers = await Promise.all([store().start([newRun('a')]), store().start([newRun('a')])]);
    expect(answers.flat().filter(({ created }) => created)).toHaveLength(1);
  });

  test('keeps namespaces apart', async () => {
    const here = await start(store(), 'a', { namespace: 'here' });
    const there = await start(store(), 'a', { namespace: 'there' });
    expect(here).not.toBe(there);
    expect((await get(store(), 'a', 'there')).key).toBe(there);
    expect(await store().get('default', 'a')).toBeNull();
  });

  test('puts a run in whose parent is unknown', async () => {
    await start(store(), 'orphan', { parent: { key: 4711, id: 'gone', op: null } });
    expect((await get(store(), 'orphan')).parent).toEqual({ key: 4711, id: 'gone', op: null });
  });

  test('begins with the journal that it was given, as one commit', async () => {
    const events = JSON.stringify([
      { type: 'status', text: 'one' },
      { type: 'status', text: 'two' },
    ]);
    const key = await start(store(), 'fork', { journal: { at: 900, count: 2, events } });
    expect(await store().journal(key, 0, 10)).toEqual([
      {
        position: 0,
        at: 900,
        events: [
          { type: 'status', text: 'one' },
          { type: 'status', text: 'two' },
        ],
      },
    ]);
    expect(await commit(store(), key, 0)).toBe('refused');
    expect(await commit(store(), key, 2)).toBe('stored');
  });

  test('gives every run a key of its own, higher than those before', async () => {
    const first = await start(store(), 'a');
    const second = await start(store(), 'b');
    expect(second).toBeGreaterThan(first);
  });

  test('nothing to start is nothing done', async () => {
    expect(await store().start([])).toEqual([]);
  });
}
