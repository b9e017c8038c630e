import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Store } from '../contract.ts';
import { openDatabase } from './database.ts';
import { explain } from './errors.ts';
import { lockStore } from './lock.ts';
import { SqliteStore } from './store.ts';

export interface SqliteStoreOptions {
  /** Of the file; it and its directory are made if they are missing. */
  readonly path: string;
  /** Who opens it, for people: host and process. Whoever is refused because of this engine reads it. */
  readonly owner: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Calls back once the work at hand is done: calls that were made until then are one transaction. */
  readonly soon: (callback: () => void) => void;
}

/**
 * Opens a store in a file. What the engine that had it before was running is ready to be claimed.
 *
 * @throws StepwellError `STORE_IN_USE`, `STORE_READ_ONLY`, `STORE_DAMAGED`, `STORE_TOO_NEW`, `STORE_FULL`,
 * `STORE_TOO_OLD_SQLITE`, `STORE_FAILED`
 */
export function openSqliteStore({ path, owner, now, soon }: SqliteStoreOptions): Store {
  const file = pathOfFile(path);
  let unlock = () => {};
  try {
    mkdirSync(dirname(file), { recursive: true });
    unlock = lockStore(file, owner, now());
    return new SqliteStore({ database: openDatabase(file, now()), path: file, soon, unlock });
  } catch (thrown) {
    unlock();
    throw explain(thrown, file);
  }
}

/** Two links to one file must find the same lock. */
function pathOfFile(path: string): string {
  return existsSync(path) ? realpathSync(path) : resolve(path);
}
