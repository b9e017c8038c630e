import { type ErrorCode, isStepwellError, StepwellError } from 'stepwell';

/** What an error of PostgreSQL or of its driver says of itself: https://www.postgresql.org/docs/current/errcodes-appendix.html */
function codeOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
}

/** Nothing was done, and doing it again may go well: a deadlock, a transaction that could not be put in order with another. */
export function isPassing(thrown: unknown): boolean {
  return ['40001', '40P01'].includes(codeOf(thrown));
}

/** What was asked for is at fault, and not the server: values, constraints, limits of a row. Nothing was done. */
export function isOfContent(thrown: unknown): boolean {
  return thrown instanceof RangeError || /^(21|22|23|54)...$/.test(codeOf(thrown));
}

/** Whether the server has answered: then it is known that nothing was done. */
function isAnswer(thrown: unknown): boolean {
  return /^[0-9A-Z]{5}$/.test(codeOf(thrown)) && !/^(08...|57P0[1-3])$/.test(codeOf(thrown));
}

const NOTHING_DONE = 'Nothing of it was done.';
const UNKNOWN = 'Whether it was done is not known.';

/** What went wrong with the database at that address, in words for people. */
export function explain(thrown: unknown, address: string): StepwellError {
  if (isStepwellError(thrown)) return thrown;
  const [code, message] = diagnose(thrown, address);
  return new StepwellError(code, message, { cause: thrown });
}

function diagnose(thrown: unknown, address: string): [ErrorCode, string] {
  const code = codeOf(thrown);
  const detail = thrown instanceof Error ? thrown.message : String(thrown);
  switch (code) {
    case 'ECONNREFUSED':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ENOENT':
      return [
        'STORE_UNREACHABLE',
        `No PostgreSQL answers at ${address} (${detail}). Check the address, and that the server is running. ${NOTHING_DONE}`,
      ];
    case '28P01':
    case '28000':
      return [
        'STORE_ACCESS_DENIED',
        `PostgreSQL at ${address} does not let this user in (${detail}). Check the user and the password of the store's URL.`,
      ];
    case '42501':
      return [
        'STORE_ACCESS_DENIED',
        `The user of ${address} may not do this (${detail}). Let it create its schema, or make one that it owns.`,
      ];
    case '3D000':
      return ['STORE_UNREACHABLE', `There is no such database: ${address}. Create it first.`];
    case '25006':
      return [
        'STORE_READ_ONLY',
        `PostgreSQL at ${address} takes no writes: it is a standby, or set to read only. Give the address of the primary. ${NOTHING_DONE}`,
      ];
    case '53100':
      return [
        'STORE_FULL',
        `The disk of PostgreSQL at ${address} is full. ${NOTHING_DONE} Make room there, and it goes on.`,
      ];
    case '53300':
      return [
        'STORE_FAILED',
        `PostgreSQL at ${address} has no connection left (${detail}). Raise max_connections, or open stores with fewer \`connections\`. ${NOTHING_DONE}`,
      ];
    case '57014':
      return [
        'STORE_FAILED',
        `PostgreSQL at ${address} stopped a statement (${detail}): its statement_timeout is too short for the load. ${NOTHING_DONE}`,
      ];
    case '3F000':
    case '42P01':
    case '42883':
      return [
        'STORE_DAMAGED',
        `The tables of Stepwell at ${address} are gone or not complete (${detail}). Restore a backup, or name another schema.`,
      ];
    default:
      break;
  }
  if (detail.startsWith('timeout exceeded when trying to connect')) {
    return [
      'STORE_FAILED',
      `All connections to ${address} were busy for too long. Open the store with more \`connections\`, or ask it for less. ${NOTHING_DONE}`,
    ];
  }
  if (detail.includes('connection timeout') || detail === 'timeout expired') {
    return ['STORE_UNREACHABLE', `PostgreSQL at ${address} did not answer in time. ${NOTHING_DONE}`];
  }
  return isAnswer(thrown)
    ? ['STORE_FAILED', `PostgreSQL at ${address} refused (${detail}). ${NOTHING_DONE}`]
    : ['STORE_FAILED', `The connection to PostgreSQL at ${address} was lost (${detail}). ${UNKNOWN}`];
}
