import { mkdirSync, realpathSync, statSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { StepwellError } from 'stepwell';
import { writeFailed } from './write-failed.ts';

/** Errors of a place that was right. */
const FAILURES = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 'EIO', 'EPIPE']);

/**
 * Writes a file, with the folders that lead to it. It is there when it is complete, or not at all, and one that was
 * there before stays until then. A device or a pipe (`/dev/stdout`) is written to as it is.
 * @param write writes with `handle.writeFile`, which goes on where it was, and does not stop half way
 * @throws StepwellError `COMMAND_INVALID` if nothing can be written there, `WRITE_FAILED`; what `write` throws
 */
export async function writeWhole(named: string, write: (handle: FileHandle) => Promise<void>): Promise<void> {
  try {
    const kind = statSync(named, { throwIfNoEntry: false });
    if (kind !== undefined && !kind.isFile()) return await writeTo(named, write);
    // What a link names is replaced, not the link.
    const file = kind === undefined ? named : realpathSync(named);
    mkdirSync(dirname(file), { recursive: true });
    const unfinished = `${file}.${process.pid}.part`;
    try {
      await writeTo(unfinished, async (handle) => {
        await write(handle);
        await handle.sync();
      });
      await rename(unfinished, file);
    } catch (error) {
      await rm(unfinished, { force: true });
      throw error;
    }
  } catch (cause) {
    if (!(cause instanceof Error && 'syscall' in cause)) throw cause;
    if (FAILURES.has((cause as NodeJS.ErrnoException).code ?? '')) throw writeFailed(named, cause);
    throw new StepwellError('COMMAND_INVALID', `${named} cannot be written: ${cause.message}.`, { cause });
  }
}

async function writeTo(file: string, write: (handle: FileHandle) => Promise<void>): Promise<void> {
  await using handle = await open(file, 'w');
  await write(handle);
}
