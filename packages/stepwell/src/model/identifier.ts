import { StepwellError } from './errors.ts';
import { DEFAULT_LIMITS } from './limits.ts';

// Control characters would break logs and terminals, lone surrogates cannot be stored as UTF-8.
// oxlint-disable-next-line no-control-regex
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f]/;

/**
 * Checks a name of a workflow, operation, event or queue. `/` and `#` are kept for operation ids.
 * @throws StepwellError `NAME_INVALID`
 */
export function checkName(name: unknown, what: string, longest = DEFAULT_LIMITS.nameLength): string {
  const problem = offence(name, longest) ?? (/[/#]/.test(name as string) ? 'it contains "/" or "#"' : null);
  if (problem !== null) {
    throw new StepwellError(
      'NAME_INVALID',
      `The ${what} ${show(name)} cannot be used: ${problem}. Names have 1 to ${longest} printable characters, without "/" and "#".`,
    );
  }
  return name as string;
}

/**
 * Checks an id that comes from outside: of a run, of an event, a concurrency key, a namespace.
 * @throws StepwellError `ID_INVALID`
 */
export function checkId(id: unknown, what: string, longest = DEFAULT_LIMITS.idLength): string {
  const problem = offence(id, longest);
  if (problem !== null) {
    throw new StepwellError(
      'ID_INVALID',
      `The ${what} ${show(id)} cannot be used: ${problem}. Ids have 1 to ${longest} printable characters.`,
    );
  }
  return id as string;
}

/** Characters of a reason that an operator gives, and of who it is. */
const LONGEST_REASON = 1_000;

/** @throws StepwellError `OPTION_INVALID` unless it is a text of bounded length, or there is none */
export function checkReason(reason: string | undefined): string | undefined {
  if (reason === undefined || (typeof reason === 'string' && reason.length <= LONGEST_REASON))
    return reason || undefined;
  throw new StepwellError(
    'OPTION_INVALID',
    `A reason, and who gives it, are texts of at most ${LONGEST_REASON} characters.`,
  );
}

export function isPrintable(text: string): boolean {
  return !UNPRINTABLE.test(text) && text.isWellFormed();
}

function offence(text: unknown, longest: number): string | null {
  if (typeof text !== 'string') return `it is ${text === null ? 'null' : typeof text}, not a string`;
  if (text === '') return 'it is empty';
  if (text.length > longest) return `it has ${text.length} characters, ${longest} are allowed`;
  if (!isPrintable(text)) return 'it contains characters that cannot be printed';
  if (text.trim() !== text) return 'it begins or ends with a space';
  return null;
}

function show(value: unknown): string {
  return typeof value === 'string'
    ? JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)
    : String(value);
}
