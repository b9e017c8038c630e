import { StepwellError } from './errors.ts';

/** Bytes from `start` up to, and without, `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * As much of a range as there is of an artifact of that size.
 * @throws StepwellError `OPTION_INVALID` if it is none, `RANGE_NOT_SATISFIABLE` if it begins after the end
 */
export function rangeWithin({ start, end }: ByteRange, size: number, name: string): ByteRange {
  const isEnd = Number.isSafeInteger(end) || end === Number.POSITIVE_INFINITY;
  if (!Number.isSafeInteger(start) || start < 0 || !isEnd || end < start) {
    throw new StepwellError(
      'OPTION_INVALID',
      `A range of bytes has a start and an end, whole numbers from 0, and does not end before it begins; not ${String(start)} and ${String(end)}.`,
    );
  }
  if (start > size) {
    throw new StepwellError(
      'RANGE_NOT_SATISFIABLE',
      `The range from byte ${start} on lies outside the artifact "${name}", which has ${size} bytes.`,
      { data: { size } },
    );
  }
  return { start, end: Math.min(end, size) };
}
