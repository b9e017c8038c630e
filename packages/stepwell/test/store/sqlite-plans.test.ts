import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { openDatabase } from '../../src/store/sqlite/database.ts';
import { SqliteStore } from '../../src/store/sqlite/store.ts';
import { CANCEL, newRun, register, start } from '../../../../test/conformance/fixtures.ts';
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
 * `lane`, `queue`, `schedule` and `worker` have a few rows each, `feed` has one, and `run_forced` those few runs that are being ended by force.
 * `run_owned` holds the runs that are being executed now. Once, when a store is opened, the open callbacks are counted,
 * and `run_slot` and `run_blocked` are looked at for whether they hold anything. `json_each` has what is asked for.
 */
const ALLOWED =
  /^SCAN (CONSTANT ROW|json_each|feed|lane|queue|schedule|worker|run USING (COVERING )?INDEX run_(forced|owned|slot|blocked)|callback USING COVERING INDEX callback_run)\b/;

/** Runs with a text in their ids: all ids are read, and those that have it sorted. */
const READS_ALL_IDS = 'indexed by sqlite_autoindex_run_1';

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
  await store.query({ ...page, below, parent, tag: 'vip', idContains: 'a' });
  await store.query({ ...page, below, tag: 'vip', statuses: ['failed'] });
  await store.query({ ...page, below, idContains: 'a', workflow: 'mail' });
  await store.count({ namespace: 'default', tag: 'vip' });
  await store.count({ namespace: 'default', createdFrom: 1 });
  await store.feed({ ...page, after: '', tag: 'vip' });
  await store.artifactRuns(null, 9);
  const queue = { namespace: 'default', queue: 'default', now: 1000 };
  const limits = { concurrency: 9, rate: { limit: 2, period: 1000 }, perKey: 1, startDeadline: 5000 };
  await store.setQueue({ ...queue, limits });
  const keyed = { workflow: 'mail', concurrencyKey: 'k', concurrencyLimit: null };
  await store.start(['e', 'f', 'g'].map((id) => newRun(id, keyed)));
  const debounce = { key: 'd', maxWait: null };
  await store.start(['h', 'i'].map((id) => newRun(id, { debounce, readyAt: 3000 })));
  const claim = { worker: 'w1', kinds, queues: null, limit: 9 };
  await store.claim({ ...claim, now: 2000 });
  await store.deliver([{ to: { namespace: 'default', id: 'g' }, now: 2000, fact: CANCEL }]);
  await store.claim({ ...claim, now: 2000 });
  await store.queues('default');
  await store.setQueue({ ...queue, limits: {} });

  const selects = [...statements].filter((sql) => !/^(begin|commit)/.test(sql));
  expect(selects.length).toBeGreaterThan(40);
  const others = selects.filter((sql) => !sql.includes(READS_ALL_IDS));
  expect(selects.length - others.length).toBe(2);
  const slow = others.flatMap((sql) =>
    planOf(database, sql)
      .filter((step) => /SCAN|TEMP B-TREE/.test(step) && !ALLOWED.test(step))
      .map((step) => `${step}: ${sql}`),
  );
  expect(slow).toEqual([]);
});

test('a claim walks the heads of its lanes in their index', () => {
  const database = openDatabase(join(temporaryDirectory(), 'stepwell.db'), 0);
  onTestFinished(() => database.close());
  const lane = 'select key, ready_at, turn from run where lane = ? and turn is null and ready_at <= ?';
  expect(planOf(database, `${lane} union all ${lane} order by ready_at, key limit 1`)).toEqual([
    'MERGE (UNION ALL)',
    'LEFT',
    'SEARCH run USING COVERING INDEX run_ready (lane=? AND turn=? AND ready_at<?)',
    'RIGHT',
    'SEARCH run USING COVERING INDEX run_ready (lane=? AND turn=? AND ready_at<?)',
  ]);
  const line = 'select key, ready_at, turn from run where lane = ? and turn >= 0 and ready_at <= ?';
  expect(planOf(database, `${line} union all ${line} order by turn, ready_at, key limit 1`)).toEqual([
    'MERGE (UNION ALL)',
    'LEFT',
    'SEARCH run USING COVERING INDEX run_ready (lane=? AND turn>?)',
    'RIGHT',
    'SEARCH run USING COVERING INDEX run_ready (lane=? AND turn>?)',
  ]);
});
