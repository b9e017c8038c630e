import { StepwellError } from 'stepwell';

/** The place was right, and what is written has no room there, or did not get through. */
export function writeFailed(where: string, cause: Error): StepwellError {
  const message = `What was to be written to ${where} is not there, or not whole: ${cause.message}.`;
  return new StepwellError('WRITE_FAILED', message, { cause });
}
