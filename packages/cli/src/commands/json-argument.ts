import { readFileSync } from 'node:fs';
import { StepwellError } from 'stepwell';

/**
 * The value of a JSON argument; `-` reads it from stdin. Undefined: none was given.
 * @throws StepwellError `COMMAND_INVALID`
 */
export function parseJsonArgument(text: string | undefined, what: string): unknown {
  if (text === undefined) return undefined;
  return text === '-' ? readJsonFile('-', what) : parse(text, what, 'Quote it for the shell');
}

/** The value in a file, `-` for stdin. @throws StepwellError `COMMAND_INVALID` */
export function readJsonFile(path: string, what: string): unknown {
  let text: string;
  try {
    text = readFileSync(path === '-' ? process.stdin.fd : path, 'utf8');
  } catch (cause) {
    throw new StepwellError(
      'COMMAND_INVALID',
      `The ${what} cannot be read from ${path}: ${(cause as Error).message}.`,
      { cause },
    );
  }
  return parse(text, what, `Check ${path === '-' ? 'what is piped in' : path}`);
}

function parse(text: string, what: string, advice: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const message = `The ${what} is not JSON: ${(cause as Error).message}. ${advice}, e.g. '{"amount":5}'.`;
    throw new StepwellError('COMMAND_INVALID', message, { cause });
  }
}
