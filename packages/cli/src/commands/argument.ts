import { realpathSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { StepwellError } from 'stepwell';

/** The real path of a file that was named. @throws StepwellError `COMMAND_INVALID` */
export function existingFile(file: string): string {
  const path = realPathOf(file);
  if (statSync(path).isDirectory())
    throw new StepwellError('COMMAND_INVALID', `${file} is a folder, not a file.`);
  return path;
}

function realPathOf(file: string): string {
  try {
    return realpathSync(file);
  } catch (cause) {
    throw new StepwellError('COMMAND_INVALID', `There is no file ${file}.`, { cause });
  }
}

/** A file that is written anew. @throws StepwellError `COMMAND_INVALID` if that cannot be */
export async function newFile(file: string): Promise<Writable> {
  try {
    return (await open(file, 'w')).createWriteStream();
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new StepwellError('COMMAND_INVALID', `The file ${file} cannot be written: ${reason}.`, { cause });
  }
}

/** @throws StepwellError `COMMAND_INVALID` unless it is a whole number from `least` to `most` */
export function wholeNumber(text: string, what: string, least: number, most: number): number {
  if (/^\d{1,15}$/.test(text) && Number(text) >= least && Number(text) <= most) return Number(text);
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`;
  throw new StepwellError('COMMAND_INVALID', `The ${what} "${text}" is not a whole number ${range}.`);
}

export function parsePort(text: string): number {
  return wholeNumber(text, 'port', 0, 65_535);
}
