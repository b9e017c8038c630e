import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { openDatabase } from '../../src/store/sqlite/database.ts';
import { SqliteStore } from '../../src/store/sqlite/store.ts';
import { register, start } from '../../../../test/conformance/fixtures.ts';
import { temporaryDirectory } from './sqlite-file.ts';

/** Collects every statement that is prepared on a database. */
function record(database: DatabaseSync): Set<string> {
  const statements = new Set<string>();
  const prepare = database.prepare.bind(database);
  database.prepare = (sql) => {
    statements.add(sql);
    return prepare(sql);
  };
  return statements;
}

function planOf(database: DatabaseSync, sql: string): string[] {
  return database
    .prepare(`explain query plan ${sql}`)
    .all()
    .map(({ detail }) => String(detail));
}

/**
 * `lane` and `worker` have a few rows each, and `run_forced` those few runs that are being ended by force.
 * `run_owned` holds the runs that are being executed now. Once, when a store is opened, the open callbacks are counted,
 * and `run_slot` and `run_blocked` are looked at for whether they hold anything.
 */
const ALLOWED =
  /^SCAN (CONSTANT ROW|lane|worker|run USING (COVERING )?INDEX run_(forced|owned|slot|blocked)|callback USING COVERING INDEX callback_run)\b/;

test('no statement walks over all runs, or sorts them', async () => {
  const database = openDatabase(join(temporaryDirectory(), 'stepwell.db'), 0);
  const statements = record(database);
  const store = new SqliteStore({
    database,
    path: '',
    soon: (callback) => void setImmediate(callback),
    unlock: () => {},
  });
  onTestFinished(() => store.close());

  const kinds = ['order@1', 'mail@1', 'mail@2'];
  await register(store, { kinds });
  const parent = await start(store, 'a');
  await start(store, 'b', { workflow: 'mail', version: '2' });
  await start(store, 'c', { workflow: 'mail', priority: 3 });
  await start(store, 'd', { workflow: 'mail', queue: 'slow' });
  await store.claim({ worker: 'w1', kinds, queues: null, limit: 1, now: 2000 });
  const below = 99;
  const page = { namespace: 'default', limit: 10 };
  await store.query(page);
  await store.query({ ...page, below, statuses: ['failed'] });
  await store.query({ ...page, below, workflow: 'mail' });
  await store.query({ ...page, below, workflow: 'mail', statuses: ['failed', 'stuck'] });
  await store.query({ ...page, below, parent });
  await store.query({ ...page, below, parent, statuses: ['failed'], queue: 'slow' });

  const selects = [...statements].filter((sql) => !/^(begin|commit)/.test(sql));
  expect(selects.length).toBeGreaterThan(40);
  const slow = selects.flatMap((sql) =>
    planOf(database, sql)
      .filter((step) => /SCAN|TEMP B-TREE/.test(step) && !ALLOWED.test(step))
      .map((step) => `${step}: ${sql}`),
  );
  expect(slow).toEqual([]);
});

test('a claim walks the heads of its lanes in their index', () => {
  const database = openDatabase(join(temporaryDirectory(), 'stepwell.db'), 0);
  onTestFinished(() => database.close());
  const lane = 'select key, ready_at from run where lane = ? and ready_at <= ?';
  expect(planOf(database, `${lane} union all ${lane} order by ready_at, key limit 1`)).toEqual([
    'MERGE (UNION ALL)',
    'LEFT',
    'SEARCH run USING COVERING INDEX run_ready (lane=? AND ready_at<?)',
    'RIGHT',
    'SEARCH run USING COVERING INDEX run_ready (lane=? AND ready_at<?)',
  ]);
});
