import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { commit, newRun, start } from '../../../../test/conformance/fixtures.ts';
import { openSqliteReader } from '../../src/store/sqlite/reader.ts';
import { open, temporaryDirectory } from './sqlite-file.ts';

function read(path: string) {
  let time = 0;
  const reader = openSqliteReader({ path, now: () => time });
  onTestFinished(() => reader.close());
  return { reader, later: () => (time += 1_000) };
}

const ids = { namespace: 'default', limit: 10 };

test('what an engine writes is read beside it, a second later at most', async () => {
  const path = join(temporaryDirectory(), 'stepwell.db');
  const store = open(path);
  const key = await start(store, 'a');
  const { reader, later } = read(path);
  expect((await reader.query(ids)).map(({ id }) => id)).toEqual(['a']);
  await commit(store, key, 0);
  // A workflow, a queue and a namespace that were not there when the file was opened.
  const other = { ...newRun('b'), workflow: 'other', queue: 'new', namespace: 'elsewhere' };
  await store.start([other]);
  expect(await reader.journal(key, 0, 10)).toEqual([]);
  later();
  expect(await reader.journal(key, 0, 10)).toEqual(await store.journal(key, 0, 10));
  expect(await reader.dump(0, 10)).toEqual(await store.dump(0, 10));
  expect(await reader.get('elsewhere', 'b')).toMatchObject({ workflow: 'other', queue: 'new' });
  expect(await reader.namespaces()).toEqual(await store.namespaces());
  expect(await reader.count({ namespace: 'default' })).toEqual({ queued: 1 });
  expect(await reader.workers()).toEqual([]);
  expect((await reader.queues('elsewhere')).map(({ name }) => name)).toEqual(['new']);
});

test('one call reads one state of the file', async () => {
  const path = join(temporaryDirectory(), 'stepwell.db');
  const store = open(path);
  const key = await start(store, 'a');
  const { reader } = read(path);
  const before = await reader.dump(0, 10);
  for (let position = 0; position < 5; position++) await commit(store, key, position);
  expect(await reader.dump(0, 10)).toEqual(before);
});

test('it takes no lock, and can write nothing', async () => {
  const path = join(temporaryDirectory(), 'stepwell.db');
  await open(path).close();
  const { reader } = read(path);
  await reader.query(ids);
  const store = open(path);
  expect(await start(store, 'a')).toBeGreaterThan(0);
  const readOnly = new DatabaseSync(path, { readOnly: true });
  onTestFinished(() => readOnly.close());
  expect(() => readOnly.exec('delete from run')).toThrow('readonly');
});

test('a file that is not there is not made; tables of another version are left as they are', async () => {
  const path = join(temporaryDirectory(), 'stepwell.db');
  const missing = () => openSqliteReader({ path, now: () => 0 });
  expect(missing).toThrow(expect.objectContaining({ code: 'STORE_UNREACHABLE' }));
  expect(existsSync(path)).toBe(false);
  await open(path).close();
  const change = (sql: string) => {
    const database = new DatabaseSync(path);
    database.exec(sql);
    database.close();
  };
  change("insert into stepwell_version values (999, 'x', 0)");
  expect(missing).toThrow(expect.objectContaining({ code: 'STORE_TOO_NEW' }));
  change('delete from stepwell_version where version > 2');
  expect(missing).toThrow(
    expect.objectContaining({ code: 'STORE_FAILED', message: expect.stringContaining('have version 2') }),
  );
});
