import { expect, test } from 'vitest';
import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import type { ArtifactRecord, NewArtifact } from '../../packages/stepwell/src/store/records.ts';
import { openMemoryStore } from '../../packages/stepwell/src/store/memory/store.ts';
import { commit, end, startAndClaim } from './fixtures.ts';

export function testArtifacts(store: () => Store): void {
  const artifact = (name: string, given: Partial<NewArtifact> = {}): NewArtifact => ({
    namespace: 'default',
    run: 'a',
    name,
    size: 5_000_000_000,
    hash: 'h1',
    contentType: 'text/plain',
    createdAt: 1_000,
    ...given,
  });
  const save = (name: string, given: Partial<NewArtifact> = {}) =>
    store().saveArtifact(artifact(name, given));
  const names = (records: readonly ArtifactRecord[]) =>
    records.map(({ name, number }) => `${name} ${number}`);

  test('a store has a name of its own, always the same', async () => {
    const name = await store().identity();
    expect(name).toMatch(/^[0-9a-f-]{32,36}$/);
    expect(await store().identity()).toBe(name);
    expect(await openMemoryStore().identity()).not.toBe(name);
  });

  test('each version of a name has the next number; the run need not exist', async () => {
    expect(await save('b')).toEqual({ ...artifact('b'), number: 1 });
    expect(await save('b', { hash: 'h2', createdAt: 2_000 })).toMatchObject({ number: 2, createdAt: 2_000 });
    expect(await save('a/x.csv')).toMatchObject({ number: 1 });
    expect(await save('b', { run: 'other' })).toMatchObject({ number: 1 });
    expect(await save('b', { namespace: 'other' })).toMatchObject({ number: 1 });
    const found = await store().artifacts('default', 'a');
    expect(names(found)).toEqual(['a/x.csv 1', 'b 2', 'b 1']);
    expect(found[2]).toEqual({ ...artifact('b'), number: 1 });
    expect(await store().artifacts('default', 'nobody')).toEqual([]);
    expect(names(await store().artifacts('default', 'a', 'b'))).toEqual(['b 2', 'b 1']);
    expect(await store().artifacts('default', 'a', 'B')).toEqual([]);
  });

  test('the same content again is the same version', async () => {
    await save('b');
    expect(await save('b', { createdAt: 9_000 })).toEqual({ ...artifact('b'), number: 1 });
    expect(await save('b', { contentType: 'text/html' })).toMatchObject({ number: 2 });
    expect(await save('b', { contentType: 'text/html', size: 1 })).toMatchObject({ number: 3 });
    expect(await save('b')).toMatchObject({ number: 4 });
  });

  test('only upon the version that is expected', async () => {
    expect(await save('b', { expected: 1 })).toBeNull();
    expect(await save('b', { expected: 0 })).toMatchObject({ number: 1 });
    expect(await save('b', { expected: 0, hash: 'h2' })).toBeNull();
    expect(await save('b', { expected: 1, hash: 'h2' })).toMatchObject({ number: 2 });
    expect(await save('b', { expected: 1, hash: 'h2' })).toBeNull();
    expect(await save('b', { expected: 2, hash: 'h2' })).toMatchObject({ number: 2 });
    expect(names(await store().artifacts('default', 'a'))).toEqual(['b 2', 'b 1']);
  });

  test('versions that are saved at once have different numbers', async () => {
    const records = await Promise.all([1, 2, 3, 4].map((n) => save('b', { hash: `h${n}` })));
    expect(new Set(records.map((record) => record!.number))).toEqual(new Set([1, 2, 3, 4]));
  });

  test('they are dropped by themselves, or with their run', async () => {
    await save('b', { run: 'other' });
    await save('b', { namespace: 'other' });
    await save('b');
    await store().dropArtifacts('default', 'a');
    expect(await store().artifacts('default', 'a')).toEqual([]);
    expect(await save('b')).toMatchObject({ number: 1 });
    const key = await startAndClaim(store(), 'a');
    expect(await store().purge('default', 'a')).toBe(false);
    expect(await store().artifacts('default', 'a')).toHaveLength(1);
    await commit(store(), key, 0, { change: end() });
    expect(await store().purge('default', 'a')).toBe(true);
    expect(await store().artifacts('default', 'a')).toEqual([]);
    expect(await store().artifactRuns(null, 9)).toEqual([
      { namespace: 'default', run: 'other' },
      { namespace: 'other', run: 'a' },
    ]);
  });

  test('who has any is told page by page', async () => {
    for (const run of ['c', 'a', 'b']) for (const name of ['x', 'y']) await save(name, { run });
    await save('x', { namespace: 'before', run: 'z' });
    expect(await store().artifactRuns(null, 3)).toEqual([
      { namespace: 'before', run: 'z' },
      { namespace: 'default', run: 'a' },
      { namespace: 'default', run: 'b' },
    ]);
    expect(await store().artifactRuns({ namespace: 'default', run: 'b' }, 3)).toEqual([
      { namespace: 'default', run: 'c' },
    ]);
    expect(await store().artifactRuns({ namespace: 'default', run: 'c' }, 3)).toEqual([]);
  });

  test('they go along with a run that is copied', async () => {
    const memory = openMemoryStore();
    const key = await startAndClaim(memory, 'a');
    await commit(memory, key, 0, { change: end() });
    for (const hash of ['h1', 'h2', 'h3']) await memory.saveArtifact(artifact('b', { hash }));
    const stored = await memory.dump(0, 9);
    expect(names(stored[0]!.artifacts)).toEqual(['b 3', 'b 2', 'b 1']);
    await save('b', { hash: 'mine' });
    await store().load(stored);
    expect(names(await store().artifacts('default', 'a'))).toEqual(['b 3', 'b 2', 'b 1']);
    expect(await save('b', { hash: 'next' })).toMatchObject({ number: 4 });
    expect((await store().dump(0, 9))[0]!.artifacts).toHaveLength(4);
  });
}
