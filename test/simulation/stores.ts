import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import { openMemoryStore } from '../../packages/stepwell/src/store/memory/store.ts';
import { openSqliteStore } from '../../packages/stepwell/src/store/sqlite/open.ts';
import { Schemas } from './postgres/schemas.ts';

export type OpenStore = () => Store | Promise<Store>;

/**
 * The stores that can be at the centre of a world, empty. What needs a database is told its address: whoever does that
 * closes the stores in the end.
 */
export const STORES: Readonly<Record<string, (database?: string) => Store | Promise<Store>>> = {
  memory: openMemoryStore,
  sqlite: openScratchFile,
  postgres: openSchema,
};

const schemas = new Map<string, Promise<Schemas>>();

async function openSchema(database?: string): Promise<Store> {
  if (database === undefined) throw new Error('a store in PostgreSQL needs a database');
  const known = schemas.get(database) ?? Schemas.of(database);
  schemas.set(database, known);
  return (await known).open();
}

/** Closes what is kept open for further worlds. */
export async function closeStores(): Promise<void> {
  const all = [...schemas.values()];
  schemas.clear();
  for (const some of all) await (await some).close();
}

/** A file that is gone when the store is closed. */
function openScratchFile(): Store {
  const directory = mkdtempSync(join(tmpdir(), 'stepwell-simulation-'));
  const store = openSqliteStore({
    path: join(directory, 'store.db'),
    owner: 'simulation',
    now: () => 0,
    // Not the scheduler's: to the simulated world a call is done when it arrives; what delays it is the network.
    soon: queueMicrotask,
  });
  const close = store.close.bind(store);
  store.close = async () => {
    await close();
    rmSync(directory, { recursive: true });
  };
  return store;
}
