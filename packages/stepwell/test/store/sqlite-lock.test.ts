import { once } from 'node:events';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { claimOnly, get, positions, register, start } from '../../../../test/conformance/fixtures.ts';
import { open, spawnEngine, temporaryDirectory } from './sqlite-file.ts';

test('a second engine in the same process is refused at once, and told of the first', () => {
  const path = join(temporaryDirectory(), 'stepwell.db');
  open(path, 'web-1, process 17');
  expect(() => open(path, 'web-2, process 18')).toThrow(
    expect.objectContaining({
      code: 'STORE_IN_USE',
      message: expect.stringContaining('in use by web-1, process 17, since 1970-01-01T00:00:07.000Z'),
      data: { owner: 'web-1, process 17', since: 7000 },
    }),
  );
});

test('another path to the same file is the same file', () => {
  const directory = temporaryDirectory();
  open(join(directory, 'stepwell.db'));
  symlinkSync(join(directory, 'stepwell.db'), join(directory, 'link.db'));
  expect(() => open(join(directory, 'link.db'))).toThrow(expect.objectContaining({ code: 'STORE_IN_USE' }));
});

test('an engine in another process is refused, and told of the first', async () => {
  const path = join(temporaryDirectory(), 'stepwell.db');
  open(path, 'web-1, process 17');
  const { lines } = spawnEngine(path, 'hold');
  const { value } = await lines.next();
  expect(value).toMatch(/^STORE_IN_USE .*web-1, process 17, since 1970-01-01T00:00:07/);
});

test('the file is free again when the store is closed, or could not be opened', async () => {
  const path = join(temporaryDirectory(), 'stepwell.db');
  await open(path).close();
  await open(path).close();
  const database = new DatabaseSync(path);
  database.exec('insert into stepwell_version values (99, 0, 0)');
  database.close();
  for (let n = 0; n < 2; n++)
    expect(() => open(path)).toThrow(expect.objectContaining({ code: 'STORE_TOO_NEW' }));
});

test('other programs can read the file meanwhile', async () => {
  const path = join(temporaryDirectory(), 'stepwell.db');
  const store = open(path);
  await start(store, 'a');
  const reader = new DatabaseSync(path, { readOnly: true });
  expect(reader.prepare('select id from run').all()).toMatchObject([{ id: 'a' }]);
  reader.close();
});

test('after kill -9 the next engine opens the file at once, and what ran is ready', async () => {
  const path = join(temporaryDirectory(), 'stepwell.db');
  const { child, lines } = spawnEngine(path, 'hold');
  expect((await lines.next()).value).toBe('open 1');
  expect(() => open(path)).toThrow(/in use by child, process \d+, since 2026-01-02T03:04:05/);
  child.kill('SIGKILL');
  await once(child, 'exit');
  const store = open(path);
  expect(await store.workers()).toEqual([]);
  expect(await get(store, 'a')).toMatchObject({ status: 'queued', owner: null, readyAt: 7000 });
  expect(await store.heartbeat('w1', 7000, 9000)).toBe(false);
  await register(store, { id: 'w2' });
  await claimOnly(store, 1, { worker: 'w2', now: 7000 });
});

test.each([1, 40, 400])('what was stored before kill -9 is there after it (%i commits)', async (commits) => {
  const path = join(temporaryDirectory(), 'stepwell.db');
  const { child, lines } = spawnEngine(path, 'write');
  expect((await lines.next()).value).toBe('open 1');
  const acknowledged: number[] = [];
  for await (const line of lines) {
    acknowledged.push(Number(line));
    // The lines that are still in the pipe were stored as well.
    if (acknowledged.length === commits) child.kill('SIGKILL');
  }
  const store = open(path);
  const stored = await positions(store, 1, 0, 1_000_000);
  expect(stored).toEqual(stored.map((_, index) => index));
  expect(stored.length).toBeGreaterThanOrEqual(acknowledged.length);
  expect(acknowledged).toEqual(stored.slice(0, acknowledged.length));
});
