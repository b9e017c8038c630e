import { accessSync, constants, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { type ErrorCode, isStepwellError, StepwellError } from '../../model/errors.ts';

// Result codes of SQLite (https://sqlite.org/rescode.html): the low byte of an extended code is the primary one.
const BUSY = 5;
const READONLY = 8;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const NOTADB = 26;
/** The index of the write-ahead log cannot grow: how a full disk shows itself there. */
const IOERR_SHMSIZE = 10 | (19 << 8);
export const CONSTRAINT_FOREIGNKEY = 19 | (3 << 8);

/** The extended result code of an error of SQLite; null for any other error. */
export function resultCodeOf(thrown: unknown): number | null {
  if (!(thrown instanceof Error) || !('errcode' in thrown)) return null;
  return typeof thrown.errcode === 'number' ? thrown.errcode : null;
}

export function isBusy(thrown: unknown): boolean {
  return primary(resultCodeOf(thrown)) === BUSY;
}

export function isCorrupt(thrown: unknown): boolean {
  return primary(resultCodeOf(thrown)) === CORRUPT;
}

/** What went wrong with the store at that path, in words for people. */
export function explain(thrown: unknown, path: string): StepwellError {
  if (isStepwellError(thrown)) return thrown;
  const [code, message] = diagnose(thrown, path);
  return new StepwellError(code, message, { cause: thrown });
}

function diagnose(thrown: unknown, path: string): [ErrorCode, string] {
  const resultCode = resultCodeOf(thrown);
  const detail = thrown instanceof Error ? thrown.message : String(thrown);
  if (resultCode === IOERR_SHMSIZE || primary(resultCode) === FULL || systemCodeOf(thrown) === 'ENOSPC') {
    return [
      'STORE_FULL',
      `There is no room left to write to ${path}. Nothing of it was stored; free space on the disk, and it goes on.`,
    ];
  }
  if (primary(resultCode) === READONLY || isUnwritable(thrown, path)) {
    return [
      'STORE_READ_ONLY',
      `${path} cannot be written to. Let the user of this process write to the file and to its directory.`,
    ];
  }
  switch (primary(resultCode)) {
    case NOTADB:
      return [
        'STORE_DAMAGED',
        `${path} is not an SQLite database. Give the path of another file, or restore a backup.`,
      ];
    case CORRUPT:
      return ['STORE_DAMAGED', `${path} is damaged (${detail}). Restore a backup.`];
    case BUSY:
      return ['STORE_FAILED', `Another program has locked ${path} for writing. End what it does there.`];
    case CANTOPEN:
      return ['STORE_FAILED', `${path} cannot be opened (${detail}). Check that the path is that of a file.`];
    default:
      return ['STORE_FAILED', `Work on ${path} failed (${detail}). Nothing of it was stored.`];
  }
}

/** SQLite says "cannot open" of a directory that it may not write to, so the file system is asked for the reason. */
function isUnwritable(thrown: unknown, path: string): boolean {
  const system = systemCodeOf(thrown);
  if (system !== null) return system === 'EACCES' || system === 'EROFS' || system === 'EPERM';
  if (primary(resultCodeOf(thrown)) !== CANTOPEN) return false;
  return !isWritable(dirname(path)) || (existsSync(path) && !isWritable(path));
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** The code of an error of the file system, e.g. `ENOSPC`. */
function systemCodeOf(thrown: unknown): string | null {
  if (!(thrown instanceof Error) || !('syscall' in thrown) || !('code' in thrown)) return null;
  return String(thrown.code);
}

function primary(resultCode: number | null): number | null {
  return resultCode === null ? null : resultCode & 0xff;
}
