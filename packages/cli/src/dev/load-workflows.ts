import { registerHooks } from 'node:module';
import { dirname, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type AnyDefinition, StepwellError } from 'stepwell';
import { modifiedAtNow } from './file-watch.ts';
import type { WatchedFile } from './messages.ts';

/**
 * The workflows that files export, whatever the names of the exports.
 * @throws StepwellError `WORKFLOW_FILE_INVALID`
 */
export async function loadWorkflows(files: readonly string[]): Promise<AnyDefinition[]> {
  const workflows = new Set<AnyDefinition>();
  for (const file of files) {
    const exported = Object.values(await load(file)).filter(isDefinition);
    if (exported.length === 0) {
      throw new StepwellError(
        'WORKFLOW_FILE_INVALID',
        `The file ${file} exports no workflow. Write: export const name = workflow('name', …).`,
      );
    }
    for (const definition of exported) workflows.add(definition);
  }
  return [...workflows];
}

async function load(file: string): Promise<object> {
  try {
    return (await import(pathToFileURL(file).href)) as object;
  } catch (cause) {
    throw new StepwellError(
      'WORKFLOW_FILE_INVALID',
      `The file ${file} cannot be loaded: ${describe(cause)}`,
      { cause },
    );
  }
}

function describe(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  // The stack of a syntax error begins with the place in the source; its other lines are Node's own.
  return (cause.stack ?? String(cause)).replace(/\n +at .*node:internal.*$/gm, '');
}

/** By its shape: the file may import another copy of the library. */
function isDefinition(value: unknown): value is AnyDefinition {
  const candidate = value as Partial<AnyDefinition> | null;
  return (
    typeof value === 'object' &&
    typeof candidate?.name === 'string' &&
    typeof candidate.version === 'string' &&
    typeof candidate.fn === 'function'
  );
}

/** From now on keeps note of the source files that are loaded from the folders of these files. */
export function noteLoadedFiles(files: readonly string[]): () => WatchedFile[] {
  const folders = files.map((file) => dirname(file) + sep);
  const noted = new Map<string, WatchedFile>();
  registerHooks({
    load(url, context, nextLoad) {
      if (url.startsWith('file:')) {
        const path = fileURLToPath(url);
        const isOwn =
          folders.some((folder) => path.startsWith(folder)) && !path.includes(`${sep}node_modules${sep}`);
        if (isOwn) noted.set(path, { path, modifiedAt: modifiedAtNow(path) });
      }
      return nextLoad(url, context);
    },
  });
  return () => [...noted.values()];
}
