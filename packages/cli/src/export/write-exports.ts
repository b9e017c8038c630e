import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { join, sep } from 'node:path';
import type { ExportedRun } from 'stepwell/testing';
import { writeWhole } from '../whole-file.ts';

/** Longest name of a file, in bytes, on the file systems in use, with room for an ending. */
const LONGEST_NAME = 200;

/**
 * Writes runs, one a line: to one file, or each to a file of its own if `out` is a folder (one that exists, or a path
 * that ends with a slash). A file is there when it is complete, or not at all.
 * @param written told where each run is
 * @throws StepwellError `COMMAND_INVALID` if it cannot be written there, `WRITE_FAILED`
 */
export async function writeExports(
  runs: AsyncIterable<ExportedRun>,
  out: string,
  written: (run: ExportedRun, file: string) => void,
): Promise<void> {
  if (!isFolder(out)) return writeFile(out, runs, (run) => written(run, out));
  for await (const run of runs) {
    const file = join(out, fileNameOf(run.run.id));
    await writeFile(file, [run], () => written(run, file));
  }
}

function writeFile(
  file: string,
  runs: AsyncIterable<ExportedRun> | Iterable<ExportedRun>,
  written: (run: ExportedRun) => void,
): Promise<void> {
  return writeWhole(file, async (handle) => {
    for await (const run of runs) {
      await handle.writeFile(`${JSON.stringify(run)}\n`);
      written(run);
    }
  });
}

function isFolder(path: string): boolean {
  return (
    path.endsWith('/') ||
    path.endsWith(sep) ||
    statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
  );
}

/** An id may hold what the name of a file may not, and be longer. */
function fileNameOf(id: string): string {
  const name = encodeURIComponent(id).replace(
    /[.*']/g,
    (character) => `%${character.charCodeAt(0).toString(16)}`,
  );
  if (name.length <= LONGEST_NAME) return `${name}.json`;
  const hash = createHash('sha256').update(id).digest('hex').slice(0, 16);
  return `${name.slice(0, LONGEST_NAME - hash.length - 1)}-${hash}.json`;
}
