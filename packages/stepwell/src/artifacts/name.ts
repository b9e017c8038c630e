import { StepwellError } from '../model/errors.ts';

/** Before the hashes of payloads that are too large for a journal. No user's artifact has such a name. */
export const PAYLOADS = '.stepwell/payloads/';
const RESERVED = '.stepwell/';

const LONGEST_NAME = 1024;
const LONGEST_SEGMENT = 255;
// Control characters would break headers, logs and terminals.
// oxlint-disable-next-line no-control-regex
const UNFIT = /[\u0000-\u001f\u007f-\u009f\\]/;

/**
 * Checks the name of an artifact: a relative path such as `out/report.pdf`. It is never made a path on a disk; but
 * whoever downloads a file makes it one.
 * @throws StepwellError `NAME_INVALID`
 */
export function checkArtifactName(name: unknown): string {
  const problem = offence(name);
  if (problem === null) return name as string;
  const shown = typeof name === 'string' ? JSON.stringify(name.slice(0, 80)) : String(name);
  throw new StepwellError(
    'NAME_INVALID',
    `The artifact name ${shown} cannot be used: ${problem}. Names are relative paths such as "out/report.pdf".`,
  );
}

export function isReservedName(name: string): boolean {
  return name.startsWith(RESERVED);
}

function offence(name: unknown): string | null {
  if (typeof name !== 'string') return `it is ${name === null ? 'null' : typeof name}, not a string`;
  if (UNFIT.test(name) || !name.isWellFormed()) return 'it has a control character or a backslash';
  if (isReservedName(name)) return `names that begin with "${RESERVED}" are Stepwell's own`;
  if (Buffer.byteLength(name) > LONGEST_NAME) return `it has more than ${LONGEST_NAME} bytes`;
  for (const segment of name.split('/')) {
    if (segment === '') return 'it is empty, or has an empty part, or begins or ends with "/"';
    if (segment === '.' || segment === '..') return `it has a part "${segment}"`;
    if (segment.trim() !== segment) return 'a part of it begins or ends with a space';
    if (Buffer.byteLength(segment) > LONGEST_SEGMENT) return `a part has more than ${LONGEST_SEGMENT} bytes`;
  }
  return null;
}

// oxlint-disable-next-line no-control-regex
const CONTENT_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(\s*;[\u0020-\u007e\t]*)?$/;
const LONGEST_CONTENT_TYPE = 255;

/** @throws StepwellError `OPTION_INVALID` */
export function checkContentType(type: unknown): string {
  if (typeof type === 'string' && type.length <= LONGEST_CONTENT_TYPE && CONTENT_TYPE.test(type)) return type;
  throw new StepwellError(
    'OPTION_INVALID',
    `The content type ${JSON.stringify(type)} is not one such as "text/csv; charset=utf-8".`,
  );
}
