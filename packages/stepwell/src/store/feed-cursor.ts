import { StepwellError } from '../model/errors.ts';

/*
 * Cursors of a store with one writer at a time: commits are numbered as they are written, and all up to a number have
 * been read. `<store>-<number in base 36>`.
 */

export function feedCursor(store: string, number: number): string {
  return `${store}-${number.toString(36)}`;
}

/**
 * The number of the last commit that has been read.
 * @param last number of the last commit that was ever written
 * @throws StepwellError `CURSOR_INVALID`
 */
export function feedNumber(cursor: string, store: string, last: number): number {
  if (cursor === '') return 0;
  const [, of, digits = ''] = /^([0-9a-z]+)-([0-9a-z]{1,11})$/.exec(cursor) ?? [];
  const number = Number.parseInt(digits, 36);
  if (of === store && number <= last) return number;
  throw feedCursorInvalid(cursor);
}

export function feedCursorInvalid(cursor: string): StepwellError {
  const shown = JSON.stringify(cursor.length > 80 ? `${cursor.slice(0, 80)}…` : cursor);
  return new StepwellError(
    'CURSOR_INVALID',
    `The cursor ${shown} was not made by this store, or in a state of it that is lost. Read from the oldest event, or from now on.`,
  );
}
