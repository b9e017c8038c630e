import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import type { News, Store } from '../../src/store/contract.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import {
  claim,
  commit,
  deliver,
  newRun,
  register,
  start,
  startAndClaim,
  step,
} from '../../../../test/conformance/fixtures.ts';
import { open, temporaryDirectory } from './sqlite-file.ts';

/** A store whose transactions end only when the test says so. */
function openByHand(): { store: Store; path: string; waiting: (() => void)[]; end: () => void } {
  const path = join(temporaryDirectory(), 'stepwell.db');
  const waiting: (() => void)[] = [];
  const store = openSqliteStore({
    path,
    owner: 'test',
    now: () => 0,
    soon: (callback) => void waiting.push(callback),
  });
  onTestFinished(() => store.close());
  return { store, path, waiting, end: () => waiting.splice(0).forEach((callback) => callback()) };
}

/** What another program would find in the file: what is committed. */
function committedRuns(path: string): unknown[] {
  const reader = new DatabaseSync(path, { readOnly: true });
  const ids = reader.prepare('select id from run order by key').all();
  reader.close();
  return ids.map(({ id }) => id);
}

/** A run that SQLite itself refuses. */
const IMPOSSIBLE = newRun('impossible', { createdAt: null as never });

test('calls of one moment are one transaction', async () => {
  const { store, path, waiting, end } = openByHand();
  const calls = [
    register(store),
    ...Array.from({ length: 50 }, (_, n) => start(store, `run ${n}`)),
    claim(store, { limit: 10 }),
    store.commit([step(1, 0), step(2, 0)]),
    store.commit([step(1, 1), step(1, 1)]),
    deliver(store, 3),
    store.purge('default', 'nobody'),
  ];
  let answered = 0;
  for (const call of calls) void call.then(() => answered++);
  await Promise.resolve();
  expect(waiting).toHaveLength(1);
  expect([answered, committedRuns(path)]).toEqual([0, []]);
  end();
  const answers = await Promise.all(calls);
  expect(committedRuns(path)).toHaveLength(50);
  expect(answers[51]).toMatchObject({ runs: { length: 10 } });
  expect(answers.slice(52)).toEqual([
    ['stored', 'stored'],
    ['stored', 'refused'],
    { delivered: true, run: 3 },
    false,
  ]);
  expect(waiting).toHaveLength(0);
});

test('calls after it are the next transaction', async () => {
  const { store, waiting, end } = openByHand();
  const first = start(store, 'a');
  end();
  await first;
  const second = start(store, 'b');
  expect(waiting).toHaveLength(1);
  end();
  expect(await second).toBe(2);
});

test('reads wait for the transaction that is open, and see it', async () => {
  const { store, end } = openByHand();
  const starting = start(store, 'a');
  const reads = [
    store.get('default', 'a'),
    store.query({ namespace: 'default', limit: 9 }),
    store.count({ namespace: 'default' }),
  ];
  end();
  expect(await Promise.all(reads)).toMatchObject([{ id: 'a' }, [{ id: 'a' }], { queued: 1 }]);
  await starting;
  expect(await store.get('default', 'a')).toMatchObject({ id: 'a' });
});

test('news go out when the transaction is durable, not before', async () => {
  const { store, end } = openByHand();
  const heard: News[] = [];
  store.subscribe((news) => heard.push(news));
  const calls = [start(store, 'a', { readyAt: 1800 }), start(store, 'b', { readyAt: 1700 })];
  await Promise.resolve();
  expect(heard).toEqual([]);
  end();
  await Promise.all(calls);
  expect(heard).toEqual([{ type: 'ready', at: 1700 }]);
});

test('one call that fails takes the others of its transaction with it, and the next ones are not harmed', async () => {
  const { store, path, end } = openByHand();
  const heard: News[] = [];
  store.subscribe((news) => heard.push(news));
  const failed = { code: 'STORE_FAILED', message: expect.stringContaining('NOT NULL') };
  const calls = [
    start(store, 'a', { version: 'new lane' }),
    store.get('default', 'a'),
    store.start([newRun('b'), IMPOSSIBLE]),
  ];
  const after = start(store, 'c', { version: 'new lane' });
  await expect(calls[0]).rejects.toMatchObject(failed);
  await expect(calls[2]).rejects.toMatchObject(failed);
  expect(await calls[1]).toBeNull();
  end();
  await after;
  expect(committedRuns(path)).toEqual(['c']);
  expect(await store.get('default', 'c')).toMatchObject({ version: 'new lane' });
  expect(heard).toEqual([{ type: 'ready', at: 1000 }]);
});

test('closing commits what is open; after it every call is refused', async () => {
  const { store, path } = openByHand();
  const starting = start(store, 'a');
  await store.close();
  expect(await starting).toBe(1);
  expect(committedRuns(path)).toEqual(['a']);
  await expect(start(store, 'b')).rejects.toMatchObject({ code: 'STORE_FAILED', message: /has been closed/ });
  await expect(store.get('default', 'a')).rejects.toMatchObject({ code: 'STORE_FAILED' });
  await store.close();
});

test('a commit for a purged run leaves the others of its transaction standing', async () => {
  const store = open(join(temporaryDirectory(), 'stepwell.db'));
  const key = await startAndClaim(store, 'a');
  expect(await Promise.all([commit(store, key, 0), commit(store, 99, 0), commit(store, key, 1)])).toEqual([
    'stored',
    'refused',
    'stored',
  ]);
});
