import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { inject } from 'vitest';
import { createDatabase, type TestDatabase } from './database.ts';

/**
 * For tests: an empty database on the PostgreSQL that all test files of this run share. It is not durable.
 * @throws if there is no PostgreSQL; then the tests fail
 */
export async function testDatabase(): Promise<TestDatabase> {
  const said = JSON.parse(await text(connect(inject('postgresDoor'), '127.0.0.1'))) as {
    url?: string;
    error?: string;
  };
  if (said.url === undefined) throw new Error(said.error);
  return createDatabase(said.url);
}
