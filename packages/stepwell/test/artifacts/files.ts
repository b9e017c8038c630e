import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

/** The files under a folder, as paths in it, in their order. */
export function filesIn(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(root, join(parentPath, name)))
    .toSorted();
}
