export { Schedules, type SchedulesOptions } from './schedules.ts';
export type { CatchUp, Overlap, Schedule, ScheduledRun, ScheduleOptions } from './schedule.ts';
export type { StoredTiming, Timing } from './timing.ts';
