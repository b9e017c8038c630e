import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ArtifactStore } from '../../../packages/stepwell/src/artifacts/contract.ts';
import { bytesOf, chunks, gathered, hashOf, pseudoRandom, sha256 } from './contents.ts';

/** A place for artifacts that is empty, and goes away with its test. */
export interface Place extends AsyncDisposable {
  readonly store: ArtifactStore;
}

/** Longer than all that a store hands on in one piece. */
const LARGE = 20 * 1024 * 1024 + 7;

/** What every store of artifacts does: the executable form of packages/stepwell/src/artifacts/contract.ts. */
export function describeArtifactStore(kind: string, open: () => Promise<Place>): void {
  describe(`artifacts in ${kind}`, () => {
    let place: Place;
    let store: ArtifactStore;
    let folders = 0;
    /** Each test has a folder of its own. */
    const newFolder = () => `default/run-${++folders}`;
    const keysIn = async (prefix: string) => {
      const keys = [];
      for await (const { key } of store.list(prefix)) keys.push(key);
      return keys.toSorted();
    };

    beforeAll(async () => {
      place = await open();
      store = place.store;
    }, 120_000);
    afterAll(async () => place?.[Symbol.asyncDispose](), 60_000);

    test('says what it is', () => {
      expect(store.kind).toBe(kind);
    });

    test.each([
      ['nothing', []],
      ['one piece', ['hello']],
      ['several pieces, one of them empty', ['hel', '', 'lo', ' world 🦀']],
    ])('keeps %s under its hash, and gives it back', async (_what, given) => {
      const folder = newFolder();
      const text = given.join('');
      const hash = sha256(text);
      expect(await store.write(folder, chunks(...given))).toEqual({ hash, size: Buffer.byteLength(text) });
      expect(await gathered(await store.read(`${folder}/${hash}`))).toBe(text);
      expect(await keysIn(`${folder}/`)).toEqual([`${folder}/${hash}`]);
    });

    test('keeps bytes as they are', async () => {
      const folder = newFolder();
      const bytes = Uint8Array.from({ length: 256 }, (_, n) => n);
      const { hash } = await store.write(folder, chunks(bytes));
      expect(await bytesOf((await store.read(`${folder}/${hash}`))!)).toEqual(Buffer.from(bytes));
    });

    test('reads a large content only as fast as it keeps it, and gives it back whole', async () => {
      const folder = newFolder();
      let given = 0;
      async function* counted() {
        for await (const piece of pseudoRandom(LARGE)) {
          given += piece.byteLength;
          yield piece;
        }
      }
      const wanted = await hashOf(pseudoRandom(LARGE));
      expect(await store.write(folder, counted())).toEqual({ hash: wanted, size: LARGE });
      expect(given).toBe(LARGE);
      expect(await hashOf((await store.read(`${folder}/${wanted}`))!)).toBe(wanted);
      expect(await keysIn(`${folder}/`)).toEqual([`${folder}/${wanted}`]);
    }, 60_000);

    test.each([
      [0, 5, 'hello'],
      [6, 11, 'world'],
      [4, 5, 'o'],
      [3, 3, ''],
    ])('reads the bytes from %i to %i', async (start, end, wanted) => {
      const folder = newFolder();
      const { hash } = await store.write(folder, chunks('hello ', 'world'));
      expect(await gathered(await store.read(`${folder}/${hash}`, { start, end }))).toBe(wanted);
    });

    test('reading may stop before the end', async () => {
      const folder = newFolder();
      const { hash } = await store.write(folder, pseudoRandom(1024 * 1024));
      for await (const chunk of (await store.read(`${folder}/${hash}`))!) {
        expect(chunk.byteLength).toBeGreaterThan(0);
        break;
      }
      await store.delete(`${folder}/${hash}`);
      expect(await store.read(`${folder}/${hash}`)).toBeNull();
    });

    test('what is not there is null to read, and nothing to delete', async () => {
      const key = `${newFolder()}/${sha256('never written')}`;
      expect(await store.read(key)).toBeNull();
      expect(await store.read(key, { start: 0, end: 1 })).toBeNull();
      await store.delete(key);
    });

    test.each([
      ['at once', 0],
      ['in the middle', 12 * 1024 * 1024],
    ])(
      'a source that breaks off %s leaves nothing under a key, and its error is thrown',
      async (_when, size) => {
        const folder = newFolder();
        const broken = new Error('the source broke off');
        async function* breaking() {
          yield* pseudoRandom(size);
          throw broken;
        }
        await expect(store.write(folder, breaking())).rejects.toBe(broken);
        expect(await keysIn(`${folder}/`)).toEqual([]);
      },
    );

    test('two writers of the same content at once', async () => {
      const folder = newFolder();
      const written = await Promise.all([1, 2, 3, 4].map(() => store.write(folder, pseudoRandom(300_000))));
      const [{ hash } = { hash: '' }] = written;
      expect(new Set(written.map((one) => one.hash)).size).toBe(1);
      expect(await keysIn(`${folder}/`)).toEqual([`${folder}/${hash}`]);
      expect(await hashOf((await store.read(`${folder}/${hash}`))!)).toBe(hash);
    });

    test('lists what begins so, those of a folder together, with size and time', async () => {
      const runs = `list-${folders}`;
      for (const [folder, text] of [
        [`${runs}/a`, 'one'],
        [`${runs}/b`, 'two!'],
        [`${runs}/a`, 'three'],
      ] as const)
        await store.write(folder, chunks(text));
      const listed = [];
      for await (const one of store.list(`${runs}/`)) listed.push(one);
      expect(listed.map(({ key }) => key.split('/')[1])).toEqual(['a', 'a', 'b']);
      expect(listed.map(({ size }) => size).toSorted((a, b) => a - b)).toEqual([3, 4, 5]);
      const real = listed.map(({ writtenAt }) => Math.abs(writtenAt - Date.now()));
      expect(Math.max(...real)).toBeLessThan(60_000);
      expect(await keysIn(`${runs}/a/`)).toHaveLength(2);
      const [key] = await keysIn(`${runs}/b/`);
      expect(await keysIn(key!.slice(0, -20))).toEqual([key]);
      expect(await keysIn(`${runs}/b/-`)).toEqual([]);
    });

    test('deletes what was written before a time only', async () => {
      const folder = newFolder();
      const { hash } = await store.write(folder, chunks('kept'));
      const key = `${folder}/${hash}`;
      await store.delete(key, Date.now() - 60_000);
      expect(await gathered(await store.read(key))).toBe('kept');
      await store.delete(key, Date.now() + 60_000);
      expect(await store.read(key)).toBeNull();
      await store.write(folder, chunks('kept'));
      await store.delete(key);
      expect(await store.read(key)).toBeNull();
    });

    test('a content that is written again counts as written now', async () => {
      const folder = newFolder();
      const { hash } = await store.write(folder, chunks('again'));
      const [first] = await timesIn(store, folder);
      const deadline = Date.now() + 5_000;
      let second = first;
      // Some stores tell whole seconds only.
      while (second === first && Date.now() < deadline) {
        await store.write(folder, chunks('again'));
        [second] = await timesIn(store, folder);
      }
      expect(second).toBeGreaterThan(first!);
      expect(await gathered(await store.read(`${folder}/${hash}`))).toBe('again');
    });

    test('cleaning leaves what is in its place', async () => {
      const folder = newFolder();
      const { hash } = await store.write(folder, chunks('stays'));
      expect(await store.clean(Date.now() + 60_000)).toBe(0);
      expect(await gathered(await store.read(`${folder}/${hash}`))).toBe('stays');
    });
  });
}

async function timesIn(store: ArtifactStore, folder: string): Promise<number[]> {
  const times = [];
  for await (const { writtenAt } of store.list(`${folder}/`)) times.push(writtenAt);
  return times;
}
