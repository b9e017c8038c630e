import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

/** The files under a folder, as paths in it, in their order; not the one that says whose the folder is. */
export function filesIn(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(root, join(parentPath, name)))
    .filter((path) => !path.startsWith('_stepwell/'))
    .toSorted();
}
