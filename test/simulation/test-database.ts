import { afterAll } from 'vitest';
import type { TestDatabase } from '../postgres/database.ts';
import { testDatabase } from '../postgres/shared.ts';
import { closeStores, type OpenStore, STORES } from './stores.ts';

let database: Promise<TestDatabase> | null = null;

afterAll(async () => {
  await closeStores();
  await (await database)?.drop();
});

/** {@link STORES} in tests: what needs a database has one of this test file, on the server that all of them share. */
export const STORES_HERE: Readonly<Record<string, OpenStore>> = {
  ...STORES,
  postgres: async () => STORES['postgres']!((await (database ??= testDatabase())).url),
};
