import { StepwellError } from 'stepwell';
import type { ScheduleKeeper } from '../src/schedule-keeper.ts';

/** For tests of what the routes say of themselves. */
export const noSchedules: ScheduleKeeper = {
  set: unknown,
  list: async () => [],
  get: unknown,
  next: unknown,
  pause: unknown,
  resume: unknown,
  runNow: unknown,
  delete: unknown,
};

async function unknown(name: string): Promise<never> {
  throw new StepwellError('SCHEDULE_NOT_FOUND', `There is no schedule "${name}".`);
}
