/** What other packages of Stepwell build on: the engine, its store contract and its runtimes. Not for applications. */
export type * from './runtime.ts';
export type { System } from './system.ts';
export * from '../store/contract.ts';
export type * from '../model/fact.ts';
export type * from '../model/event.ts';
export type * from '../model/run.ts';
export type * from '../model/operation.ts';
export type { Payload } from '../model/codec.ts';
export type { Failure } from '../model/failure.ts';
export { ACTIVE_STATUSES, FINAL_STATUSES } from '../model/run.ts';
export { canBeOwnedAtOnce } from '../store/fit.ts';
export { isForcedCancel } from '../store/inbox.ts';
export { holdsOf, type QueueState, withHolds } from '../store/queue-rules.ts';
export { runPurged } from '../store/transaction-error.ts';
export type * from '../model/queue.ts';
export { Newsroom } from '../store/newsroom.ts';
