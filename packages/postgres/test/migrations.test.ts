import { readdirSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { MIGRATIONS as SQLITE_MIGRATIONS } from '../../stepwell/src/store/sqlite/migrations.ts';
import { migrate } from '../src/migrate.ts';
import { MIGRATIONS } from '../src/migrations.ts';
import { openPostgresStore } from '../src/open.ts';
import { connect, databaseUrl, newSchema, openStore } from './database.ts';

test('migrations have the numbers of those of SQLite', () => {
  expect(MIGRATIONS.map(({ version }) => version)).toEqual(SQLITE_MIGRATIONS.map(({ version }) => version));
});

test('every file of SQL belongs to a migration', () => {
  const files = MIGRATIONS.flatMap(({ version, files }) => files.map((file) => `${version}-${file}.sql`));
  expect(readdirSync(new URL('../src/sql/', import.meta.url)).toSorted()).toEqual(files.toSorted());
});

test('many processes that open a new store at the same time make its tables once', async () => {
  const schema = newSchema();
  const stores = await Promise.all(Array.from({ length: 6 }, () => openStore(schema)));
  await Promise.all(stores.map((store) => store.count({ namespace: 'default' })));
  const client = await connect();
  const { rows } = await client.query(`select version from ${schema}.stepwell_version`);
  expect(rows).toEqual(MIGRATIONS.map(({ version }) => ({ version })));
});

test('a migration that fails leaves nothing behind', async () => {
  const schema = newSchema();
  const client = await connect();
  // Not its own: what is to be made is there already, but for the list of versions.
  await client.query(
    `create schema ${schema}; create table ${schema}.stepwell_version (version integer, checksum text)`,
  );
  await expect(open(schema)).rejects.toMatchObject({ code: 'STORE_FAILED' });
  const { rows } = await client.query(
    'select count(*) as tables from information_schema.tables where table_schema = $1',
    [schema],
  );
  expect(rows).toEqual([{ tables: '1' }]);
});

test('a schema with other tables is left alone', async () => {
  const schema = newSchema();
  const client = await connect();
  await client.query(`create schema ${schema}; create table ${schema}.customer (id integer)`);
  await expect(open(schema)).rejects.toMatchObject({
    code: 'STORE_DAMAGED',
    message: expect.stringContaining(schema),
  });
});

test('a store of a newer Stepwell is refused, and so is that of another build', async () => {
  const schema = newSchema();
  await openStore(schema);
  const client = await connect();
  await client.query(`update ${schema}.stepwell_version set checksum = 'other' where version = 1`);
  await expect(open(schema)).rejects.toMatchObject({ code: 'STORE_TOO_NEW' });
  await client.query(`insert into ${schema}.stepwell_version values (4711, 'newer')`);
  await expect(open(schema)).rejects.toMatchObject({
    code: 'STORE_TOO_NEW',
    message: expect.stringContaining('4711'),
  });
});

test('whoever waits too long for another that migrates is told so', async () => {
  const schema = newSchema();
  const other = await connect();
  await other.query('begin');
  await other.query("select pg_advisory_xact_lock(hashtextextended('stepwell/migrate/' || $1, 0))", [schema]);
  await expect(migrate(await connect(), schema, 'the store', 100)).rejects.toMatchObject({
    code: 'STORE_IN_USE',
  });
  await other.query('rollback');
  await openStore(schema);
});

async function open(schema: string): Promise<void> {
  const store = await openPostgresStore({ url: await databaseUrl(), schema });
  onTestFinished(() => store.close());
}
