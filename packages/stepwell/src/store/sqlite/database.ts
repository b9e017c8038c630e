import { DatabaseSync } from 'node:sqlite';
import { StepwellError } from '../../model/errors.ts';
import { isCorrupt } from './errors.ts';
import { migrate } from './migrations.ts';
import { retireDeadEngine } from './workers.ts';

/** First version without the bug that could lose commits when the write-ahead log was reset (3.7.0 to 3.51.2). */
const OLDEST_SOUND_SQLITE = [3, 51, 3] as const;

/**
 * `synchronous=full`: a commit is on the disk before it is acknowledged.
 * `cache_size`: 32 MB, so that the inner pages of a store of a million runs stay in memory.
 * `wal_autocheckpoint`: the log is worked into the file every 16 MB instead of 4: 0.34 ms a commit instead of 0.40 with
 * runs of 10 steps, 100 in flight; in return the longest commit took 16 ms instead of 10.
 * `journal_size_limit`: after a burst the write-ahead log shrinks to 64 MB again.
 */
const SETTINGS = `
  pragma journal_mode = wal;
  pragma synchronous = full;
  pragma foreign_keys = on;
  pragma cache_size = -32000;
  pragma temp_store = memory;
  pragma wal_autocheckpoint = 4000;
  pragma journal_size_limit = 67108864;
`;

/** How long to wait for another program (a backup, a shell) that has the file locked for writing. */
const BUSY_TIMEOUT_MS = 1_000;

/** Opens the file, makes or updates its tables, and checks what can be checked without reading all of it. */
export function openDatabase(path: string, now: number): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
  try {
    checkSqlite(String(database.prepare('select sqlite_version() as version').get()?.['version']));
    database.exec(SETTINGS);
    migrate(database, path, now);
    retireDeadEngine(database, now);
    return database;
  } catch (thrown) {
    const error = isCorrupt(thrown) ? damaged(database, path, thrown) : thrown;
    database.close();
    throw error;
  }
}

/** @throws StepwellError `STORE_TOO_OLD_SQLITE` */
export function checkSqlite(version: string): void {
  const parts = version.split('.').map(Number);
  for (const [index, oldest] of OLDEST_SOUND_SQLITE.entries()) {
    const part = parts[index] ?? 0;
    if (part > oldest) return;
    if (part < oldest) {
      throw new StepwellError(
        'STORE_TOO_OLD_SQLITE',
        `This Node brings SQLite ${version}, which can lose data when its write-ahead log is reset. Use a Node with SQLite ${OLDEST_SOUND_SQLITE.join('.')} or newer.`,
      );
    }
  }
}

function damaged(database: DatabaseSync, path: string, cause: unknown): StepwellError {
  let finding = '';
  try {
    finding = String(Object.values(database.prepare('pragma quick_check(1)').get() ?? {})[0]);
  } catch (thrown) {
    finding = thrown instanceof Error ? thrown.message : String(thrown);
  }
  return new StepwellError('STORE_DAMAGED', `${path} is damaged (${finding}). Restore a backup.`, { cause });
}
