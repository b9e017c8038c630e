import { randomUUID } from 'node:crypto';
import { Client } from 'pg';

export interface TestDatabase {
  readonly url: string;
  /** Ends whatever is connected to it. */
  drop(): Promise<void>;
}

/** A database of its own on the server at that address, whose user may create databases. */
export async function createDatabase(serverUrl: string): Promise<TestDatabase> {
  const name = `stepwell_test_${randomUUID().replaceAll('-', '')}`;
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  await once(serverUrl, `create database ${name}`);
  return { url: url.href, drop: () => once(serverUrl, `drop database if exists ${name} with (force)`) };
}

/** The address with settings that hold for every connection made by it, such as `statement_timeout`. */
export function withSettings(url: string, settings: Readonly<Record<string, string | number>>): string {
  const changed = new URL(url);
  const options = Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`);
  changed.searchParams.set('options', options.join(' '));
  return changed.href;
}

/** Ends all connections of clients but this one, to any database or to one; the answer is how many there were. */
export async function terminateConnections(client: Client, database: string | null = null): Promise<number> {
  const { rowCount } = await client.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where backend_type = 'client backend' and pid <> pg_backend_pid() and datname = coalesce($1, datname)`,
    [database],
  );
  return rowCount ?? 0;
}

async function once(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
