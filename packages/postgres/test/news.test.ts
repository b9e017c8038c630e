import { expect, onTestFinished, test } from 'vitest';
import type { News, Store } from 'stepwell/engine';
import { deliver, EVENT, get, newRun, start, step } from '../../../test/conformance/fixtures.ts';
import { Proxy } from '../../../test/postgres/proxy.ts';
import { connect, databaseUrl, newSchema, openStore } from './database.ts';

function listen(store: Store): News[] {
  const heard: News[] = [];
  onTestFinished(store.subscribe((news) => heard.push(news)));
  return heard;
}

async function register(store: Store): Promise<void> {
  const lease = { startedAt: 1, heartbeatAt: 1, expiresAt: 1_000_000 };
  await store.register({ id: 'w1', name: 'w1', kinds: ['order@1'], queues: null, ...lease });
}

test('what one store has written the others hear of', async () => {
  const schema = newSchema();
  const [one, other] = [await openStore(schema), await openStore(schema)];
  const heard = listen(other);
  const key = await start(one, 'a', { readyAt: 1_700 });
  await expect.poll(() => heard).toContainEqual({ type: 'ready', at: 1_700 });
  await register(one);
  await one.claim({ worker: 'w1', kinds: ['order@1'], queues: null, limit: 1, now: 2_000 });
  await deliver(one, key);
  await expect.poll(() => heard).toContainEqual({ type: 'fact', run: key });
  await one.commit([step(key, 0)]);
  await expect.poll(() => heard).toContainEqual({ type: 'journal', run: key, ended: false });
});

test('so it is with the longest name that a schema can have', async () => {
  const schema = 'a'.repeat(54);
  const [one, other] = [await openStore(schema), await openStore(schema)];
  const heard = listen(other);
  await start(one, 'a', { readyAt: 1_700 });
  await expect.poll(() => heard).toContainEqual({ type: 'ready', at: 1_700 });
  await expect(openStore(`${schema}a`)).rejects.toMatchObject({ code: 'OPTION_INVALID' });
});

test('a store hears its own news once', async () => {
  const schema = newSchema();
  const [one, other] = [await openStore(schema), await openStore(schema)];
  const heard = listen(one);
  await start(one, 'a', { readyAt: 1_700 });
  // By the time that it hears of this one, it would have heard its own again.
  await start(other, 'b', { readyAt: 1_800 });
  await expect.poll(() => heard).toContainEqual({ type: 'ready', at: 1_800 });
  expect(heard).toEqual([
    { type: 'ready', at: 1_700 },
    { type: 'ready', at: 1_800 },
  ]);
});

test('stores of different schemas do not hear each other', async () => {
  const [one, stranger] = [await openStore(newSchema()), await openStore(newSchema())];
  const schema = newSchema();
  const listener = await openStore(schema);
  const heard = listen(listener);
  await start(one, 'a', { readyAt: 1_700 });
  await start(stranger, 'a', { readyAt: 1_750 });
  await start(await openStore(schema), 'b', { readyAt: 1_800 });
  await expect.poll(() => heard).toEqual([{ type: 'ready', at: 1_800 }]);
});

test('news that do not fit into a notification tell the others to look at everything', async () => {
  const schema = newSchema();
  const [one, other] = [await openStore(schema), await openStore(schema)];
  const answers = await one.start(Array.from({ length: 3_000 }, (_, n) => newRun(`run ${n}`)));
  const keys = answers.map((answer) => (answer.created ? answer.key : -1));
  const heard = listen(other);
  expect(new Set(await one.commit(keys.map((key) => step(key, 0))))).toEqual(new Set(['stored']));
  await expect.poll(() => heard).toContainEqual({ type: 'missed' });
});

test('a listener that was cut off listens again, and says that it may have missed something', async () => {
  const schema = newSchema();
  const reported: unknown[] = [];
  const one = await openStore(schema, { onError: () => {} });
  const other = await openStore(schema, { onError: (error) => reported.push(error) });
  const heard = listen(other);
  const client = await connect();
  // Their last question was what time it is.
  const { rowCount } = await client.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and query like '%clock_timestamp%' and pid <> pg_backend_pid()`,
  );
  expect(rowCount).toBe(2);
  await expect.poll(() => heard, { timeout: 10_000 }).toContainEqual({ type: 'missed' });
  expect(reported).toEqual([expect.objectContaining({ code: 'STORE_FAILED' })]);
  await start(one, 'a', { readyAt: 1_700 });
  await expect.poll(() => heard).toContainEqual({ type: 'ready', at: 1_700 });
});

test('what was to be told while nobody could be told is told later', async () => {
  const schema = newSchema();
  const direct = await databaseUrl();
  const proxy = await Proxy.to(direct);
  onTestFinished(() => proxy.close());
  const cutOff = await openStore(schema, { listenUrl: proxy.url, onError: () => {} });
  const other = await openStore(schema);
  const heard = listen(other);
  proxy.refuse(true);
  proxy.cut();
  const key = await start(cutOff, 'a', { readyAt: 1_700 });
  await expect.poll(() => proxy.connections).toBe(0);
  await deliver(cutOff, key, EVENT);
  expect((await get(other, 'a')).delivered).toBe(1);
  proxy.refuse(false);
  await expect.poll(() => heard, { timeout: 10_000 }).toContainEqual({ type: 'missed' });
});
