import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { DatabaseSync } from 'node:sqlite';
import { type Finding, fault, warning, well } from '../finding.ts';

interface Owner {
  readonly owner: string;
  readonly since: number;
}

/** Who has the store, and whether that process is well. */
export function lookAtOwner(path: string): Finding {
  const owner = readOwner(`${path}-owner`);
  // An engine writes it as soon as it has the lock: to try that without need could make one fail that starts right now.
  if (owner === null) return lookAtOthers(path);
  const who = `${owner.owner}, since ${new Date(owner.since).toISOString()}`;
  // Reading needs a lock that nobody gets beside an engine's.
  if (!isLocked(`${path}-lock`, true, 'select count(*) from sqlite_master')) {
    return warning(
      'STORE_LOCK',
      `The engine that had ${path} (${who}) has died without closing it.`,
      'Nothing: the next engine that opens it goes on with all runs.',
    );
  }
  const [host, pid] = [owner.owner.slice(0, owner.owner.lastIndexOf(':')), owner.owner.split(':').at(-1)!];
  if (host !== hostname()) {
    return warning(
      'STORE_LOCK',
      `${path} is held by an engine of another machine or container (${who}).`,
      'If it is another machine, the file is on a network file system: keep the runs in PostgreSQL instead.',
    );
  }
  const state = stateOf(pid);
  if (state === 'stopped') {
    return fault(
      'STORE_LOCK',
      `${path} is held by a process that is stopped (${who}): nothing goes on, and no other engine can open it.`,
      `Let it go on with kill -CONT ${pid}, or end it with kill -9 ${pid}: no acknowledged work is lost.`,
    );
  }
  if (state === 'gone') {
    return warning(
      'STORE_LOCK',
      `${path} is held, but not by the process that says so (${who}): it may be in another container.`,
      'Look there for the engine, before you open the file here.',
    );
  }
  return well('STORE_LOCK', `${path} is held by ${who}`);
}

/** An engine opens the file only if it can write to it. */
function lookAtOthers(path: string): Finding {
  if (!isLocked(path, false, 'begin immediate; rollback')) return well('STORE_LOCK', `No engine has ${path}`);
  return fault(
    'STORE_LOCK',
    `Another program has locked ${path} for writing: no engine can open it.`,
    'End what it does there: an sqlite3 shell with an open transaction, a backup.',
  );
}

function readOwner(path: string): Owner | null {
  if (!existsSync(path)) return null;
  try {
    const { owner, since } = JSON.parse(readFileSync(path, 'utf8')) as Partial<Owner>;
    return typeof owner === 'string' && typeof since === 'number' ? { owner, since } : null;
  } catch {
    return null;
  }
}

/** Whether a lock of somebody else's keeps SQLite from doing that. */
function isLocked(path: string, readOnly: boolean, work: string): boolean {
  if (!existsSync(path)) return false;
  let database: DatabaseSync | null = null;
  try {
    database = new DatabaseSync(path, { readOnly });
    database.exec(work);
    return false;
  } catch (error) {
    return (Number((error as { errcode?: number }).errcode) & 0xff) === 5;
  } finally {
    database?.close();
  }
}

function stateOf(pid: string): 'alive' | 'stopped' | 'gone' {
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    // Of another user: it is there all the same.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return 'gone';
  }
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return /^[Tt]/.test(stat.slice(stat.lastIndexOf(')') + 2)) ? 'stopped' : 'alive';
  } catch {
    return 'alive';
  }
}
