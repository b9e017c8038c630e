import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { openDatabase } from '../../src/store/sqlite/database.ts';
import { MIGRATIONS } from '../../src/store/sqlite/migrations.ts';
import { claimIds, commit, end, get, register } from '../../../../test/conformance/fixtures.ts';
import { open, temporaryDirectory } from './sqlite-file.ts';

/** A file as a Stepwell made it that knew only the first migrations. */
function fileOfVersion(version: number, fill: string): string {
  const directory = temporaryDirectory();
  const current = openDatabase(join(directory, 'current.db'), 0);
  const versions = current.prepare('select * from stepwell_version where version <= ?').all(version);
  current.close();
  const path = join(directory, 'old.db');
  const old = new DatabaseSync(path);
  old.exec('create table stepwell_version (version integer primary key, checksum text, applied_at integer)');
  const insert = old.prepare('insert into stepwell_version values (?, ?, 0)');
  for (const row of versions) insert.run(Number(row['version']), String(row['checksum']));
  for (const { sql } of MIGRATIONS.slice(0, version)) old.exec(sql);
  old.exec(fill);
  old.close();
  return path;
}

const RUNS = `
insert into lane values (1, 'order', '1', 'default', 0), (2, 'mail', '1', 'slow', 3), (3, 'gone', '1', 'default', 0);
insert into run (key, namespace, id, lane, status, ready_at, blocked_at, slot, created_at, started_at, ended_at,
    concurrency_key, concurrency_limit)
  values
    (1, 'default', 'holder', 1, 'waiting', null, null, 1, 10, 20, null, 'k', 1),
    (2, 'default', 'blocked', 1, 'queued', null, 30, null, 10, null, null, 'k', 1),
    (3, 'another', 'ready', 1, 'queued', 40, null, null, 10, null, null, null, 1),
    (4, 'default', 'mail', 2, 'queued', 50, null, null, 10, null, null, null, 1),
    (5, 'another', 'mail', 2, 'failed', null, null, null, 10, 20, 30, null, 1),
    (6, 'another', 'only here', 2, 'waiting', 60, null, null, 10, 20, null, null, 1);
insert into journal values (1, 0, 20, 1, '[{"type":"run.activated","worker":"w0","format":1}]');
`;

test('a file of version 1 is brought up to date, and its runs go on', async () => {
  const path = fileOfVersion(1, RUNS);
  const store = open(path);
  const kinds = ['order@1', 'mail@1'];
  await register(store, { kinds });
  expect(await claimIds(store, { kinds })).toEqual(['mail', 'only here', 'ready']);
  expect((await get(store, 'blocked')).waitingFor).toEqual([{ kind: 'concurrency', detail: 'k' }]);
  expect(await commit(store, 1, 1, { change: end() })).toBe('stored');
  const { commits } = await store.feed({ namespace: 'default', after: '', limit: 9 });
  expect(commits.map(({ id, tags, commit: { position, at } }) => [id, tags, position, at])).toEqual([
    ['holder', [], 0, 20],
    ['holder', [], 1, 3000],
  ]);
  expect(await claimIds(store, { kinds })).toEqual(['blocked']);
  expect(await store.count({ namespace: 'another' })).toEqual({ running: 2, failed: 1 });
  expect((await store.queues('another')).map(({ name, counts }) => [name, counts])).toEqual([
    ['default', { running: 1 }],
    ['slow', { failed: 1, running: 1 }],
  ]);
  expect(
    await store.query({ namespace: 'another', queue: 'slow', statuses: ['failed'], limit: 9 }),
  ).toMatchObject([{ id: 'mail', workflow: 'mail', priority: 3 }]);
});

test('its lanes are of one namespace each after that', () => {
  const database = openDatabase(fileOfVersion(1, RUNS), 0);
  const lanes = database
    .prepare('select namespace, workflow, queue, priority from lane order by namespace, workflow')
    .all()
    .map((lane) => Object.values(lane).join(' '));
  expect(lanes).toEqual([
    'another mail slow 3',
    'another order default 0',
    'default mail slow 3',
    'default order default 0',
  ]);
  const astray = database.prepare(
    'select count(*) as runs from run join lane on lane.id = run.lane where lane.namespace <> run.namespace',
  );
  expect(astray.get()).toEqual({ runs: 0 });
  expect(
    database.prepare('select count(*) as runs from run where lane not in (select id from lane)').get(),
  ).toEqual({ runs: 0 });
  database.close();
});

test('a file of every version before is brought up to date', () => {
  for (let version = 1; version < MIGRATIONS.length; version++) {
    const database = openDatabase(fileOfVersion(version, ''), 0);
    expect(database.prepare('select max(version) as version from stepwell_version').get()).toEqual({
      version: MIGRATIONS.length,
    });
    database.close();
  }
});
