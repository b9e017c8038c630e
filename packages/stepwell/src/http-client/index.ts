export { connect } from './connect.ts';
export type { StepwellClient } from './client.ts';
export type {
  ConnectOptions,
  RemoteStartArguments,
  RemoteStartItem,
  RemoteStartOptions,
} from './types.ts';
export type * from '../client/types.ts';
export type * from '../model/schedule.ts';
export { isReference, type Reference } from '../model/reference.ts';
export { isStepwellError, StepwellError, type ErrorCode } from '../model/errors.ts';
