import { isStepwellError, StepwellError, type ErrorCode } from '../model/errors.ts';

const CODES: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  ENOSPC: ['STORE_FULL', 'there is no room left. Nothing of it was kept; free space, and write it again'],
  EDQUOT: ['STORE_FULL', 'the quota is used up. Nothing of it was kept; free space, and write it again'],
  EROFS: ['STORE_READ_ONLY', 'the disk is read-only'],
  EACCES: ['STORE_READ_ONLY', 'this process may not use it. Let its user read and write there'],
  EPERM: ['STORE_READ_ONLY', 'this process may not use it. Let its user read and write there'],
};

/** What went wrong in a folder of artifacts, in words for people. */
export function explain(thrown: unknown, path: string): StepwellError {
  if (isStepwellError(thrown)) return thrown;
  const error = thrown as NodeJS.ErrnoException;
  const [code, reason] = CODES[error.code ?? ''] ?? ['STORE_FAILED', error.message];
  return new StepwellError(code, `The artifacts in ${path} cannot be reached: ${reason}.`, { cause: thrown });
}
