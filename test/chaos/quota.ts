import { existsSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import { realSystem } from '../../packages/stepwell/src/client/system.ts';
import { openDatabase } from '../../packages/stepwell/src/store/sqlite/database.ts';
import { lockStore } from '../../packages/stepwell/src/store/sqlite/lock.ts';
import { SqliteStore } from '../../packages/stepwell/src/store/sqlite/store.ts';

const LOOK_MS = 10;
const NO_QUOTA = 4_294_967_294;

/** While this file is there, the store may not grow. */
export const quotaFileOf = (path: string) => `${path}-quota`;

/**
 * A store whose file SQLite refuses to let grow while its quota is used up: it gives the same error as for a full disk.
 * The log can grow all the while, which a disk that is really full does not let it.
 */
export function openWithQuota(path: string): Store {
  const unlock = lockStore(path, String(process.pid), Date.now());
  const database = openDatabase(path, Date.now());
  limit(database, path);
  setInterval(() => limit(database, path), LOOK_MS).unref();
  return new SqliteStore({ database, path, soon: realSystem.soon, unlock });
}

/** A limit below the present size means just that. */
function limit(database: DatabaseSync, path: string): void {
  if (!database.isOpen || database.isTransaction) return;
  database.exec(`pragma max_page_count = ${existsSync(quotaFileOf(path)) ? 1 : NO_QUOTA}`);
}
