// Each thing that stepwell doctor looks at in a file, in a set-up that is broken in just that way.

import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  openSync,
  realpathSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Stepwell } from 'stepwell';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { openSqliteStore } from '../../stepwell/src/store/sqlite/open.ts';
import type { Finding } from '../src/doctor/finding.ts';
import { lookAtNode } from '../src/doctor/node.ts';
import { lookAtType } from '../src/doctor/sqlite/file-system.ts';
import { lookAtLocks } from '../src/doctor/sqlite/locks.ts';
import { examined, faults, found } from './examined.ts';
import { start, stepwell } from './stepwell.ts';

let folder: string;
let path: string;

beforeEach(() => {
  folder = temporaryFolder(tmpdir());
  path = join(folder, 'stepwell.db');
});

function temporaryFolder(below: string): string {
  const made = realpathSync(mkdtempSync(join(below, 'stepwell-doctor-')));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

const look = () => examined({ store: `sqlite:${path}` });

async function make(): Promise<void> {
  const well = await Stepwell.open({ store: `sqlite:${path}`, worker: false });
  await well.close();
}

test('a store that is well, with and without an engine, and one that is not there yet', async () => {
  expect(faults(await look())).toEqual([]);
  expect(existsSync(path)).toBe(false);
  await using well = await Stepwell.open({ store: `sqlite:${path}` });
  const findings = await look();
  expect(faults(findings)).toEqual([]);
  expect(found(findings, 'STORE_LOCK', 'ok')[0]!.what).toContain(`held by ${hostname()}:${process.pid}`);
  expect(found(findings, 'WORKERS', 'ok')[0]!.what).toContain('1 worker is alive');
  expect(await well.counts()).toEqual({});
});

test('the command prints what is wrong and how to mend it, one finding a line for programs', async () => {
  const well = await stepwell(['doctor', '--store', `sqlite:${path}`, '--json']);
  expect(well).toMatchObject({ code: 0, stderr: '' });
  const lines = well.stdout.trim().split('\n');
  expect(lines.map((line) => (JSON.parse(line) as Finding).level)).toEqual(lines.map(() => 'ok'));
  writeFileSync(path, 'not a database, but long enough to have a header'.repeat(20));
  const broken = await stepwell(['doctor', '--store', `sqlite:${path}`]);
  expect(broken).toMatchObject({ code: 1, stderr: '1 error, 0 warnings\n' });
  expect(broken.stdout).toMatch(/\nerror {4}TABLES {2}.* is not an SQLite database.*\n {9}Restore a backup/);
});

test('a Node that is too old, and an SQLite that can lose data', () => {
  expect(faults(lookAtNode({ node: '24.21.0', sqlite: '3.53.4' }))).toEqual([]);
  expect(faults(lookAtNode({ node: '22.12.0', sqlite: '3.51.2' }))).toEqual([
    'error NODE_VERSION',
    'error SQLITE_VERSION',
  ]);
});

test('an address that is none', async () => {
  expect(faults(await examined({ store: 'mysql://x' }))).toEqual(['error STORE_ADDRESS']);
});

test('a folder in place of a file, and a file in place of a folder', async () => {
  path = folder;
  expect(faults(await look())).toEqual(['error STORE_FILE']);
  writeFileSync(join(folder, 'file'), '');
  path = join(folder, 'file', 'stepwell.db');
  expect(faults(await look())).toEqual(['error STORE_FILE']);
});

test('files that the user cannot write to', async () => {
  await make();
  chmodSync(path, 0o444);
  chmodSync(folder, 0o555);
  const printed = execFileSync(
    process.execPath,
    [new URL('./doctor-as-nobody.ts', import.meta.url).pathname, `sqlite:${path}`],
    { encoding: 'utf8' },
  );
  chmodSync(folder, 0o755);
  const findings = printed
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Finding);
  const [finding] = found(findings, 'STORE_RIGHTS', 'error');
  expect(finding!.what).toContain(`${folder}, ${path}`);
});

test('a disk that is nearly full, and one that is in memory', async (context) => {
  try {
    execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    context.skip('this machine lets nobody mount a disk');
  }
  onTestFinished(() => void execFileSync('/bin/umount', ['--lazy', folder]));
  const findings = await look();
  expect(found(findings, 'DISK_SPACE', 'error')[0]!.what).toContain('Only 4 MB are free');
  expect(found(findings, 'FILE_SYSTEM', 'warning')[0]!.what).toContain('in memory (tmpfs)');
});

test('file systems by their numbers', () => {
  const level = (type: number) => lookAtType('x', type).level;
  expect([0x6969, 0xff534d42, 0x01021997].map(level)).toEqual(['error', 'error', 'error']);
  expect([0x01021994, 0x65735546].map(level)).toEqual(['warning', 'warning']);
  // ext4, btrfs, xfs, overlay: those on which this test runs.
  expect(
    [0xef53, 0x9123683e, 0x58465342, 0x794c7630, statfsSync(import.meta.dirname).type].map(level),
  ).toEqual(Array.from({ length: 5 }, () => 'ok'));
});

test('a file system whose locks keep nobody out', () => {
  expect(lookAtLocks(folder).level).toBe('ok');
  // As SQLite uses one that has none.
  expect(lookAtLocks(folder, 'unix-none')).toMatchObject({ level: 'error', code: 'FILE_LOCKS' });
  // As one that refuses all locks.
  expect(lookAtLocks(join(folder, 'not there')).what).toContain('No lock can be had');
});

/** A worker in a process of its own that has the file. */
async function worker() {
  const child = start(['worker', join(import.meta.dirname, 'workflows.ts'), '--store', `sqlite:${path}`]);
  onTestFinished(() => void child.kill('SIGKILL'));
  await new Promise((resolve) => child.stdout.once('data', resolve));
  return child;
}

test('an engine that was stopped, and one that has died', async () => {
  const child = await worker();
  expect(faults(await look())).toEqual([]);
  child.kill('SIGSTOP');
  await expect
    .poll(async () => found(await look(), 'STORE_LOCK', 'error')[0]!.mend)
    .toContain(`kill -CONT ${child.pid}`);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
  expect(found(await look(), 'STORE_LOCK', 'warning')[0]!.what).toContain('has died without closing it');
  await make();
  expect(found(await look(), 'STORE_LOCK', 'ok')[0]!.what).toContain('No engine has');
});

test('a lock of another program', async () => {
  await make();
  const shell = new DatabaseSync(path);
  onTestFinished(() => shell.close());
  shell.exec('begin immediate');
  await expect(make()).rejects.toMatchObject({ code: 'STORE_FAILED' });
  expect(found(await look(), 'STORE_LOCK', 'error')[0]!.what).toContain('Another program has locked');
  shell.exec('rollback');
  expect(faults(await look())).toEqual([]);
});

test.each([
  ['another machine', 'elsewhere.example:12', 'of another machine'],
  ['a process that is not here', `${hostname()}:99999999`, 'not by the process that says so'],
])('a lock of %s', async (_, owner, says) => {
  const store = openSqliteStore({
    path,
    owner,
    now: () => 0,
    soon: (callback) => void setImmediate(callback),
  });
  onTestFinished(() => store.close());
  expect(found(await look(), 'STORE_LOCK', 'warning')[0]!.what).toContain(says);
});

test('tables of a newer Stepwell, of an older one, and of something else', async () => {
  await make();
  const change = (sql: string) => {
    const database = new DatabaseSync(path);
    database.exec(sql);
    database.close();
  };
  change("insert into stepwell_version values (999, 'x', 0)");
  expect(found(await look(), 'TABLES', 'error')[0]!.what).toContain('version 999');
  change('delete from stepwell_version where version > 1');
  expect(found(await look(), 'TABLES', 'ok')[0]!.what).toMatch(/have version 1; the next engine .* to \d/);
  change('drop table stepwell_version');
  expect(found(await look(), 'TABLES', 'error')[0]!.what).toContain('not a Stepwell store');
});

test('a file that is damaged', async () => {
  await make();
  const file = openSync(path, 'r+');
  for (let at = 4096; at < statSync(path).size; at += 4096)
    writeSync(file, Buffer.alloc(100, 0xab), 0, 100, at);
  expect(found(await look(), 'TABLES', 'error')[0]!.what).toContain('is damaged');
});
