export { connect } from './connect.ts';
export type { StepwellClient } from './client.ts';
export type {
  ConnectOptions,
  RemoteStartArguments,
  RemoteStartItem,
  RemoteStartOptions,
  ScheduleInfo,
  ScheduleSettings,
  ScheduleTiming,
} from './types.ts';
export type * from '../client/types.ts';
export { isStepwellError, StepwellError, type ErrorCode } from '../model/errors.ts';
