import { realpathSync, statSync } from 'node:fs';
import { milliseconds, StepwellError } from 'stepwell';

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

/** @throws StepwellError `COMMAND_INVALID` unless it is a whole number from `least` to `most` */
export function wholeNumber(text: string, what: string, least: number, most: number): number {
  if (/^\d{1,15}$/.test(text) && Number(text) >= least && Number(text) <= most) return Number(text);
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`;
  throw new StepwellError('COMMAND_INVALID', `The ${what} "${text}" is not a whole number ${range}.`);
}

/** A length of time, as it was written. @throws StepwellError `COMMAND_INVALID` */
export function durationOf(text: string, what: string): string {
  try {
    milliseconds(text);
    return text;
  } catch (cause) {
    throw new StepwellError(
      'COMMAND_INVALID',
      `The ${what} "${text}" is not a length of time such as 500ms, 30s, 1h30m or 7d, up to 100 years.`,
      { cause },
    );
  }
}

export function parsePort(text: string): number {
  return wholeNumber(text, 'port', 0, 65_535);
}
