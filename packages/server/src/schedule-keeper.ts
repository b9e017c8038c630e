import type { ScheduleInfo, ScheduleSettings, StartedRun } from 'stepwell';

/** What the routes of schedules need: `Schedules` of `@stepwell/schedules` is one. */
export interface ScheduleKeeper {
  /** @throws StepwellError `SCHEDULE_INVALID` and what a start may throw */
  set(name: string, settings: ScheduleSettings): Promise<ScheduleInfo>;
  list(): Promise<ScheduleInfo[]>;
  /** @throws StepwellError `SCHEDULE_NOT_FOUND`, as the others */
  get(name: string): Promise<ScheduleInfo>;
  /** The next times, as milliseconds since 1970. */
  next(name: string, count: number): Promise<number[]>;
  pause(name: string, options: { reason?: string }): Promise<void>;
  resume(name: string): Promise<void>;
  /** @param options `id` of the run; the same id again is the same run */
  runNow(name: string, options: { id?: string }): Promise<StartedRun>;
  delete(name: string): Promise<void>;
}
