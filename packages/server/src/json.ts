import { StepwellError } from 'stepwell';

/** With the third argument of a reviver (ES2026), which TypeScript's libraries do not know yet. */
type Parse = (
  text: string,
  reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
) => unknown;

/** Only a text with so many digits in a row, or with an exponent, can hold a number that JavaScript would change. */
const MAYBE_INEXACT = /\d{16}|\d[eE]/;
const WHOLE_NUMBER = /^-?\d+$/;

/**
 * The value of a JSON text. A number that would silently become another one is refused: `1e999`, and whole numbers
 * beyond 2^53 such as an account number of 19 digits, of which JavaScript keeps only the first 16 or so.
 * @throws StepwellError `BODY_INVALID`
 */
export function parseJson(text: string): unknown {
  try {
    return MAYBE_INEXACT.test(text) ? (JSON.parse as Parse)(text, checkNumber) : JSON.parse(text);
  } catch (cause) {
    if (cause instanceof StepwellError) throw cause;
    // The reviver is called by recursion, the parser is not.
    const reason = cause instanceof RangeError ? 'it is nested too deeply' : (cause as Error).message;
    throw new StepwellError('BODY_INVALID', `The body is not valid JSON: ${reason}.`, { cause });
  }
}

function checkNumber(key: string, value: unknown, context: { source?: string }): unknown {
  if (typeof value === 'number' && context.source !== undefined && !isKept(value, context.source)) {
    throw new StepwellError(
      'BODY_INVALID',
      `The number ${context.source.slice(0, 40)} (of ${JSON.stringify(key)}) cannot be kept as it is. Send it as a string.`,
    );
  }
  return value;
}

function isKept(value: number, source: string): boolean {
  if (!Number.isFinite(value)) return false;
  if (Number.isSafeInteger(value) || !WHOLE_NUMBER.test(source)) return true;
  // What JSON.stringify itself writes must be read: 2^70 is written with its first 17 digits and zeros.
  return String(value) === source || BigInt(value) === BigInt(source);
}
