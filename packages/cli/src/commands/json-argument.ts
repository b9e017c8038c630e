import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { StepwellError } from 'stepwell';
import { parseExactJson } from 'stepwell/engine';

/**
 * The value of a JSON argument; `-` reads it from stdin. Undefined: none was given.
 * @throws StepwellError `COMMAND_INVALID`
 */
export async function parseJsonArgument(text: string | undefined, what: string): Promise<unknown> {
  if (text === undefined) return undefined;
  return text === '-' ? readJsonFile('-', what) : parse(text, what, 'Quote it for the shell');
}

/** The value in a file, `-` for stdin. @throws StepwellError `COMMAND_INVALID` */
export async function readJsonFile(path: string, what: string): Promise<unknown> {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(
      await (path === '-' ? buffer(process.stdin) : readFile(path)),
    );
  } catch (cause) {
    const reason = cause instanceof TypeError ? 'it is not UTF-8' : (cause as Error).message;
    throw new StepwellError('COMMAND_INVALID', `The ${what} cannot be read from ${path}: ${reason}.`, {
      cause,
    });
  }
  return parse(text, what, `Check ${path === '-' ? 'what is piped in' : path}`);
}

function parse(text: string, what: string, advice: string): unknown {
  try {
    return parseExactJson(text, inexact);
  } catch (cause) {
    if (cause instanceof StepwellError) throw cause;
    const message = `The ${what} is not JSON: ${(cause as Error).message}. ${advice}, e.g. '{"amount":5}'.`;
    throw new StepwellError('COMMAND_INVALID', message, { cause });
  }
}

function inexact(number: string): StepwellError {
  return new StepwellError(
    'COMMAND_INVALID',
    `The number ${number} cannot be kept as it is. Give it as a string: "${number}" in quotes.`,
  );
}
