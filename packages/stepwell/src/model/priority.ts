import { StepwellError } from './errors.ts';

/** @throws StepwellError `OPTION_INVALID` unless it is a whole number from 0 to 9; undefined is 0. */
export function checkPriority(priority: number | undefined, where: string): number {
  if (priority === undefined) return 0;
  if (Number.isInteger(priority) && priority >= 0 && priority <= 9) return priority;
  throw new StepwellError(
    'OPTION_INVALID',
    `The priority of ${where} must be a whole number from 0 to 9 (most urgent), not ${String(priority)}.`,
  );
}
