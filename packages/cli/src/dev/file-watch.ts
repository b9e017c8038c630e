import { statSync, watch } from 'node:fs';
import { dirname } from 'node:path';
import type { WatchedFile } from './messages.ts';

/** Editors write a file in several strokes. */
const QUIET_MS = 50;
const SOURCE = /\.([cm]?[jt]s|json)$/;

/**
 * Resolves once a file is not any more what it was when it was read: with its path.
 * @param orAnySource in the folders of these files; for a load that failed, perhaps for want of a file
 */
export async function fileChange(
  files: readonly WatchedFile[],
  orAnySource: boolean,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  let timer: NodeJS.Timeout | undefined;
  let source: string | undefined;
  const look = () => {
    const changed = files.find(({ path, modifiedAt }) => modifiedAtNow(path) !== modifiedAt)?.path ?? source;
    if (changed !== undefined) resolve(changed);
  };
  const lookSoon = (name: string | null) => {
    if (orAnySource && name !== null && SOURCE.test(name)) source = name;
    clearTimeout(timer);
    timer = setTimeout(look, QUIET_MS);
  };
  const folders = new Set(files.map(({ path }) => dirname(path)));
  const watchers = [...folders].map((folder) => watch(folder, (_event, name) => lookSoon(name)));
  const abort = () => resolve(undefined);
  signal.addEventListener('abort', abort);
  // What changed between the reading and now was not watched yet.
  look();
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
    for (const watcher of watchers) watcher.close();
  }
}

/** 0: there is no such file. */
export function modifiedAtNow(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
