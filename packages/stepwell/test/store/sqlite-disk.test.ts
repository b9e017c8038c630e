import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import type { Store } from '../../src/store/contract.ts';
import { checkSqlite, openDatabase } from '../../src/store/sqlite/database.ts';
import { MIGRATIONS } from '../../src/store/sqlite/migrations.ts';
import { SqliteStore } from '../../src/store/sqlite/store.ts';
import { commit, get, newRun, positions, start } from '../../../../test/conformance/fixtures.ts';
import { open, spawnEngine, temporaryDirectory } from './sqlite-file.ts';

/** Writes until the store refuses; the answer is the positions that it has acknowledged, and its refusal. */
async function writeUntilFull(
  store: Store,
  key: number,
): Promise<{ acknowledged: number[]; refusal: unknown }> {
  const acknowledged: number[] = [];
  const events = JSON.stringify([{ type: 'status', text: 'x'.repeat(10_000) }]);
  for (let position = 0; position < 10_000; position++) {
    try {
      await commit(store, key, position, { events });
      acknowledged.push(position);
    } catch (refusal) {
      return { acknowledged, refusal };
    }
  }
  throw new Error('the store never became full');
}

test('a full store says so, keeps what it acknowledged, and goes on once there is room', async () => {
  const database = openDatabase(join(temporaryDirectory(), 'stepwell.db'), 0);
  database.exec('pragma max_page_count = 200');
  const store = new SqliteStore({
    database,
    path: 'stepwell.db',
    soon: (callback) => void setImmediate(callback),
    unlock: () => {},
  });
  onTestFinished(() => store.close());
  const key = await start(store, 'a');
  const { acknowledged, refusal } = await writeUntilFull(store, key);
  expect(refusal).toMatchObject({
    code: 'STORE_FULL',
    message: expect.stringContaining('There is no room left to write to stepwell.db'),
  });
  expect(await positions(store, key)).toEqual(acknowledged);
  database.exec('pragma max_page_count = 4000');
  expect(await commit(store, key, acknowledged.length)).toBe('stored');
});

/** A disk of four megabytes; null where the machine does not let us make one. */
function mountSmallDisk(): string | null {
  const directory = temporaryDirectory();
  try {
    execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', directory], { stdio: 'ignore' });
  } catch {
    return null;
  }
  onTestFinished(() => void execFileSync('/bin/umount', ['--lazy', directory]));
  return directory;
}

test('so does a store on a disk that is full', async ({ skip }) => {
  const disk = mountSmallDisk();
  if (disk === null) return skip('only root can mount a small disk');
  writeFileSync(join(disk, 'ballast'), Buffer.alloc(2_000_000));
  const store = open(join(disk, 'stepwell.db'));
  const key = await start(store, 'a');
  const { acknowledged, refusal } = await writeUntilFull(store, key);
  expect(refusal).toMatchObject({ code: 'STORE_FULL' });
  expect(acknowledged.length).toBeGreaterThan(10);
  expect(await positions(store, key)).toEqual(acknowledged);
  rmSync(join(disk, 'ballast'));
  expect(await commit(store, key, acknowledged.length)).toBe('stored');
  await store.close();
  const again = open(join(disk, 'stepwell.db'));
  expect(await positions(again, key)).toEqual([...acknowledged, acknowledged.length]);
});

/** What somebody without rights of their own hears who opens a store there. */
async function openAsNobody(path: string): Promise<unknown> {
  const { lines } = spawnEngine(path, 'hold as nobody');
  return (await lines.next()).value;
}

test('a file that cannot be written to', async () => {
  const directory = temporaryDirectory();
  const path = join(directory, 'stepwell.db');
  await open(path).close();
  chmodSync(directory, 0o777);
  rmSync(`${path}-lock`);
  chmodSync(path, 0o444);
  expect(await openAsNobody(path)).toContain(`STORE_READ_ONLY ${path} cannot be written to.`);
});

test('a directory that cannot be written to', async () => {
  const directory = temporaryDirectory();
  chmodSync(directory, 0o555);
  for (const name of ['stepwell.db', 'deeper/stepwell.db']) {
    const path = join(directory, name);
    expect(await openAsNobody(path)).toContain(`STORE_READ_ONLY ${path} cannot be written to.`);
  }
});

test('a missing directory is made', () => {
  const path = join(temporaryDirectory(), 'data/of/mine/stepwell.db');
  open(path);
  expect(statSync(path).isFile()).toBe(true);
});

test('a path that is a directory', () => {
  expect(() => open(temporaryDirectory())).toThrow(expect.objectContaining({ code: 'STORE_FAILED' }));
});

test('a file that is something else', () => {
  const path = join(temporaryDirectory(), 'letter.txt');
  writeFileSync(path, 'Dear reader, '.repeat(1000));
  expect(() => open(path)).toThrow(
    expect.objectContaining({
      code: 'STORE_DAMAGED',
      message: expect.stringContaining('not an SQLite database'),
    }),
  );
});

test('a database of another program', () => {
  const path = join(temporaryDirectory(), 'other.db');
  const database = new DatabaseSync(path);
  database.exec('create table invoice (id integer)');
  database.close();
  expect(() => open(path)).toThrow(
    expect.objectContaining({
      code: 'STORE_DAMAGED',
      message: expect.stringContaining('not a Stepwell store'),
    }),
  );
});

test('a file that was cut off', async () => {
  const path = join(temporaryDirectory(), 'stepwell.db');
  await open(path).close();
  truncateSync(path, 3 * 4096);
  expect(() => open(path)).toThrow(expect.objectContaining({ code: 'STORE_DAMAGED' }));
});

test('damage that shows itself only later', async () => {
  const directory = temporaryDirectory();
  const path = join(directory, 'stepwell.db');
  const store = open(path);
  const long = 'x'.repeat(3000);
  await store.start(Array.from({ length: 500 }, (_, n) => newRun(`run ${n}`, { input: long })));
  await store.close();
  const copy = join(directory, 'copy.db');
  copyFileSync(path, copy);
  truncateSync(copy, statSync(path).size - 200 * 4096);
  const read = async () => {
    const damaged = open(copy);
    for (let n = 0; n < 500; n++) await damaged.get('default', `run ${n}`);
  };
  await expect(read()).rejects.toMatchObject({
    code: 'STORE_DAMAGED',
    message: expect.stringContaining(copy),
  });
});

test('a store of a newer version, or of another build', async () => {
  const path = join(temporaryDirectory(), 'stepwell.db');
  const store = open(path);
  await start(store, 'a');
  await store.close();
  const edit = (sql: string) => {
    const database = new DatabaseSync(path);
    database.exec(sql);
    database.close();
  };
  edit(`insert into stepwell_version values (${MIGRATIONS.length + 1}, '', 0)`);
  expect(() => open(path)).toThrow(
    expect.objectContaining({ code: 'STORE_TOO_NEW', message: expect.stringContaining('newer') }),
  );
  edit(
    `delete from stepwell_version where version > ${MIGRATIONS.length}; update stepwell_version set checksum = 'x'`,
  );
  expect(() => open(path)).toThrow(
    expect.objectContaining({ code: 'STORE_TOO_NEW', message: expect.stringContaining('another build') }),
  );
});

test('opening again changes nothing', async () => {
  const path = join(temporaryDirectory(), 'stepwell.db');
  const first = open(path);
  await start(first, 'a');
  await commit(first, 1, 0, { change: { progress: { percent: 3 } } });
  const before = await get(first, 'a');
  await first.close();
  expect(await get(open(path), 'a')).toEqual(before);
});

test.each(['3.7.0', '3.44.2', '3.51.2'])('SQLite %s has the bug of the write-ahead log', (version) => {
  expect(() => checkSqlite(version)).toThrow(expect.objectContaining({ code: 'STORE_TOO_OLD_SQLITE' }));
});

test.each(['3.51.3', '3.53.4', '4.0.0'])('SQLite %s does not have it', (version) => {
  expect(() => checkSqlite(version)).not.toThrow();
});
