import { StepwellError, type ByteRange } from 'stepwell';

/**
 * What a `Range` header asks for (RFC 9110, section 14); null: all, also where several ranges or other units are asked
 * for, which a server may pass over.
 * @throws StepwellError `RANGE_NOT_SATISFIABLE`
 */
export function rangeOf(header: string | undefined, size: number): ByteRange | null {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/i.exec(header?.trim() ?? '') ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return null;
  const range =
    first === ''
      ? { start: Math.max(0, size - Number(last)), end: size }
      : { start: Number(first), end: last === '' ? size : Math.min(size, Number(last) + 1) };
  if (first !== '' && last !== '' && Number(last) < Number(first)) return null;
  if (range.start < range.end) return range;
  throw new StepwellError(
    'RANGE_NOT_SATISFIABLE',
    `The range ${header} lies outside the artifact, which has ${size} bytes.`,
    { data: { size } },
  );
}

/** Whether a header such as `If-None-Match` names the tag. */
export function namesTag(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  return header.trim() === '*' || header.split(',').some((one) => one.trim().replace(/^W\//, '') === tag);
}
