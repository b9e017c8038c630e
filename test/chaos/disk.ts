import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { quotaFileOf } from './quota.ts';

/** The disk that the store is on: it can be full, and have room again. */
export interface Disk {
  /** `tmpfs`: a small disk of its own. `quota`: SQLite itself refuses to let the file grow. */
  readonly kind: 'tmpfs' | 'quota';
  /** So long after it was freed an engine may still believe that it is full. */
  readonly lagMs: number;
  /** Also again, in case that something has become free since. */
  fill(): void;
  free(): void;
}

/** Room for what so long a test leaves, and not so much that filling it takes long. */
const sizeMb = (seconds: number) => Math.ceil(64 + seconds / 2);
const CHUNK = Buffer.alloc(1024 * 1024);
/** Names the mount point to the process that has it. */
const MOUNTED = 'STEPWELL_CHAOS_DISK';
/** As root in a container or not, as a user who may have a namespace of his own. */
const WAYS = ['-m', '-rm'];

/** The directory of the small disk that this process has mounted; null: none. */
export const mountedDirectory = (): string | null => process.env[MOUNTED] ?? null;

/**
 * Begins this program anew, in place of itself, with a small disk mounted on a new directory below this one. Only this
 * process and its children see the disk, and it ends with them. Returns only where nobody may mount anything.
 */
export function moveOntoSmallDisk(parent: string, seconds: number): void {
  const directory = join(parent, 'disk');
  const mount = `mount -t tmpfs -o size=${sizeMb(seconds)}m,mode=700 tmpfs "$${MOUNTED}"`;
  const env = { ...process.env, [MOUNTED]: directory };
  mkdirSync(directory);
  for (const way of WAYS) {
    if (spawnSync('/bin/sh', ['-c', `unshare ${way} sh -c '${mount}'`], { env }).status !== 0) continue;
    const script = `exec unshare ${way} sh -c '${mount} && exec "$@"' sh "$@"`;
    process.execve!('/bin/sh', ['sh', '-c', script, 'sh', process.execPath, ...process.argv.slice(1)], env);
  }
}

/** Takes the small disk away from this process, so that its directory can be removed. */
export function unmount(): void {
  if (mountedDirectory() !== null) spawnSync('/bin/sh', ['-c', `umount -l "$${MOUNTED}"`]);
}

export function smallDisk(directory: string): Disk {
  const ballast = join(directory, 'ballast');
  return {
    kind: 'tmpfs',
    lagMs: 0,
    fill() {
      const file = openSync(ballast, 'a');
      // Down to single bytes: a page that is left would be taken by SQLite.
      for (let size = CHUNK.length; size >= 1; ) if (!append(file, size)) size /= 2;
      closeSync(file);
    },
    free: () => rmSync(ballast, { force: true }),
  };
}

function append(file: number, bytes: number): boolean {
  try {
    return writeSync(file, CHUNK, 0, bytes) > 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return false;
    throw error;
  }
}

/** For where nothing can be mounted: every engine has a quota, see `quota.ts`. */
export function quotaDisk(path: string): Disk {
  const file = quotaFileOf(path);
  return {
    kind: 'quota',
    // As it may be stopped so long.
    lagMs: 3_000,
    fill: () => writeFileSync(file, ''),
    free: () => rmSync(file, { force: true }),
  };
}
