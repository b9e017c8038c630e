import { existsSync, realpathSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { StepwellError } from '../../model/errors.ts';
import type { Store } from '../contract.ts';
import { explain } from './errors.ts';
import { tablesOf } from './migrations.ts';
import { SqliteStore } from './store.ts';

/** What can be read of a store beside the engine that has it. */
export type StoreReader = Pick<
  Store,
  | 'kind'
  | 'now'
  | 'namespaces'
  | 'get'
  | 'query'
  | 'count'
  | 'journal'
  | 'dump'
  | 'workers'
  | 'queues'
  | 'close'
>;

/** How long one state of the file is read (ms): meanwhile the write-ahead log of the engine can only grow. */
const LONGEST_SNAPSHOT = 1_000;

export interface SqliteReaderOptions {
  readonly path: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * Reads a store in a file, also while an engine has it. It takes no lock, and SQLite refuses every write. Each call
 * reads one state of the file, of about the last second.
 *
 * @throws StepwellError `STORE_UNREACHABLE` (there is no such file), `STORE_DAMAGED`, `STORE_TOO_NEW`, `STORE_FAILED`
 */
export function openSqliteReader({ path, now }: SqliteReaderOptions): StoreReader {
  if (!existsSync(path)) {
    throw new StepwellError('STORE_UNREACHABLE', `There is no file ${path}. Check the address of the store.`);
  }
  const file = realpathSync(path);
  let database: DatabaseSync | null = null;
  try {
    database = new DatabaseSync(file, { readOnly: true });
    demandTables(database, file);
    return new SqliteReader(database, file, now);
  } catch (thrown) {
    database?.close();
    throw explain(thrown, file);
  }
}

/** Tables of an older version are brought up to date by the next engine that opens the file: that is not done here. */
function demandTables(database: DatabaseSync, path: string): void {
  const { version, newest } = tablesOf(database, path);
  if (version === newest) return;
  throw new StepwellError(
    'STORE_FAILED',
    `The tables of ${path} have version ${version}; this Stepwell reads version ${newest}. Open it once with an engine of this Stepwell, or read it with the one that wrote it.`,
  );
}

/** A file of which all pages are looked at; of a larger one only that it has its tables. */
const LARGEST_CHECKED = 256 * 1024 * 1024;

/**
 * The version of a file's tables, and the one that this Stepwell makes; the file is not changed.
 * @throws StepwellError `STORE_DAMAGED`, `STORE_TOO_NEW`, `STORE_FAILED`
 */
export function lookAtSqliteFile(path: string): { version: number; newest: number } {
  let database: DatabaseSync | null = null;
  try {
    database = new DatabaseSync(path, { readOnly: true });
    const tables = tablesOf(database, path);
    const fault = statSync(path).size > LARGEST_CHECKED ? 'ok' : quickCheck(database);
    if (fault === 'ok') return tables;
    throw new StepwellError('STORE_DAMAGED', `${path} is damaged (${fault}). Restore a backup.`);
  } catch (thrown) {
    throw explain(thrown, path);
  } finally {
    database?.close();
  }
}

function quickCheck(database: DatabaseSync): string {
  return String(Object.values(database.prepare('pragma quick_check(1)').get() ?? {})[0]);
}

class SqliteReader implements StoreReader {
  readonly kind = 'sqlite';
  readonly #database: DatabaseSync;
  readonly #path: string;
  readonly #now: () => number;
  #snapshot: { readonly store: SqliteStore; readonly since: number } | null = null;

  constructor(database: DatabaseSync, path: string, now: () => number) {
    this.#database = database;
    this.#path = path;
    this.#now = now;
  }

  namespaces(): ReturnType<Store['namespaces']> {
    return this.#store().namespaces();
  }

  get(...args: Parameters<Store['get']>): ReturnType<Store['get']> {
    return this.#store().get(...args);
  }

  query(...args: Parameters<Store['query']>): ReturnType<Store['query']> {
    return this.#store().query(...args);
  }

  count(...args: Parameters<Store['count']>): ReturnType<Store['count']> {
    return this.#store().count(...args);
  }

  journal(...args: Parameters<Store['journal']>): ReturnType<Store['journal']> {
    return this.#store().journal(...args);
  }

  dump(...args: Parameters<Store['dump']>): ReturnType<Store['dump']> {
    return this.#store().dump(...args);
  }

  workers(): ReturnType<Store['workers']> {
    return this.#store().workers();
  }

  queues(...args: Parameters<Store['queues']>): ReturnType<Store['queues']> {
    return this.#store().queues(...args);
  }

  async close(): Promise<void> {
    if (this.#database.isOpen) this.#database.close();
  }

  /** A store keeps in memory what it has read of lanes and queues, so each state of the file has its own. */
  #store(): SqliteStore {
    const now = this.#now();
    if (this.#snapshot !== null && now - this.#snapshot.since < LONGEST_SNAPSHOT) return this.#snapshot.store;
    if (this.#database.isTransaction) this.#database.exec('commit');
    this.#database.exec('begin');
    const store = new SqliteStore({
      database: this.#database,
      path: this.#path,
      soon: () => {},
      unlock: () => {},
    });
    this.#snapshot = { store, since: now };
    return store;
  }
}
