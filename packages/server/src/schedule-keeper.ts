import type { StartedRun } from 'stepwell';

/** What the routes of schedules need: `Schedules` of `@stepwell/schedules` is one. */
export interface ScheduleKeeper {
  /** @throws StepwellError `SCHEDULE_INVALID` and what a start may throw */
  set(name: string, options: ScheduleSettings): Promise<object>;
  list(): Promise<object[]>;
  /** @throws StepwellError `SCHEDULE_NOT_FOUND`, as the others */
  get(name: string): Promise<object>;
  /** The next times, as milliseconds since 1970. */
  next(name: string, count: number): Promise<number[]>;
  pause(name: string, options: { reason?: string }): Promise<void>;
  resume(name: string): Promise<void>;
  runNow(name: string): Promise<StartedRun>;
  delete(name: string): Promise<void>;
}

export type ScheduleSettings = {
  readonly workflow: string | { readonly name: string; readonly version: string };
  readonly input?: unknown;
  readonly queue?: string;
  readonly priority?: number;
  readonly overlap?: 'skip' | 'queue' | 'cancel' | 'allow';
  readonly catchUp?: 'none' | 'latest' | 'all';
} & (
  | { readonly cron: string; readonly timeZone?: string }
  | { readonly every: number | string; readonly from?: number }
);
