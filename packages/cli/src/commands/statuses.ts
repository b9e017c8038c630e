import { ACTIVE_STATUSES, FINAL_STATUSES, type RunStatus, StepwellError } from 'stepwell';

/** Statuses with commas between them. @throws StepwellError `COMMAND_INVALID` */
export function statusesOf(text: string): RunStatus[] {
  const known: readonly string[] = [...ACTIVE_STATUSES, ...FINAL_STATUSES];
  const statuses = text.split(',').map((status) => status.trim());
  const wrong = statuses.find((status) => !known.includes(status));
  if (wrong === undefined) return statuses as RunStatus[];
  throw new StepwellError('COMMAND_INVALID', `"${wrong}" is not a status. There are: ${known.join(', ')}.`);
}
