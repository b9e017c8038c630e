import { createServer } from 'node:net';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import type { Store } from 'stepwell/engine';
import { newRun, start, step } from '../../../test/conformance/fixtures.ts';
import { withSettings } from '../../../test/postgres/database.ts';
import { Proxy } from '../../../test/postgres/proxy.ts';
import { openPostgresStore } from '../src/open.ts';
import { connect, databaseUrl, newSchema, openStore } from './database.ts';

async function refusalOf(url: string, schema = newSchema()): Promise<{ code: string; message: string }> {
  try {
    await (await openPostgresStore({ url, schema })).close();
  } catch (error) {
    return error as { code: string; message: string };
  }
  throw new Error('the store was opened');
}

async function proxied(): Promise<{ proxy: Proxy; store: Store; schema: string }> {
  const proxy = await Proxy.to(await databaseUrl());
  onTestFinished(() => proxy.close());
  const schema = newSchema();
  const store = await openStore(schema, { url: proxy.url, onError: () => {} });
  return { proxy, store, schema };
}

test('nobody answers at the address', async () => {
  const listener = createServer();
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as { port: number };
  listener.close();
  await once(listener, 'close');
  const { code, message } = await refusalOf(`postgres://me:secret@127.0.0.1:${port}/db`);
  expect(code).toBe('STORE_UNREACHABLE');
  expect(message).toContain(`127.0.0.1:${port}/db`);
  expect(message).not.toContain('secret');
});

test('there is no such database', async () => {
  const url = new URL(await databaseUrl());
  url.pathname = '/nowhere';
  expect(await refusalOf(url.href)).toMatchObject({ code: 'STORE_UNREACHABLE' });
});

test('the user is not known', async () => {
  const url = new URL(await databaseUrl());
  url.username = 'nobody_knows_me';
  expect(await refusalOf(url.href)).toMatchObject({ code: 'STORE_ACCESS_DENIED' });
});

test('the user may not make a schema', async () => {
  const client = await connect();
  const user = `guest_${Math.random().toString(36).slice(2)}`;
  await client.query(`create user ${user}`);
  onTestFinished(() => client.query(`drop user ${user}`).then(() => {}));
  const url = new URL(await databaseUrl());
  url.username = user;
  expect(await refusalOf(url.href)).toMatchObject({ code: 'STORE_ACCESS_DENIED' });
});

test('an address or an option that is not understood', async () => {
  await expect(openPostgresStore({ url: 'mysql://127.0.0.1/db' })).rejects.toMatchObject({
    code: 'STORE_UNKNOWN',
  });
  const url = await databaseUrl();
  await expect(openPostgresStore({ url, schema: 'a"b' })).rejects.toMatchObject({ code: 'OPTION_INVALID' });
  await expect(openPostgresStore({ url, connections: 1 })).rejects.toMatchObject({ code: 'OPTION_INVALID' });
});

test('transactions are read only, as on a standby', async () => {
  const url = withSettings(await databaseUrl(), { default_transaction_read_only: 'on' });
  expect(await refusalOf(url)).toMatchObject({ code: 'STORE_READ_ONLY' });
});

test('transactions would not see what others have committed', async () => {
  const url = withSettings(await databaseUrl(), {
    default_transaction_isolation: "'repeatable\\ read'".replaceAll("'", ''),
  });
  const { code, message } = await refusalOf(url);
  expect(code).toBe('STORE_FAILED');
  expect(message).toContain('default_transaction_isolation');
});

test('the server becomes read only', async () => {
  const schema = newSchema();
  const store = await openStore(schema, { connections: 3, onError: () => {} });
  const client = await connect();
  const { rows } = await client.query<{ name: string }>('select current_database() as name');
  await client.query(`alter database ${rows[0]!.name} set default_transaction_read_only = on`);
  await client.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
  );
  onTestFinished(async () => {
    await client.query('set default_transaction_read_only = off');
    await client.query(`alter database ${rows[0]!.name} reset default_transaction_read_only`);
  });
  await expect
    .poll(() => store.start([newRun('a')]).catch((error: { code: string }) => error.code))
    .toBe('STORE_READ_ONLY');
});

test('the connection breaks off while a write is on its way: nobody knows whether it was done', async () => {
  const { proxy, store } = await proxied();
  const key = await start(store, 'a');
  const cut = proxy.cutNext('answer', 'refused');
  await expect(store.commit([step(key, 0)])).rejects.toMatchObject({
    code: 'STORE_FAILED',
    message: expect.stringContaining('is not known'),
  });
  await cut;
  expect(await store.journal(key, 0, 10)).toHaveLength(1);
  expect(await store.commit([step(key, 1)])).toEqual(['stored']);
});

test('the server cannot be reached for a while: what is asked for is refused, and later things go on', async () => {
  const { proxy, store } = await proxied();
  proxy.refuse(true);
  proxy.cut();
  await expect(store.start([newRun('a')])).rejects.toMatchObject({ code: expect.stringMatching(/^STORE_/) });
  proxy.refuse(false);
  expect(await store.start([newRun('a')])).toMatchObject([{ created: true }]);
});

test('a statement takes longer than the server allows', async () => {
  const schema = newSchema();
  const store = await openStore(schema, {
    url: withSettings(await databaseUrl(), { statement_timeout: 300 }),
  });
  const key = await start(store, 'a');
  const client = await connect();
  await client.query('begin');
  await client.query(`select 1 from ${schema}.run where key = ${key} for update`);
  await expect(store.deliver([{ to: { key }, now: 4_000, fact: { type: 'pause' } }])).rejects.toMatchObject({
    code: 'STORE_FAILED',
    message: expect.stringContaining('statement_timeout'),
  });
  await client.query('rollback');
  expect(await store.facts(key, 0)).toEqual([]);
});

test('a transaction that another one was in the way of is tried again', async () => {
  const schema = newSchema();
  const store = await openStore(schema);
  const [a, b] = [await start(store, 'a'), await start(store, 'b')];
  const client = await connect();
  await client.query('begin');
  await client.query(`select 1 from ${schema}.run where key = ${b} for update`);
  const pause = { type: 'pause' } as const;
  const delivering = store.deliver([a, b].map((key) => ({ to: { key }, now: 4_000, fact: pause })));
  // It has `a` and waits for `b`; whoever has `b` now asks for `a`: a circle, which the server breaks.
  await expect
    .poll(async () => (await client.query('select 1 from pg_locks where not granted')).rowCount)
    .toBeGreaterThan(0);
  await client.query(`select 1 from ${schema}.run where key = ${a} for update`).catch(() => {});
  await client.query('rollback');
  expect(await delivering).toMatchObject([{ delivered: true }, { delivered: true }]);
});

test('all connections are busy for too long', async () => {
  const schema = newSchema();
  const store = await openStore(schema, { connections: 3 });
  const key = await start(store, 'a');
  const client = await connect();
  await client.query('begin');
  await client.query(`lock table ${schema}.worker in access exclusive mode`);
  const reads = [store.workers()];
  await expect(store.workers()).rejects.toMatchObject({
    code: 'STORE_FAILED',
    message: expect.stringContaining('connections'),
  });
  // Readers do not hold up what is written.
  expect(await store.commit([step(key, 0)])).toEqual(['stored']);
  await client.query('rollback');
  expect(await Promise.all(reads)).toEqual([[]]);
});

test('a store that was closed says so', async () => {
  const store = await openStore(newSchema());
  await store.close();
  await expect(store.workers()).rejects.toMatchObject({
    code: 'STORE_FAILED',
    message: expect.stringContaining('closed'),
  });
  await expect(store.start([newRun('a')])).rejects.toMatchObject({
    message: expect.stringContaining('closed'),
  });
});

test('an id whose run was deleted by hand is damage, and no endless search', async () => {
  const schema = newSchema();
  const store = await openStore(schema);
  await store.start([newRun('r')]);
  const client = await connect();
  await client.query(`delete from ${schema}.run`);
  await expect(store.start([newRun('r')])).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
});
