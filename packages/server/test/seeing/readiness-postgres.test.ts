// A database that is away, hangs, or can only be read: not ready, although some of it still answers; and ready again.

import { Stepwell, type StepwellError } from 'stepwell';
import { expect, onTestFinished, test } from 'vitest';
import { Client } from 'pg';
import { machineTimer } from '../../src/api.ts';
import { Readiness } from '../../src/seeing/readiness.ts';
import { openPostgresStore } from '../../../postgres/src/open.ts';
import { Proxy } from '../../../../test/postgres/proxy.ts';
import { testDatabase } from '../../../../test/postgres/shared.ts';

async function open() {
  const database = await testDatabase();
  onTestFinished(() => database.drop());
  const proxy = await Proxy.to(database.url);
  onTestFinished(() => proxy.close());
  const store = await openPostgresStore({
    url: proxy.url,
    schema: 'ready',
    connections: 3,
    onError: () => {},
  });
  onTestFinished(() => store.close());
  const well = await Stepwell.open({ store, worker: false });
  onTestFinished(() => well.close({ grace: 0 }));
  // Ten times as fast, so that what it remembers is soon old.
  const readiness = new Readiness(
    () => performance.now() * 10,
    (delay, callback) => machineTimer(delay / 10, callback),
  );
  const code = () =>
    readiness.demand(well).then(
      () => 'ready',
      (error: StepwellError) => error.code,
    );
  return { database, proxy, code };
}

const LONG_ENOUGH = { timeout: 12_000, interval: 50 };

test('the database is away', async () => {
  const { proxy, code } = await open();
  await expect.poll(code, LONG_ENOUGH).toBe('ready');
  proxy.refuse(true);
  proxy.cut();
  await expect.poll(code, LONG_ENOUGH).toMatch(/^STORE_(UNREACHABLE|FAILED)$/);
  proxy.refuse(false);
  await expect.poll(code, LONG_ENOUGH).toBe('ready');
});

test('the network swallows everything', async () => {
  const { proxy, code } = await open();
  proxy.hold();
  expect(await code()).toBe('STORE_FAILED');
  proxy.release();
  await expect.poll(code, LONG_ENOUGH).toBe('ready');
});

test('the database can only be read, as a standby', async () => {
  const { database, proxy, code } = await open();
  const client = new Client({ connectionString: database.url });
  await client.connect();
  onTestFinished(() => client.end());
  const name = new URL(database.url).pathname.slice(1);
  await client.query(`alter database ${name} set default_transaction_read_only = on`);
  proxy.cut();
  await expect.poll(code, LONG_ENOUGH).toBe('STORE_READ_ONLY');
  await client.query(`set default_transaction_read_only = off`);
  await client.query(`alter database ${name} reset default_transaction_read_only`);
  proxy.cut();
  await expect.poll(code, LONG_ENOUGH).toBe('ready');
});
