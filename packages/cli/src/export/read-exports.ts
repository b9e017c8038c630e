import { createReadStream, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { StepwellError } from 'stepwell';
import { type ExportedRun, readExport } from 'stepwell/testing';

/** An exported run, and where it was found, for people. */
export interface FoundExport {
  readonly where: string;
  readonly exported: ExportedRun;
}

/**
 * The runs in files: one in a file, or one a line; a folder means all its files that end in `.json` or `.jsonl`. One run
 * is in memory at a time.
 * @throws StepwellError `COMMAND_INVALID` (no such file), `EXPORT_INVALID`
 */
export async function* readExports(paths: readonly string[]): AsyncGenerator<FoundExport> {
  for (const file of paths.flatMap(filesOf)) {
    let line = 0;
    const lines = createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY });
    for await (const text of lines) {
      line++;
      if (text.trim() === '') continue;
      const value = parsed(text);
      // A file that somebody has laid out: its first line alone is no JSON.
      if (value === undefined && line === 1) {
        yield found(file, parsed(readFileSync(file, 'utf8')));
        break;
      }
      yield found(line === 1 ? file : `${file}:${line}`, value);
    }
    if (line === 0) throw new StepwellError('EXPORT_INVALID', `The file ${file} is empty.`);
  }
}

function filesOf(path: string): string[] {
  let isFolder: boolean;
  try {
    isFolder = statSync(path).isDirectory();
  } catch (cause) {
    throw new StepwellError('COMMAND_INVALID', `There is no file ${path}.`, { cause });
  }
  if (!isFolder) return [path];
  const files = readdirSync(path).filter((name) => /\.jsonl?$/.test(name));
  if (files.length > 0) return files.toSorted().map((name) => join(path, name));
  throw new StepwellError('COMMAND_INVALID', `The folder ${path} has no files that end in .json or .jsonl.`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function found(where: string, value: unknown): FoundExport {
  return { where, exported: readExport(value, where) };
}
