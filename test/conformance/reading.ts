import { expect, test } from 'vitest';
import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import type { RunQuery } from '../../packages/stepwell/src/store/query.ts';
import {
  claimIds,
  commit,
  end,
  newRun,
  positions,
  register,
  release,
  start,
  startAndClaim,
} from './fixtures.ts';

export function testReading(store: () => Store): void {
  const query = async (given: Partial<RunQuery> = {}) => {
    const runs = await store().query({ namespace: 'default', limit: 100, ...given });
    return runs.map(({ id }) => id);
  };

  test('a journal can be read from the commit that holds a position', async () => {
    const key = await startAndClaim(store(), 'a');
    const events = (count: number) =>
      JSON.stringify(Array.from({ length: count }, () => ({ type: 'run.resumed' })));
    await commit(store(), key, 0, { count: 3, events: events(3) });
    await commit(store(), key, 3);
    await commit(store(), key, 4, { count: 2, events: events(2) });
    expect(await positions(store(), key, 0)).toEqual([0, 3, 4]);
    expect(await positions(store(), key, 2)).toEqual([0, 3, 4]);
    expect(await positions(store(), key, 3)).toEqual([3, 4]);
    expect(await positions(store(), key, 5)).toEqual([4]);
    expect(await positions(store(), key, 6)).toEqual([]);
    expect(await positions(store(), key, 1, 2)).toEqual([0, 3]);
    expect(await positions(store(), key, 0, 0)).toEqual([]);
  });

  test('the journal of a run that does not exist is empty, and so are its facts', async () => {
    expect(await store().journal(4711, 0, 10)).toEqual([]);
    expect(await store().facts(4711, 0)).toEqual([]);
  });

  test('a run that does not exist is null', async () => {
    expect(await store().get('default', 'nobody')).toBeNull();
  });

  test('a read sees what was asked to be written before it', async () => {
    const starting = store().start([newRun('a')]);
    const read = await store().get('default', 'a');
    await starting;
    expect([null, 'a']).toContain(read?.id ?? null);
    expect((await store().get('default', 'a'))?.id).toBe('a');
  });

  test('queries answer the newest first, in pages', async () => {
    await store().start(['a', 'b', 'c', 'd', 'e'].map((id) => newRun(id)));
    await start(store(), 'x', { namespace: 'elsewhere' });
    const first = await store().query({ namespace: 'default', limit: 2 });
    expect(first.map(({ id }) => id)).toEqual(['e', 'd']);
    const below = first.at(-1)?.key ?? 0;
    expect(await query({ limit: 2, below })).toEqual(['c', 'b']);
    expect(await query({ below: first[0]?.key ?? 0 })).toEqual(['d', 'c', 'b', 'a']);
    expect(await query({ limit: 0 })).toEqual([]);
    expect(await query({ namespace: 'nowhere' })).toEqual([]);
  });

  test('queries answer whole records', async () => {
    await startAndClaim(store(), 'a', { input: { n: 1 } });
    expect(await store().query({ namespace: 'default', limit: 1 })).toEqual([
      await store().get('default', 'a'),
    ]);
  });

  test('queries by workflow, version and queue', async () => {
    await store().start([
      newRun('a'),
      newRun('b', { version: '2' }),
      newRun('c', { workflow: 'mail' }),
      newRun('d', { queue: 'slow' }),
      newRun('e', { queue: 'slow', priority: 4 }),
    ]);
    expect(await query({ workflow: 'order' })).toEqual(['e', 'd', 'b', 'a']);
    expect(await query({ workflow: 'order', version: '1' })).toEqual(['e', 'd', 'a']);
    expect(await query({ version: '1' })).toEqual(['e', 'd', 'c', 'a']);
    expect(await query({ queue: 'slow' })).toEqual(['e', 'd']);
    expect(await query({ workflow: 'order', queue: 'default', limit: 1 })).toEqual(['b']);
    expect(await query({ workflow: 'unheard of' })).toEqual([]);
  });

  test('queries by status', async () => {
    const a = await startAndClaim(store(), 'a');
    await commit(store(), a, 0, { change: end('failed') });
    const b = await startAndClaim(store(), 'b');
    await commit(store(), b, 0, { change: release() });
    await startAndClaim(store(), 'c');
    await start(store(), 'd', { workflow: 'mail' });
    expect(await query({ statuses: ['failed'] })).toEqual(['a']);
    expect(await query({ statuses: ['queued', 'failed', 'running'] })).toEqual(['d', 'c', 'a']);
    expect(await query({ statuses: ['waiting', 'queued'], workflow: 'order' })).toEqual(['b']);
    expect(await query({ statuses: ['failed', 'queued', 'failed', 'queued'] })).toEqual(['d', 'a']);
    expect(await query({ statuses: ['failed', 'failed'], limit: 1 })).toEqual(['a']);
    expect(await query({ statuses: [] })).toEqual([]);
    expect(await query({ statuses: ['failed', 'running'], limit: 1 })).toEqual(['c']);
  });

  test('queries by parent', async () => {
    await register(store());
    const parent = { key: await start(store(), 'parent'), id: 'parent', op: null };
    await store().start([
      newRun('child 1', { parent }),
      newRun('child 2', { parent, workflow: 'mail' }),
      newRun('other', { parent: { ...parent, key: 4711 } }),
    ]);
    expect(await query({ parent: parent.key })).toEqual(['child 2', 'child 1']);
    expect(await query({ parent: parent.key, workflow: 'mail' })).toEqual(['child 2']);
    await claimIds(store());
    expect(await query({ parent: parent.key, statuses: ['running'] })).toEqual(['child 1']);
    expect(await query({ parent: parent.key, statuses: ['running'], workflow: 'mail' })).toEqual([]);
    expect(await query({ parent: 99 })).toEqual([]);
  });

  test('queries by time of creation', async () => {
    await store().start([1000, 2000, 3000].map((createdAt) => newRun(`at ${createdAt}`, { createdAt })));
    expect(await query({ createdFrom: 2000 })).toEqual(['at 3000', 'at 2000']);
    expect(await query({ createdBefore: 2000 })).toEqual(['at 1000']);
    expect(await query({ createdFrom: 2000, createdBefore: 3000 })).toEqual(['at 2000']);
    expect(await query({ createdFrom: 2000.5, createdBefore: 3000.5 })).toEqual(['at 3000']);
  });

  test('counts the runs of each status, in one namespace', async () => {
    const a = await startAndClaim(store(), 'a');
    await commit(store(), a, 0, { change: end() });
    await startAndClaim(store(), 'b');
    await store().start([newRun('c'), newRun('d'), newRun('x', { namespace: 'elsewhere' })]);
    expect(await store().count({ namespace: 'default' })).toEqual({ succeeded: 1, running: 1, queued: 2 });
    expect(await store().count({ namespace: 'nowhere' })).toEqual({});
  });
}
