import { randomUUID } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { FileArtifacts } from '../../src/artifacts/file-store.ts';
import {
  chunks,
  gathered,
  hashOf,
  pseudoRandom,
  sha256,
} from '../../../../test/conformance/artifacts/contents.ts';
import { temporaryDirectory } from '../store/sqlite-file.ts';
import { filesIn } from './files.ts';

const HOUR = 3_600_000;

function newStore(root = join(temporaryDirectory(), 'artifacts')) {
  return { root, store: new FileArtifacts(root, randomUUID) };
}

test('nothing is made before the first write; then a content is a file under its hash', async () => {
  const { root, store } = newStore();
  const keys = [];
  for await (const { key } of store.list('')) keys.push(key);
  expect([keys, await store.clean(Date.now())]).toEqual([[], 0]);
  expect(() => filesIn(root)).toThrow('ENOENT');
  const { hash } = await store.write('default/r', chunks('content'));
  expect(filesIn(root)).toEqual([`default/r/${hash}`]);
  expect(readFileSync(join(root, 'default/r', hash), 'utf8')).toBe('content');
});

test('while it is written, it is under no key', async () => {
  const { root, store } = newStore();
  const seen: string[][] = [];
  async function* watched() {
    yield Buffer.from('a');
    seen.push(filesIn(root));
    yield Buffer.from('b');
  }
  await store.write('default/r', watched());
  expect(seen).toEqual([[expect.stringMatching(/^\.unfinished\//)]]);
  expect(filesIn(root)).toEqual([`default/r/${sha256('ab')}`]);
});

test('a disk that is full or read-only says so, and nothing is left', async () => {
  const { root, store } = newStore();
  const probe = await open(join(temporaryDirectory(), 'probe'), 'w');
  await probe.close();
  const prototype = Object.getPrototypeOf(probe) as typeof probe;
  for (const [code, expected] of [
    ['ENOSPC', 'STORE_FULL'],
    ['EDQUOT', 'STORE_FULL'],
    ['EROFS', 'STORE_READ_ONLY'],
    ['EIO', 'STORE_FAILED'],
  ]) {
    const failure = Object.assign(new Error(`${code}: of the test`), { code });
    const write = vi.spyOn(prototype, 'write').mockRejectedValueOnce(failure);
    await expect(store.write('default/r', chunks('x'))).rejects.toMatchObject({
      code: expected,
      cause: failure,
    });
    write.mockRestore();
  }
  expect(filesIn(root)).toEqual([]);
  expect((await store.write('default/r', chunks('x'))).size).toBe(1);
});

test.skipIf(process.getuid?.() === 0)('a folder that may not be used says so', async () => {
  const { root, store } = newStore();
  mkdirSync(root, { recursive: true });
  chmodSync(root, 0o500);
  await expect(store.write('default/r', chunks('x'))).rejects.toMatchObject({ code: 'STORE_READ_ONLY' });
});

test('a file in place of the folder says so', async () => {
  const path = join(temporaryDirectory(), 'file');
  writeFileSync(path, '');
  const { store } = newStore(path);
  await expect(store.write('default/r', chunks('x'))).rejects.toMatchObject({ code: 'STORE_FAILED' });
});

test('what a crash left half written is cleaned, what is being written is not', async () => {
  const { root, store } = newStore();
  await store.write('default/r', chunks('kept'));
  for (const [name, age] of [
    ['old', 2 * HOUR],
    ['new', 0],
  ] as const) {
    const path = join(root, '.unfinished', name);
    writeFileSync(path, 'half');
    const time = (Date.now() - age) / 1_000;
    utimesSync(path, time, time);
  }
  expect(await store.clean(Date.now() - HOUR)).toBe(1);
  expect(filesIn(root)).toEqual(['.unfinished/new', `default/r/${sha256('kept')}`]);
});

test('a deletion that a crash cut off is finished; a content that was new is put back', async () => {
  const { root, store } = newStore();
  const [old, fresh] = [sha256('old'), sha256('fresh')];
  for (const text of ['old', 'fresh']) await store.write('default/r', chunks(text));
  const path = (hash: string) => join(root, 'default/r', hash);
  const time = (Date.now() - 2 * HOUR) / 1_000;
  utimesSync(path(old), time, time);
  for (const hash of [old, fresh]) renameSync(path(hash), `${path(hash)}.deleted`);
  expect(await store.read(`default/r/${fresh}`)).toBeNull();
  expect(await store.clean(Date.now() - HOUR)).toBe(2);
  expect(filesIn(root)).toEqual([`default/r/${fresh}`]);
});

test('a purge while somebody reads: the reader gets it all', async () => {
  const { root, store } = newStore();
  const { hash } = await store.write('default/r', pseudoRandom(500_000));
  const reading = (await store.read(`default/r/${hash}`))!;
  await store.delete(`default/r/${hash}`);
  expect(filesIn(root)).toEqual([]);
  expect(await hashOf(reading)).toBe(hash);
});

test('writers and deletions of one content at once: it is whole or gone, and nothing fails', async () => {
  const { root, store } = newStore();
  const other = new FileArtifacts(root, randomUUID);
  const hash = sha256('contended');
  const deeds = Array.from({ length: 60 }, (_, n) => async () => {
    const one = n % 2 === 0 ? store : other;
    if (n % 3 === 0) return one.delete(`default/r/${hash}`);
    if (n % 3 === 1) return one.write('default/r', chunks('conten', 'ded'));
    const read = await one.read(`default/r/${hash}`);
    expect([null, 'contended']).toContain(await gathered(read));
  });
  await Promise.all(deeds.map((deed) => deed()));
  await store.write('default/r', chunks('contended'));
  expect(filesIn(root)).toEqual([`default/r/${hash}`]);
});

test('the folder of a run goes with its last content while others are written into it', async () => {
  const { root, store } = newStore();
  const writers = Array.from({ length: 6 }, async (_, writer) => {
    for (let round = 0; round < 100; round++) {
      const { hash } = await store.write('default/r', chunks(String(writer)));
      await store.delete(`default/r/${hash}`);
    }
  });
  await Promise.all(writers);
  expect(filesIn(root)).toEqual([]);
});
