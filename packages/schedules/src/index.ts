export { Schedules, type SchedulesOptions } from './schedules.ts';
