import type { DatabaseSync } from 'node:sqlite';
import { StepwellError } from '../../model/errors.ts';
import { QUEUES } from './migration-3.ts';
import { TAGS_FEED_REQUESTS } from './migration-5.ts';

/** One step from a store of the version before to a store of this one. Published migrations are never changed. */
interface Migration {
  readonly version: number;
  readonly sql: string;
}

/**
 * Why the tables are as they are (2 cores, Node 24, 100 commits of 120 bytes a transaction):
 *
 * - `journal` has a rowid and a unique index rather than a clustered key: new rows of all runs go to the same few
 *   pages at the end instead of one page a run: 245,000 commits/s against 150,000, and after 50,000 runs in
 *   flight 79,000 against 41,000. The foreign key, which refuses commits of purged runs, costs 2 %.
 * - A `lane` is where runs wait: one version of one workflow, on one queue, at one priority. A claim walks the heads
 *   of the lanes that the worker fits, in `run_ready`, and so never meets a run that lies in the future or that it
 *   cannot run, however many there are.
 * - `ready_at` is set only in runs that nobody owns and that have not ended: `run_ready` holds nothing else.
 * - `blocked_at` is the `ready_at` of a run for which a claim found no slot of its concurrency key: out of the way of
 *   claims until a run of that key ends. `slot` is 1 while a run holds such a slot, 0 while it has that of the run that
 *   awaits it. `concurrency_limit` 0: what the queue says. `forced` is the number of the last forced cancel in the inbox.
 * - `turn` is a run's place in the line of a queue with settings; -1: it was cancelled before it began, and goes out of
 *   turn. In `run_ready` they stand apart from those that have no turn yet, which a claim meets once.
 *   `queue_turn` has the last turn of each key that is ahead of its queue: the others begin where the queue is.
 * - `debounce_key` is there until the run begins, is cancelled or ends: workflow and key.
 * - A run has an owner exactly while it is `running`. `run_owned` holds these few; `run_status` all others, so that a
 *   short run, which is owned from its start to its end, comes into it once.
 * - The inputs are not in `run`, because SQLite writes a whole row again when a part of it changes: with inputs of
 *   20 KB in it, claims, deliveries and releases were 15 to 30 times slower.
 */
export const MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    sql: `
create table lane (
  id integer primary key,
  workflow text not null,
  version text not null,
  queue text not null,
  priority integer not null,
  unique (workflow, version, queue, priority)
);

create table run (
  key integer primary key autoincrement,
  namespace text not null,
  id text not null,
  lane integer not null,
  status text not null,
  ready_at integer,
  owner text,
  parked_by text,
  blocked_at integer,
  slot integer,
  forced integer,
  delivered integer not null default 0,
  created_at integer not null,
  started_at integer,
  ended_at integer,
  timeout integer,
  concurrency_key text,
  concurrency_limit integer not null,
  parent_key integer,
  parent_id text,
  parent_op text,
  continued_by text,
  waiting_for text not null default '[]',
  status_text text,
  progress text,
  error text,
  output text,
  unique (namespace, id)
);
create index run_ready on run (lane, ready_at) where ready_at is not null;
create index run_forced on run (forced) where forced is not null;
create index run_owned on run (lane, namespace) where owner is not null;
create index run_blocked on run (lane, namespace, concurrency_key, blocked_at) where blocked_at is not null;
create index run_slot on run (namespace, concurrency_key) where slot is not null;
create index run_status on run (lane, status, namespace) where owner is null;
create index run_parent on run (parent_key) where parent_key is not null;

create table input (
  run integer primary key references run (key) on delete cascade,
  value text not null
);

create table journal (
  run integer not null references run (key) on delete cascade,
  position integer not null,
  at integer not null,
  count integer not null,
  events text not null,
  unique (run, position)
);

create table inbox (
  run integer not null references run (key) on delete cascade,
  number integer not null,
  fact text not null,
  primary key (run, number)
) without rowid;

create table callback (
  callback text primary key,
  run integer not null references run (key) on delete cascade,
  op text not null
) without rowid;
create index callback_run on callback (run);

create table worker (
  id text primary key,
  name text not null,
  kinds text not null,
  queues text,
  started_at integer not null,
  heartbeat_at integer not null,
  expires_at integer not null
) without rowid;
`,
  },
  {
    version: 2,
    sql: `
create table schedule (
  namespace text not null,
  name text not null,
  revision integer not null,
  value text not null,
  primary key (namespace, name)
) without rowid;
`,
  },
  { version: 3, sql: QUEUES },
  {
    version: 4,
    sql: `
create table outcome (
  run integer not null references run (key) on delete cascade,
  key text not null,
  value text,
  primary key (run, key)
) without rowid;
`,
  },
  { version: 5, sql: TAGS_FEED_REQUESTS },
  {
    version: 6,
    sql: `
create table identity (value text not null);
insert into identity (value) values (lower(hex(randomblob(16))));
`,
  },
];

/** Brings the tables up to date: each migration in a transaction of its own, its version row first. */
export function migrate(database: DatabaseSync, path: string, now: number): void {
  const applied = versionsOf(database, path);
  for (const migration of MIGRATIONS) {
    const checksum = checksumOf(migration.sql);
    const recorded = applied.get(migration.version);
    if (recorded === checksum) continue;
    if (recorded !== undefined) throw fromAnotherBuild(path, migration.version);
    database.exec('begin immediate');
    try {
      database
        .prepare('insert into stepwell_version (version, checksum, applied_at) values (?, ?, ?)')
        .run(migration.version, checksum, now);
      database.exec(migration.sql);
      database.exec('commit');
    } finally {
      if (database.isTransaction) database.exec('rollback');
    }
  }
}

/**
 * The version of the tables of a file, and the one that this Stepwell makes; the file is not changed.
 * @throws StepwellError `STORE_DAMAGED`, `STORE_TOO_NEW`
 */
export function tablesOf(database: DatabaseSync, path: string): { version: number; newest: number } {
  const isNew = database.prepare('select 1 from sqlite_master').get() === undefined;
  const applied = isNew ? new Map<number, string>() : versionsOf(database, path);
  for (const { version, sql } of MIGRATIONS) {
    if ((applied.get(version) ?? checksumOf(sql)) !== checksumOf(sql)) throw fromAnotherBuild(path, version);
  }
  return { version: Math.max(0, ...applied.keys()), newest: MIGRATIONS.length };
}

function versionsOf(database: DatabaseSync, path: string): Map<number, string> {
  const tables = database.prepare("select name from sqlite_master where type = 'table'").all();
  if (tables.length > 0 && !tables.some(({ name }) => name === 'stepwell_version')) {
    throw new StepwellError(
      'STORE_DAMAGED',
      `${path} is an SQLite database, but not a Stepwell store. Give the path of another file.`,
    );
  }
  database.exec(
    'create table if not exists stepwell_version (version integer primary key, checksum text not null, applied_at integer not null)',
  );
  const rows = database.prepare('select version, checksum from stepwell_version').all();
  const applied = new Map(rows.map((row) => [Number(row['version']), String(row['checksum'])]));
  const newest = Math.max(0, ...applied.keys());
  if (newest > MIGRATIONS.length) {
    throw new StepwellError(
      'STORE_TOO_NEW',
      `${path} was written by a newer Stepwell: its tables have version ${newest}, this Stepwell knows ${MIGRATIONS.length}. Install the newer one.`,
    );
  }
  return applied;
}

function fromAnotherBuild(path: string, version: number): StepwellError {
  return new StepwellError(
    'STORE_TOO_NEW',
    `${path} was written by another build of Stepwell: its tables of version ${version} are not the ones that this build makes. Open it with the build that made it.`,
  );
}

/** FNV-1a, 32 bits: enough to notice an edited migration. */
function checksumOf(text: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0).toString(16).padStart(8, '0');
}
