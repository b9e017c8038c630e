import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { StepwellError } from '../../model/errors.ts';
import { isBusy } from './errors.ts';

/** Who has a store open, as the file beside it says. */
interface Owner {
  /** For people: host and process. */
  readonly owner: string;
  readonly since: number;
}

/**
 * Takes a store for this engine alone; the answer gives it back.
 * The lock is one of the operating system (an SQLite transaction in a file of its own, held for life): it ends with
 * the process, however that ends, so a crash leaves nothing to clear away. The store itself stays readable for
 * other programs. Who has it stands in a second file, since nobody else can read the locked one.
 *
 * @throws StepwellError `STORE_IN_USE` at once if another engine has the store
 */
export function lockStore(path: string, owner: string, now: number): () => void {
  const ownerPath = `${path}-owner`;
  const lock = new DatabaseSync(`${path}-lock`);
  try {
    lock.exec('pragma locking_mode = exclusive; begin exclusive');
    writeFileSync(ownerPath, JSON.stringify({ owner, since: now } satisfies Owner));
  } catch (thrown) {
    lock.close();
    throw isBusy(thrown) ? inUse(path, readOwner(ownerPath)) : thrown;
  }
  return () => {
    rmSync(ownerPath, { force: true });
    lock.close();
  };
}

function readOwner(ownerPath: string): Owner | null {
  try {
    return JSON.parse(readFileSync(ownerPath, 'utf8')) as Owner;
  } catch {
    return null;
  }
}

function inUse(path: string, first: Owner | null): StepwellError {
  const who =
    first === null ? 'another engine' : `${first.owner}, since ${new Date(first.since).toISOString()}`;
  return new StepwellError(
    'STORE_IN_USE',
    `${path} is in use by ${who}. A file can have one engine at a time: close that one, or talk to its server.`,
    { data: first ?? undefined },
  );
}
