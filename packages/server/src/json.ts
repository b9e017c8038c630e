import { StepwellError } from 'stepwell';
import { parseExactJson } from 'stepwell/engine';

/**
 * The value of a JSON text. A number that would silently become another one is refused.
 * @throws StepwellError `BODY_INVALID`
 */
export function parseJson(text: string): unknown {
  try {
    return parseExactJson(text, inexact);
  } catch (cause) {
    if (cause instanceof StepwellError) throw cause;
    // The reviver is called by recursion, the parser is not.
    const reason = cause instanceof RangeError ? 'it is nested too deeply' : (cause as Error).message;
    throw new StepwellError('BODY_INVALID', `The body is not valid JSON: ${reason}.`, { cause });
  }
}

function inexact(number: string, key: string): StepwellError {
  return new StepwellError(
    'BODY_INVALID',
    `The number ${number} (of ${JSON.stringify(key)}) cannot be kept as it is. Send it as a string.`,
  );
}
