import type { Dirent } from 'node:fs';
import { mkdir, open, readdir, rename, rm, rmdir, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { ArtifactStore, ByteRange, Content, StoredContent } from './contract.ts';
import { Digest } from './digest.ts';
import { explain } from './explain.ts';
import { hashOfKey } from './folder.ts';

/** No folder of a run begins with a dot. */
const UNFINISHED = '.unfinished';
const TAKEN_AWAY = '.deleted';
/** Another process may remove the folder, empty by then, before the content is put into it. */
const MOST_TRIES = 10;

/**
 * Contents as files: `<root>/<namespace>/<run>/<hash>`.
 *
 *   source ──▶ .unfinished/<id> ──sync──▶ rename ──▶ <folder>/<hash> ──sync of the folder──▶ kept
 *
 * A crash leaves a file in `.unfinished` (see `clean`) or a whole one under its hash. Any number of processes may use a
 * folder at once: all that they share is renamed in one piece.
 */
export class FileArtifacts implements ArtifactStore {
  readonly kind = 'file';
  readonly #root: string;
  readonly #newId: () => string;

  /** @param newId names for files that are being written: never the same twice, in whatever process */
  constructor(root: string, newId: () => string) {
    this.#root = resolve(root);
    this.#newId = newId;
  }

  async write(folder: string, content: AsyncIterable<Uint8Array>): Promise<Content> {
    const unfinished = join(this.#root, UNFINISHED, this.#newId());
    const file = await this.#doing(() => create(unfinished));
    try {
      const digest = new Digest(content);
      try {
        for await (const chunk of digest) await this.#doing(() => writeAll(file, chunk));
        await this.#doing(() => file.sync());
      } finally {
        await file.close();
      }
      await this.#doing(() => this.#putInPlace(unfinished, folder, digest.content.hash));
      return digest.content;
    } catch (error) {
      await rm(unfinished, { force: true });
      throw error;
    }
  }

  async #putInPlace(unfinished: string, folder: string, hash: string): Promise<void> {
    const directory = join(this.#root, folder);
    for (let tries = 1; ; tries++) {
      try {
        // It fails itself, too, when the folder goes while it looks whether it is there: 7 in 1,000 with six writers.
        await mkdir(directory, { recursive: true });
        await rename(unfinished, join(directory, hash));
        break;
      } catch (error) {
        if (!isMissing(error) || tries === MOST_TRIES) throw error;
      }
    }
    for (const path of [directory, dirname(directory), this.#root]) await syncDirectory(path);
  }

  async read(key: string, range?: ByteRange): Promise<AsyncIterable<Uint8Array> | null> {
    return this.#doing(async () => {
      const file = await openOrNull(join(this.#root, key));
      if (file === null) return null;
      if (range !== undefined && range.end <= range.start) {
        await file.close();
        return nothing();
      }
      // Closes the file at its end, and when reading stops before.
      return file.createReadStream(range === undefined ? {} : { start: range.start, end: range.end - 1 });
    });
  }

  async *list(prefix: string): AsyncGenerator<StoredContent> {
    for (const namespace of await this.#namesIn('')) {
      if (!meets(`${namespace}/`, prefix)) continue;
      for (const run of await this.#namesIn(namespace)) {
        const folder = `${namespace}/${run}`;
        if (!meets(`${folder}/`, prefix)) continue;
        for (const { name } of await this.#entriesOf(folder)) {
          const key = `${folder}/${name}`;
          if (name.endsWith(TAKEN_AWAY) || !key.startsWith(prefix)) continue;
          const found = await this.#statOf(join(this.#root, key));
          if (found !== null) yield { key, ...found };
        }
      }
    }
  }

  /**
   * Somebody may write it anew at this moment: it is taken away first, looked at, and put back if it is not the old one.
   * What goes however new it is goes in one piece: what a crash leaves of a file that is taken away may be put back.
   */
  async delete(key: string, writtenBefore = Number.POSITIVE_INFINITY): Promise<void> {
    const path = join(this.#root, key);
    await this.#doing(async () => {
      if (writtenBefore === Number.POSITIVE_INFINITY) await rm(path, { force: true });
      else await this.#takeAway(path, writtenBefore);
      await rmdir(dirname(path)).catch(() => {});
    });
  }

  async #takeAway(path: string, writtenBefore: number): Promise<void> {
    try {
      await rename(path, `${path}${TAKEN_AWAY}`);
    } catch (error) {
      if (isMissing(error)) return;
      throw error;
    }
    await this.#decide(path, writtenBefore);
  }

  async #decide(path: string, writtenBefore: number): Promise<void> {
    const taken = `${path}${TAKEN_AWAY}`;
    const found = await this.#statOf(taken);
    if (found !== null && found.writtenAt >= writtenBefore) await rename(taken, path);
    else await rm(taken, { force: true });
  }

  async clean(before: number): Promise<number> {
    let cleaned = 0;
    for (const { name } of await this.#entriesOf(UNFINISHED)) {
      const path = join(this.#root, UNFINISHED, name);
      const found = await this.#statOf(path);
      if (found === null || found.writtenAt >= before) continue;
      await this.#doing(() => rm(path, { force: true }));
      cleaned++;
    }
    return cleaned + (await this.#finishDeletions(before));
  }

  /** What a crash in the middle of a `delete` has left: one that is new enough to be wanted is put back. */
  async #finishDeletions(before: number): Promise<number> {
    let finished = 0;
    for (const namespace of await this.#namesIn('')) {
      for (const run of await this.#namesIn(namespace)) {
        for (const { name } of await this.#entriesOf(`${namespace}/${run}`)) {
          const key = `${namespace}/${run}/${name.slice(0, -TAKEN_AWAY.length)}`;
          if (!name.endsWith(TAKEN_AWAY) || hashOfKey(key) === null) continue;
          const path = join(this.#root, key);
          await this.#doing(() => this.#decide(path, before));
          finished++;
        }
      }
    }
    return finished;
  }

  async #namesIn(folder: string): Promise<string[]> {
    const entries = await this.#entriesOf(folder);
    return entries
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map(({ name }) => name);
  }

  /** None of a folder that is not there. */
  async #entriesOf(folder: string): Promise<Dirent[]> {
    return this.#doing(async () => {
      try {
        return await readdir(join(this.#root, folder), { withFileTypes: true });
      } catch (error) {
        if (isMissing(error)) return [];
        throw error;
      }
    });
  }

  async #statOf(path: string): Promise<Omit<StoredContent, 'key'> | null> {
    return this.#doing(async () => {
      try {
        const { size, mtimeMs } = await stat(path);
        return { size, writtenAt: mtimeMs };
      } catch (error) {
        if (isMissing(error)) return null;
        throw error;
      }
    });
  }

  async #doing<T>(deed: () => Promise<T>): Promise<T> {
    try {
      return await deed();
    } catch (error) {
      throw explain(error, this.#root);
    }
  }
}

/** Whether keys in a folder may begin so. */
function meets(folder: string, prefix: string): boolean {
  return folder.startsWith(prefix) || prefix.startsWith(folder);
}

async function create(path: string): Promise<FileHandle> {
  await mkdir(dirname(path), { recursive: true });
  return open(path, 'wx');
}

async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let written = 0; written < chunk.byteLength; )
    written += (await file.write(chunk, written, chunk.byteLength - written)).bytesWritten;
}

async function openOrNull(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** A new name in a directory is durable when the directory is. */
async function syncDirectory(path: string): Promise<void> {
  let directory: FileHandle;
  try {
    directory = await open(path, 'r');
  } catch {
    // Windows opens no directories; another process may just have removed one that is empty.
    return;
  }
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
