import { expect, test } from 'vitest';
import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import type { RunCriteria, RunQuery } from '../../packages/stepwell/src/store/query.ts';
import { claim, commit, end, get, newRun, register, start, startAndClaim } from './fixtures.ts';

export function testTags(store: () => Store): void {
  const query = async (given: Partial<RunQuery>): Promise<string[]> => {
    const runs = await store().query({ namespace: 'default', limit: 100, ...given });
    return runs.map(({ id }) => id);
  };
  const count = (given: Partial<RunCriteria>) => store().count({ namespace: 'default', ...given });

  test('a run has each of its tags once, sorted, wherever it is shown', async () => {
    await register(store());
    await start(store(), 'a', { tags: ['vip', 'ä', 'eu', 'vip', '\u{1f600}', '\uffee'] });
    const tags = ['eu', 'vip', 'ä', '\u{1f600}', '\uffee'];
    expect((await get(store(), 'a')).tags).toEqual(tags);
    expect((await store().query({ namespace: 'default', limit: 1 }))[0]!.tags).toEqual(tags);
    expect((await claim(store())).runs[0]!.run.tags).toEqual(tags);
    expect((await store().start([newRun('a')]))[0]).toMatchObject({ existing: { tags } });
  });

  test('a trace goes with its run', async () => {
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    await register(store());
    await store().start([newRun('a', { traceparent }), newRun('b', { traceparent: null })], 'w1');
    await start(store(), 'c', { traceparent });
    expect((await get(store(), 'a')).traceparent).toBe(traceparent);
    expect((await get(store(), 'b')).traceparent).toBeNull();
    expect((await claim(store())).runs.map(({ run }) => run.traceparent)).toEqual([traceparent]);
  });

  test('commits add tags', async () => {
    const key = await startAndClaim(store(), 'a', { tags: ['b'] });
    await commit(store(), key, 0, { change: { tags: ['c', 'a', 'b'] } });
    expect((await get(store(), 'a')).tags).toEqual(['a', 'b', 'c']);
    await commit(store(), key, 0, { change: { tags: ['refused'] } });
    await commit(store(), key, 1, { change: { tags: ['d'], ...end() } });
    expect(await get(store(), 'a')).toMatchObject({ status: 'succeeded', tags: ['a', 'b', 'c', 'd'] });
    for (const tag of ['a', 'b', 'c', 'd']) expect(await query({ tag })).toEqual(['a']);
    expect(await query({ tag: 'refused' })).toEqual([]);
    const plain = await startAndClaim(store(), 'plain');
    await commit(store(), plain, 0, { change: { tags: ['late'] } });
    expect(await query({ tag: 'late' })).toEqual(['plain']);
  });

  test('children have tags too', async () => {
    const key = await startAndClaim(store(), 'a');
    const child = newRun('child', { parent: { key, id: 'a', op: null }, tags: ['x'], traceparent: 't' });
    await commit(store(), key, 0, { starts: [{ run: child, refusal: { type: 'resume' } }] });
    expect(await get(store(), 'child')).toMatchObject({ tags: ['x'], traceparent: 't' });
    expect(await query({ tag: 'x' })).toEqual(['child']);
  });

  test('a start that puts another off brings its tags', async () => {
    const debounce = { key: 'd', maxWait: null };
    await start(store(), 'a', { tags: ['x', 'y'], traceparent: 'one', debounce, readyAt: 9000 });
    await store().start([newRun('b', { tags: ['y', 'z'], traceparent: 'two', debounce, readyAt: 9000 })]);
    expect(await get(store(), 'a')).toMatchObject({ tags: ['y', 'z'], traceparent: 'two' });
    expect([await query({ tag: 'x' }), await query({ tag: 'z' })]).toEqual([[], ['a']]);
    await store().start([newRun('c', { debounce, readyAt: 9000 })]);
    expect(await get(store(), 'a')).toMatchObject({ tags: [], traceparent: null });
    expect(await query({ tag: 'y' })).toEqual([]);
  });

  test('queries by tag, with all else, and page by page', async () => {
    const parent = { key: await start(store(), 'parent', { tags: ['x'] }), id: 'parent', op: null };
    await store().start([
      newRun('a', { tags: ['x', 'y'], parent }),
      newRun('b', { tags: ['y'], parent }),
      newRun('c', { tags: ['x'], workflow: 'mail' }),
      newRun('d', { tags: ['x'], queue: 'slow', createdAt: 1500 }),
      newRun('elsewhere', { tags: ['x'], namespace: 'other' }),
    ]);
    expect(await query({ tag: 'x' })).toEqual(['d', 'c', 'a', 'parent']);
    expect(await query({ tag: 'x', namespace: 'other' })).toEqual(['elsewhere']);
    expect(await query({ tag: 'y', parent: parent.key })).toEqual(['b', 'a']);
    expect(await query({ tag: 'x', workflow: 'mail' })).toEqual(['c']);
    expect(await query({ tag: 'x', queue: 'slow', version: '1' })).toEqual(['d']);
    expect(await query({ tag: 'x', createdBefore: 1500 })).toEqual(['c', 'a', 'parent']);
    expect(await query({ tag: 'x', statuses: ['failed'] })).toEqual([]);
    expect(await query({ tag: 'x', idContains: 'r' })).toEqual(['parent']);
    expect(await query({ tag: 'X' })).toEqual([]);
    const [first] = await store().query({ namespace: 'default', tag: 'x', limit: 1 });
    expect(await query({ tag: 'x', limit: 2, below: first!.key })).toEqual(['c', 'a']);
    expect(await query({ tag: 'x', limit: 0 })).toEqual([]);
    await register(store());
    await claim(store());
    expect(await query({ tag: 'x', statuses: ['running'] })).toEqual(['d', 'a', 'parent']);
    expect(await query({ tag: 'x', parent: parent.key, statuses: ['running'] })).toEqual(['a']);
  });

  test('queries by a text in the id, which is taken as it is written', async () => {
    const ids = ['order-1', 'order-12', 'Order-1', '100%', '100 pct', 'a_b', 'aXb', 'back\\slash', 'ä-1'];
    await store().start(ids.map((id) => newRun(id)));
    await store().start([
      newRun('order-1', { namespace: 'other' }),
      newRun('order-mail', { workflow: 'mail' }),
    ]);
    expect(await query({ idContains: 'order' })).toEqual(['order-mail', 'order-12', 'order-1']);
    expect(await query({ idContains: 'rder-1' })).toEqual(['Order-1', 'order-12', 'order-1']);
    expect(await query({ idContains: '0%' })).toEqual(['100%']);
    expect(await query({ idContains: 'a_' })).toEqual(['a_b']);
    expect(await query({ idContains: '\\' })).toEqual(['back\\slash']);
    expect(await query({ idContains: 'ä' })).toEqual(['ä-1']);
    expect(await query({ idContains: 'order', workflow: 'mail' })).toEqual(['order-mail']);
    expect(await query({ idContains: 'order', statuses: ['running'] })).toEqual([]);
    const [first] = await store().query({ namespace: 'default', idContains: 'order', limit: 1 });
    expect(await query({ idContains: 'order', below: first!.key, limit: 1 })).toEqual(['order-12']);
    expect(await query({ idContains: 'order', limit: 0 })).toEqual([]);
  });

  test('counts those that match', async () => {
    const a = await startAndClaim(store(), 'a', { tags: ['x'] });
    await store().start([
      newRun('b', { tags: ['x'], parent: { key: a, id: 'a', op: null } }),
      newRun('c', { workflow: 'mail', createdAt: 2000 }),
      newRun('d', { queue: 'slow', version: '2' }),
    ]);
    expect(await count({ tag: 'x' })).toEqual({ running: 1, queued: 1 });
    expect(await count({ tag: 'x', statuses: ['queued', 'failed'] })).toEqual({ queued: 1 });
    expect(await count({ statuses: ['running'] })).toEqual({ running: 1 });
    expect(await count({ statuses: [] })).toEqual({});
    expect(await count({ parent: a })).toEqual({ queued: 1 });
    expect(await count({ workflow: 'mail' })).toEqual({ queued: 1 });
    expect(await count({ version: '1', queue: 'default' })).toEqual({ running: 1, queued: 2 });
    expect(await count({ createdFrom: 1500 })).toEqual({ queued: 1 });
    expect(await count({ createdFrom: 1000.5 })).toEqual({ queued: 1 });
    expect(await count({ createdBefore: 1500 })).toEqual({ running: 1, queued: 2 });
    expect(await count({ createdBefore: 1500, statuses: ['running'] })).toEqual({ running: 1 });
    expect(await count({ idContains: 'a' })).toEqual({ running: 1 });
    expect(await count({ idContains: 'a', tag: 'y' })).toEqual({});
  });

  test('a run that was purged is not found any more, nor is the next of its id', async () => {
    const key = await startAndClaim(store(), 'a', { tags: ['x'] });
    await commit(store(), key, 0, { change: { tags: ['y'], ...end() } });
    expect(await store().purge('default', 'a')).toBe(true);
    await start(store(), 'a');
    expect([await query({ tag: 'x' }), await query({ tag: 'y' })]).toEqual([[], []]);
    expect(await count({ tag: 'x' })).toEqual({});
  });
}
