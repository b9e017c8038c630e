import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { fault, type Finding, well } from '../finding.ts';

/** Asks for the lock that this process holds. */
const CONTENDER = `
  const { DatabaseSync } = require('node:sqlite');
  const database = new DatabaseSync(new URL(process.argv[1]));
  try {
    database.exec('begin exclusive');
    process.stdout.write('taken');
  } catch (error) {
    if ((error.errcode & 0xff) !== 5) throw error;
    process.stdout.write('refused');
  }`;

const MEND =
  'Put the file on a disk of this machine whose file system locks, or keep the runs in PostgreSQL.';

/**
 * Whether a lock in this folder keeps another process out: takes one as an engine does, and lets another process ask for it.
 * @param vfs how SQLite uses files; for tests
 */
export function lookAtLocks(folder: string, vfs?: string): Finding {
  const path = join(folder, `.stepwell-doctor-${process.pid}`);
  const url = pathToFileURL(path);
  if (vfs !== undefined) url.searchParams.set('vfs', vfs);
  let lock: DatabaseSync | null = null;
  try {
    lock = new DatabaseSync(url);
    lock.exec('pragma locking_mode = exclusive; begin exclusive');
    const answer = execFileSync(process.execPath, ['-e', CONTENDER, '--', url.href], {
      encoding: 'utf8',
      env: { ...process.env, NODE_NO_WARNINGS: '1' },
    });
    if (answer === 'refused') return well('FILE_LOCKS', `Locks in ${folder} keep other processes out`);
    return fault(
      'FILE_LOCKS',
      `A lock that one process holds in ${folder} was given to another: two engines could damage the store.`,
      MEND,
    );
  } catch (error) {
    return fault('FILE_LOCKS', `No lock can be had in ${folder}: ${(error as Error).message}.`, MEND);
  } finally {
    lock?.close();
    for (const end of ['', '-journal', '-wal', '-shm']) rmSync(`${path}${end}`, { force: true });
  }
}
