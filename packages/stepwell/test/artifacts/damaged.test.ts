import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Stepwell } from '../../src/index.ts';
import { gathered, pseudoRandom } from '../../../../test/conformance/artifacts/contents.ts';
import { temporaryDirectory } from '../store/sqlite-file.ts';

async function written() {
  const root = temporaryDirectory();
  const well = await Stepwell.open({ store: 'memory:', artifacts: `file:${root}`, worker: false });
  const { hash, size } = await well.artifacts.write('r', 'f', pseudoRandom(300_000));
  return { well, path: join(root, 'default/r', hash), file: await well.artifacts.read('r', 'f'), size };
}

/** What a reader is given before the error. */
async function until(content: AsyncIterable<Uint8Array>): Promise<{ bytes: number; error: unknown }> {
  let bytes = 0;
  try {
    for await (const chunk of content) bytes += chunk.byteLength;
  } catch (error) {
    return { bytes, error };
  }
  return { bytes, error: null };
}

test.each<[string, (bytes: Buffer) => Buffer, RegExp]>([
  ['one bit is another', (bytes) => bytes.fill(bytes[150_000]! ^ 1, 150_000, 150_001), /another hash/],
  ['its end is missing', (bytes) => bytes.subarray(0, -1), /299999 bytes and not 300000/],
  ['something was added', (bytes) => Buffer.concat([bytes, bytes]), /more than 300000 bytes/],
  ['it is empty', () => Buffer.alloc(0), /0 bytes and not 300000/],
])('%s: reading fails, and nobody gets all bytes', async (_what, damage, message) => {
  const { well, path, file, size } = await written();
  writeFileSync(path, damage(readFileSync(path)));
  const { bytes, error } = await until(file.stream());
  expect(error).toMatchObject({ code: 'ARTIFACT_DAMAGED', message: expect.stringMatching(message) });
  expect(bytes).toBeLessThan(size);
  await expect(file.bytes()).rejects.toMatchObject({ code: 'ARTIFACT_DAMAGED' });
  await well.close();
});

test('a content that is gone is damaged, too; the same content again mends it', async () => {
  const { well, path, file } = await written();
  rmSync(path);
  await expect(file.bytes()).rejects.toMatchObject({ code: 'ARTIFACT_DAMAGED' });
  const again = await well.artifacts.write('r', 'f', pseudoRandom(300_000));
  expect(again.number).toBe(1);
  expect(await file.bytes()).toHaveLength(300_000);
  await well.close();
});

test('of a range the number of bytes is checked', async () => {
  const { well, path, file } = await written();
  writeFileSync(path, readFileSync(path).subarray(0, 100));
  expect((await gathered(file.stream({ start: 0, end: 10 })))!.length).toBeGreaterThan(0);
  const { error } = await until(file.stream({ start: 90, end: 110 }));
  expect(error).toMatchObject({
    code: 'ARTIFACT_DAMAGED',
    message: expect.stringContaining('10 bytes and not 20'),
  });
  await well.close();
});
