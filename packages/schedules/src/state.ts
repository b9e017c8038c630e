import type { ScheduleInfo } from 'stepwell';

/** A schedule as it is kept: everything that decides what is started, and when. */
export interface ScheduleState extends Omit<ScheduleInfo, 'name'> {
  /** Runs that a start has to cancel first. */
  readonly cancelling: readonly string[];
}
