/** With the third argument of a reviver (ES2026), which TypeScript's libraries do not know yet. */
type Parse = (
  text: string,
  reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
) => unknown;

/** Only a text with so many digits in a row, or with an exponent, can hold a number that JavaScript would change. */
const MAYBE_INEXACT = /\d{16}|\d[eE]/;
const WHOLE_NUMBER = /^-?\d+$/;

/**
 * The value of a JSON text, as `JSON.parse` has it. A number that would silently become another one is refused: `1e999`,
 * and whole numbers beyond 2^53 such as an account number of 19 digits, of which JavaScript keeps only the first 16 or so.
 *
 * @param refuse the error for a number; it is given its text and its key
 * @throws SyntaxError, RangeError as `JSON.parse`, and what `refuse` gives
 */
export function parseExactJson(text: string, refuse: (number: string, key: string) => Error): unknown {
  if (!MAYBE_INEXACT.test(text)) return JSON.parse(text);
  return (JSON.parse as Parse)(text, (key, value, { source }) => {
    if (typeof value === 'number' && source !== undefined && !isKept(value, source))
      throw refuse(source.slice(0, 40), key);
    return value;
  });
}

function isKept(value: number, source: string): boolean {
  if (!Number.isFinite(value)) return false;
  if (Number.isSafeInteger(value) || !WHOLE_NUMBER.test(source)) return true;
  // What JSON.stringify itself writes must be read: 2^70 is written with its first 17 digits and zeros.
  return String(value) === source || BigInt(value) === BigInt(source);
}
