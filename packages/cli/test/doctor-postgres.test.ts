// Each thing that stepwell doctor looks at in a PostgreSQL, on a server that is set up in just that wrong way.

import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import { Client } from 'pg';
import { Stepwell, workflow } from 'stepwell';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { withSettings } from '../../../test/postgres/database.ts';
import { createDatabase, type TestDatabase } from '../../../test/postgres/database.ts';
import { type PostgresServer, startPostgres } from '../../../test/postgres/server.ts';
import { lookAtSettings } from '../src/doctor/postgres/settings.ts';
import type { PostgresProbe } from '../src/doctor/postgres/probe.ts';
import { examined, faults, found } from './examined.ts';
import { stepwell } from './stepwell.ts';

let server: PostgresServer;
let database: TestDatabase;

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.close());

beforeEach(async () => {
  database = await createDatabase(server.url);
  onTestFinished(() => database.drop());
});

const hello = workflow('hello', (ctx) => ctx.step('greet', () => 'hello'));

async function make(url = database.url): Promise<void> {
  const well = await Stepwell.open({ store: url, worker: false });
  await well.close();
}

async function run(sql: string, url = database.url): Promise<void> {
  const client = new Client({ connectionString: url });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query(sql);
  } finally {
    await client.end();
  }
}

test('a database that is well, before and after its tables are made', async () => {
  const empty = await examined({ store: database.url });
  expect(faults(empty)).toEqual([]);
  expect(found(empty, 'TABLES', 'ok')[0]!.what).toContain('There are no tables');
  {
    await using well = await Stepwell.open({ store: database.url, workflows: [hello] });
    await (await well.start(hello)).result();
    const findings = await examined({ store: database.url }, { workflows: [hello] });
    expect(faults(findings)).toEqual([]);
    expect(found(findings, 'WORKERS', 'ok')[0]!.what).toContain('1 worker is alive');
  }
  const command = await stepwell(['doctor', '--store', database.url, '--json']);
  expect(command).toMatchObject({ code: 0, stderr: '' });
  expect(command.stdout).toContain('"code":"POSTGRES_NOTIFICATIONS"');
});

test('no server, no such database, nobody is let in', async () => {
  const away = database.url.replace(/:\d+\//, ':1/');
  expect(faults(await examined({ store: away }))).toEqual(['error POSTGRES_CONNECTION']);
  const other = `${database.url}_of_somebody_else`;
  expect(found(await examined({ store: other }), 'POSTGRES_CONNECTION', 'error')[0]!.what).toContain(
    'There is no such database',
  );
  const stranger = database.url.replace('stepwell@', 'stranger@');
  expect(found(await examined({ store: stranger }), 'POSTGRES_CONNECTION', 'error')[0]!.what).toContain(
    'does not let this user in',
  );
});

test('a server that may lose what it acknowledged, clears nothing away, and has no room', async () => {
  const settings = { autovacuum: 'off', track_counts: 'off', max_connections: 12 };
  const bad = await startPostgres({ durable: false, settings });
  try {
    const findings = await examined({ store: bad.url });
    const durability = found(findings, 'POSTGRES_DURABILITY', 'error').map(({ what }) => what.split(' ')[0]);
    expect(durability).toEqual(['fsync', 'full_page_writes', 'synchronous_commit']);
    const vacuum = found(findings, 'POSTGRES_AUTOVACUUM', 'warning').map(({ what }) => what.split(' ')[0]);
    expect(vacuum).toEqual(['autovacuum', 'track_counts']);
    expect(found(findings, 'POSTGRES_CONNECTIONS', 'error')[0]!.what).toContain(
      '0 of 9 connections are in use; a process with a store takes up to 11',
    );
    const fewer = await examined({ store: `${bad.url}?connections=6` });
    expect(found(fewer, 'POSTGRES_CONNECTIONS', 'warning')[0]!.what).toContain('room for one more');
    expect(
      found(await examined({ store: `${bad.url}?connections=3` }), 'POSTGRES_CONNECTIONS', 'ok'),
    ).toHaveLength(1);
  } finally {
    await bad.close();
  }
});

test('a table whose dead rows stay', async () => {
  await make();
  await run('alter table stepwell.run set (autovacuum_enabled = false)');
  const [finding] = found(await examined({ store: database.url }), 'POSTGRES_AUTOVACUUM', 'warning');
  expect(finding!.what).toContain('off for the table stepwell.run');
});

test('transactions that are read only, and such that see too little', async () => {
  await make();
  const readOnly = withSettings(database.url, { default_transaction_read_only: 'on' });
  expect(faults(await examined({ store: readOnly }))).toEqual(['error POSTGRES_WRITES']);
  const serializable = withSettings(database.url, { default_transaction_isolation: 'serializable' });
  expect(faults(await examined({ store: serializable }))).toEqual(['error POSTGRES_ISOLATION']);
});

test('a standby', async (context) => {
  if (!server.canHaveStandby) context.skip('this PostgreSQL comes without pg_basebackup');
  const standby = await server.startStandby();
  const url = standby.url.replace(/\/stepwell$/, '/postgres');
  expect(found(await examined({ store: url }), 'POSTGRES_WRITES', 'error')[0]!.what).toContain('a standby');
  await standby.stop('immediate');
});

test('a PostgreSQL that is too old', async () => {
  const settings = { fsync: 'on', full_page_writes: 'on', synchronous_commit: 'on' };
  const row = { version: 14, isolation: 'read committed', standby: false, settings };
  const probe = {
    schema: 'x',
    query: async (text: string) => (text.includes('server_version_num') ? [row] : []),
  };
  expect(faults(await lookAtSettings(probe as unknown as PostgresProbe))).toEqual(['error POSTGRES_VERSION']);
});

test('a user who may not make the tables, and one who may not use them all', async () => {
  const name = `poor_${process.pid}_${Date.now()}`;
  await run(`create role ${name} login`);
  onTestFinished(() => run(`drop owned by ${name}; drop role ${name}`, server.url));
  const poor = database.url.replace('stepwell@', `${name}@`);
  const mayNot = async () => found(await examined({ store: poor }), 'POSTGRES_RIGHTS', 'error')[0]!.what;
  expect(await mayNot()).toContain('may not make a schema in this database');
  await make();
  expect(await mayNot()).toContain('may not use the schema stepwell');
  await run(`grant usage on schema stepwell to ${name};
    grant all on all tables in schema stepwell to ${name};
    grant all on all sequences in schema stepwell to ${name}`);
  expect(faults(await examined({ store: poor }))).toEqual([]);
  await run(`revoke insert on stepwell.journal from ${name}`);
  expect(await mayNot()).toBe(`The user ${name} may not insert journal.`);
  await run(`drop owned by ${name}`);
});

test('tables of a newer Stepwell, and those of somebody else', async () => {
  await make();
  await run("insert into stepwell.stepwell_version (version, checksum) values (999, 'x')");
  expect(found(await examined({ store: database.url }), 'TABLES', 'error')[0]!.what).toContain('version 999');
  await run('create schema shop; create table shop.sale (n integer)');
  const shop = `${database.url}?schema=shop`;
  expect(found(await examined({ store: shop }), 'TABLES', 'error')[0]!.what).toContain(
    'not those of a Stepwell',
  );
  const check = await stepwell(['check', '--store', shop, '--workflows', 'x.ts', '--json']);
  expect(check.code).not.toBe(0);
});

test('a clock that is five minutes off', async () => {
  const findings = await examined({ store: database.url }, { now: () => Date.now() + 300_000 });
  expect(found(findings, 'POSTGRES_CLOCK', 'warning')[0]!.what).toMatch(/differ by (5m 00s|4m 59s)/);
});

test('a pooler that keeps no listener', { timeout: 30_000 }, async () => {
  const pooled = await pooler(server.port);
  const url = database.url.replace(/:\d+\//, `:${pooled}/`);
  expect(found(await examined({ store: url }), 'POSTGRES_NOTIFICATIONS', 'error')[0]!.mend).toContain(
    'listen_url',
  );
  const past = `${url}?listen_url=${encodeURIComponent(database.url)}`;
  expect(faults(await examined({ store: past }))).toEqual([]);
  const nowhere = `${url}?listen_url=${encodeURIComponent(database.url.replace(/:\d+\//, ':1/'))}`;
  expect(found(await examined({ store: nowhere }), 'POSTGRES_NOTIFICATIONS', 'error')[0]!.what).toContain(
    'Nobody can listen',
  );
});

/** Passes all on but notifications: as seen through a pooler that gives the connection away after each transaction. */
async function pooler(port: number): Promise<number> {
  const listener = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    client.pipe(upstream);
    withoutNotifications(upstream, client);
    for (const socket of [client, upstream])
      socket.on('error', () => {}).on('close', () => [client, upstream].forEach((one) => one.destroy()));
  }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  onTestFinished(() => void listener.close());
  return (listener.address() as AddressInfo).port;
}

/** A message of the server is a letter, the length of what follows (4 bytes, itself included), and that. `A`: a notification. */
function withoutNotifications(from: Socket, to: Socket): void {
  let rest = Buffer.alloc(0);
  from.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 5 && rest.length > rest.readUInt32BE(1)) {
      const end = 1 + rest.readUInt32BE(1);
      if (rest[0] !== 'A'.charCodeAt(0)) to.write(rest.subarray(0, end));
      rest = rest.subarray(end);
    }
  });
}

test('a store in PostgreSQL is exported and checked; one that is not there is not made', async () => {
  const files = ['--workflows', new URL('replayed-workflows.ts', import.meta.url).pathname];
  const refused = await stepwell(['check', '--store', database.url, ...files, '--json']);
  expect(JSON.parse(refused.stderr)).toMatchObject({
    error: { message: expect.stringContaining('There is no store at') },
  });
  await make();
  const check = await stepwell(['check', '--store', database.url, ...files]);
  expect(check).toMatchObject({ code: 0, stdout: '0 runs on 0 paths: all fit\n' });
});
