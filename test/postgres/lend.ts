import { createDatabase } from './database.ts';
import { type PostgresOptions, type PostgresServer, startPostgres } from './server.ts';

export interface LentPostgres {
  /** Of an empty database whose user may create others. */
  readonly url: string;
  /** For people: which PostgreSQL it is. */
  readonly origin: string;
  /** Null: it is somebody else's, and cannot be stopped. */
  readonly server: PostgresServer | null;
  close(): Promise<void>;
}

/**
 * A PostgreSQL to work on: a database of its own on the server that DATABASE_URL names, dropped in the end; or, if it is
 * not set, a server of its own.
 */
export async function lendPostgres(options: PostgresOptions = {}): Promise<LentPostgres> {
  const given = process.env['DATABASE_URL'];
  if (given === undefined || given === '') {
    const server = await startPostgres(options);
    return { url: server.url, origin: server.origin, server, close: () => server.close() };
  }
  const database = await createDatabase(given);
  return { url: database.url, origin: 'DATABASE_URL', server: null, close: () => database.drop() };
}
