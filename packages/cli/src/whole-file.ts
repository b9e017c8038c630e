import { lstatSync, mkdirSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { StepwellError } from 'stepwell';
import { writeFailed } from './write-failed.ts';

/** Errors of a place that was right. */
const FAILURES = new Set(['ENOSPC', 'EDQUOT', 'EFBIG', 'EIO', 'EPIPE']);

/**
 * Writes a file, with the folders that lead to it. It is there when it is complete, or not at all, and one that was
 * there before stays until then, and its permissions are kept. A device or a pipe (`/dev/stdout`) is written to as it is.
 * @param write writes with `handle.writeFile`, which goes on where it was, and does not stop half way
 * @throws StepwellError `COMMAND_INVALID` if nothing can be written there, `WRITE_FAILED`; what `write` throws
 */
export async function writeWhole(named: string, write: (handle: FileHandle) => Promise<void>): Promise<void> {
  try {
    const kind = statSync(named, { throwIfNoEntry: false });
    if (kind !== undefined && !kind.isFile()) return await writeTo(named, write);
    // What a link names is replaced, not the link.
    const file = kind === undefined ? leadsTo(named) : realpathSync(named);
    mkdirSync(dirname(file), { recursive: true });
    const unfinished = `${file}.${process.pid}.part`;
    try {
      const writeAll = async (handle: FileHandle) => {
        if (kind !== undefined) await giveMode(handle, kind.mode);
        await write(handle);
        await handle.sync();
      };
      await writeTo(unfinished, writeAll, kind?.mode);
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

async function writeTo(
  file: string,
  write: (handle: FileHandle) => Promise<void>,
  mode?: number,
): Promise<void> {
  await using handle = await open(file, 'w', mode);
  await write(handle);
}

/** Where a file is made under that name: a link may be there before what it names. */
function leadsTo(named: string): string {
  if (lstatSync(named, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return named;
  return leadsTo(resolve(realpathSync(dirname(named)), readlinkSync(named)));
}

/** What the umask has taken away from it. Some file systems have one mode for all, and refuse every other. */
async function giveMode(handle: FileHandle, mode: number): Promise<void> {
  if ((await handle.stat()).mode !== mode) await handle.chmod(mode & 0o777);
}
