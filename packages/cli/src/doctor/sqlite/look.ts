import { existsSync, realpathSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { isStepwellError } from 'stepwell';
import { lookAtSqliteFile } from 'stepwell/engine';
import { fault, type Finding, type Ground, well } from '../finding.ts';
import { existing, lookAtFileSystem } from './file-system.ts';
import { lookAtLocks } from './locks.ts';
import { lookAtOwner } from './owner.ts';
import { lookAtRights } from './rights.ts';

/** The file of a store, and where it lies. */
export function lookAtSqlite(given: string): Ground {
  const path = existsSync(given) ? realpathSync(given) : resolve(given);
  const rights = lookAtRights(path);
  const findings = [...rights, ...lookAtFileSystem(path)];
  if (rights.some(({ level }) => level === 'error')) return { findings, readable: false };
  findings.push(lookAtLocks(existing(dirname(path))));
  if (!existsSync(path)) return { findings, readable: false };
  const tables = lookAtTables(path);
  return { findings: [...findings, lookAtOwner(path), tables.finding], readable: tables.readable };
}

function lookAtTables(path: string): { finding: Finding; readable: boolean } {
  try {
    const { version, newest } = lookAtSqliteFile(path);
    const readable = version === newest;
    const what = readable
      ? `The tables of ${path} have version ${version}, and can be read`
      : `The tables of ${path} have version ${version}; the next engine of this Stepwell brings them to ${newest}`;
    return { finding: well('TABLES', what), readable };
  } catch (error) {
    if (!isStepwellError(error)) throw error;
    const mend =
      error.code === 'STORE_TOO_NEW'
        ? 'Install the Stepwell that wrote it, or a newer one.'
        : 'Restore a backup, or give the path of another file.';
    return { finding: fault('TABLES', error.message, mend), readable: false };
  }
}
