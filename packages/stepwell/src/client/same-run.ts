import { isStepwellError, StepwellError } from '../model/errors.ts';
import type { RunRecord } from '../model/run.ts';

/**
 * A run as it is now. Its id alone does not tell: after a purge another run may have it.
 * @param record finds a run by its id
 * @throws StepwellError `RUN_PURGED`
 */
export async function sameRun(
  record: (id: string) => Promise<RunRecord>,
  { id, key }: RunRecord,
): Promise<RunRecord> {
  try {
    const run = await record(id);
    if (run.key === key) return run;
  } catch (error) {
    if (!isStepwellError(error, 'RUN_NOT_FOUND')) throw error;
  }
  throw new StepwellError('RUN_PURGED', `The run "${id}" was purged while it was waited for or read.`);
}
