import { StepwellError } from '../model/errors.ts';

/** Whoever still works on a run that is gone is told so before it writes anything. */
export function runPurged(): StepwellError {
  return new StepwellError('STORE_FAILED', 'The run of the transaction was purged. Nothing was written.');
}
