import { TypeOverrides } from 'pg';

const BIGINT = 20;
const BIGINT_ARRAY = 1016;
const INTEGER_ARRAY = 1007;

/** How answers are read. Keys and times are far below 2^53: they are numbers here. */
export const TYPES = new TypeOverrides();
TYPES.setTypeParser(BIGINT, Number);
TYPES.setTypeParser(BIGINT_ARRAY, numbersOf);
TYPES.setTypeParser(INTEGER_ARRAY, numbersOf);

function numbersOf(text: string): (number | null)[] {
  if (text === '{}') return [];
  return text
    .slice(1, -1)
    .split(',')
    .map((part) => (part === 'NULL' ? null : Number(part)));
}
