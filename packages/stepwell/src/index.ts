export { Stepwell } from './client/stepwell.ts';
export type * from './client/types.ts';
export type { Artifacts, PreparedArtifact } from './client/artifacts.ts';
export type * from './artifacts/artifact.ts';
export type { ArtifactStore, ByteRange } from './artifacts/contract.ts';
export type { ArtifactData } from './artifacts/data.ts';
export type { Swept } from './artifacts/sweep.ts';
export { workflow } from './workflow/workflow.ts';
export type * from './workflow/context.ts';
export type {
  AnyDefinition,
  Definition,
  InputOf,
  OutputOf,
  Start,
  WorkflowOptions,
} from './workflow/definition.ts';
export type { Accepted, Schema, Validated } from './workflow/schema.ts';
export { ERRORS, isStepwellError, StepwellError, type ErrorCode } from './model/errors.ts';
export type { SqliteTransaction } from './store/sqlite/outcomes.ts';
export type { Codec } from './model/codec.ts';
export type { Failure } from './model/failure.ts';
export type { OperationId, OperationKind } from './model/operation.ts';
export { milliseconds, type Duration } from './model/duration.ts';
export type { JournalEvent, JournalEventType } from './model/event.ts';
export type { Json } from './model/json.ts';
export type * from './model/schedule.ts';
export { isReference, type Reference } from './model/reference.ts';
export { DEFAULT_LIMITS, type Limits } from './model/limits.ts';
export {
  ACTIVE_STATUSES,
  FINAL_STATUSES,
  isFinal,
  type Progress,
  type RunStatus,
  type WaitReason,
} from './model/run.ts';
