import { afterAll, expect, onTestFinished } from 'vitest';
import { Client } from 'pg';
import type { Store } from 'stepwell/engine';
import { openPostgresStore } from '../src/open.ts';
import type { PostgresStoreOptions } from '../src/address.ts';
import { testDatabase } from '../../../test/postgres/shared.ts';

let database: ReturnType<typeof testDatabase> | null = null;
let schemas = 0;

afterAll(async () => {
  await (await database)?.drop();
});

/** Of a database that the tests of one file share. */
export async function databaseUrl(): Promise<string> {
  database ??= testDatabase();
  return (await database).url;
}

/** The name of a schema that nobody has yet. */
export function newSchema(): string {
  schemas++;
  return `test_${schemas}`;
}

/** A store that is closed when the test has finished; several may be opened in one schema. */
export async function openStore(schema: string, options: Partial<PostgresStoreOptions> = {}): Promise<Store> {
  const store = await openPostgresStore({ url: await databaseUrl(), schema, connections: 4, ...options });
  onTestFinished(() => store.close());
  return store;
}

/** A connection beside those of the stores. */
export async function connect(url?: string): Promise<Client> {
  const client = new Client({ connectionString: url ?? (await databaseUrl()) });
  // Tests end connections in the middle of whatever they do.
  client.on('error', () => {});
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

/** Resolves when somebody else in the database waits for a lock; the connection may be within a transaction. */
export async function waiter(client: Client): Promise<void> {
  const waiting = async () => {
    await client.query('select pg_stat_clear_snapshot()');
    const { rows } = await client.query(
      "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
    );
    return rows.length;
  };
  await expect.poll(waiting).toBe(1);
}
