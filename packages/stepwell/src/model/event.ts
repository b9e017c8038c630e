import type { Payload } from './codec.ts';
import type { Failure } from './failure.ts';
import type { OperationId, OperationKind } from './operation.ts';
import type { Progress } from './run.ts';

/** Why a run is being cancelled. */
export type CancelCause = 'request' | 'timeout' | 'parent';

/** What `operation.started` says of the operation, by kind. Times are milliseconds since 1970. */
export interface OperationStarted {
  readonly type: 'operation.started';
  readonly op: OperationId;
  readonly kind: OperationKind;
  /** step: never begin an attempt whose predecessor may have taken effect. */
  readonly atMostOnce?: true;
  /** It was asked for while its run was paused or its worker about to stop, and has not begun. */
  readonly held?: true;
  /** sleep: when it ends; event, callback, condition: when the wait is given up. */
  readonly until?: number;
  /** event: the name that is waited for. */
  readonly event?: string;
  /** callback: the id by which somebody outside completes it, and the longest silence between heartbeats (ms). */
  readonly callback?: string;
  readonly heartbeat?: number;
  /** child: the run that was started, and whether nobody awaits it. */
  readonly child?: ChildStarted;
  /** map, parallel: the number of items. */
  readonly items?: number;
}

export interface ChildStarted {
  readonly id: string;
  readonly workflow: string;
  readonly version: string;
  readonly detached?: true;
}

/** One event of a journal. `docs/architecture.md` says which of them the function sees, and which only observers. */
export type JournalEvent =
  // The run
  | {
      readonly type: 'run.activated';
      readonly worker: string;
      /** Version of the journal's format and of the engine's behaviour. */
      readonly format: number;
    }
  /** The function begins, or begins again; `seed` is where `ctx.random` and `ctx.uuid` begin. */
  | { readonly type: 'run.started'; readonly seed: string }
  | {
      readonly type: 'run.cancel_requested';
      readonly cause: CancelCause;
      readonly reason?: string;
      /** Of the call that asked for it, if it had one. */
      readonly id?: string;
    }
  | { readonly type: 'run.paused'; readonly reason?: string; readonly by?: string }
  | { readonly type: 'run.resumed' }
  | { readonly type: 'run.stuck'; readonly error: Failure }
  /** The function failed and begins again from its start at `until`. */
  | {
      readonly type: 'run.retrying';
      readonly attempt: number;
      readonly error: Failure;
      readonly until: number;
    }
  /**
   * An operator's retry: the function begins again from its start, and every operation that succeeded before is given
   * its old result. Failures count again as well, except `op`'s and those inside it; without `op`, none does.
   */
  | { readonly type: 'run.reopened'; readonly op?: OperationId }
  /** The events before this one are those of another run; the function begins again as after `run.reopened`. */
  | { readonly type: 'run.forked'; readonly run: string; readonly op: OperationId }
  | { readonly type: 'run.succeeded'; readonly output?: Payload }
  | { readonly type: 'run.failed'; readonly error: Failure; readonly op?: OperationId }
  | { readonly type: 'run.cancelled'; readonly reason?: string; readonly forced?: true }
  | { readonly type: 'run.timed_out'; readonly error: Failure }
  | { readonly type: 'run.continued'; readonly by: string }
  // Operations
  | OperationStarted
  /** A further attempt of a step or condition begins; the first begins with `operation.started`. */
  | { readonly type: 'operation.attempt'; readonly op: OperationId; readonly attempt: number }
  /** An attempt failed (or a condition does not hold yet); the next begins at `until`. */
  | {
      readonly type: 'operation.retrying';
      readonly op: OperationId;
      readonly attempt: number;
      readonly until: number;
      readonly error?: Failure;
    }
  | { readonly type: 'operation.heartbeat'; readonly op: OperationId; readonly details?: Payload }
  /** The child that is awaited goes on as another run. */
  | { readonly type: 'operation.continued'; readonly op: OperationId; readonly by: string }
  /** `from`: the position of the event of this journal whose value is this operation's result. */
  | {
      readonly type: 'operation.succeeded';
      readonly op: OperationId;
      readonly value?: Payload;
      readonly from?: number;
    }
  | { readonly type: 'operation.failed'; readonly op: OperationId; readonly error: Failure }
  | { readonly type: 'operation.cancelled'; readonly op: OperationId }
  /** A group, or an item of one, ended. */
  | { readonly type: 'operation.ended'; readonly op: OperationId; readonly error?: Failure }
  // From outside, and to observers
  | { readonly type: 'event.received'; readonly name: string; readonly value?: Payload; readonly id?: string }
  | ({ readonly type: 'progress' } & { readonly progress: Progress })
  | { readonly type: 'status'; readonly text: string }
  /** Tags that the run did not have before. */
  | { readonly type: 'tags'; readonly tags: readonly string[] }
  | {
      readonly type: 'log';
      readonly level: LogLevel;
      readonly message: string;
      readonly data?: Payload;
      readonly op?: OperationId;
    };

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type JournalEventType = JournalEvent['type'];
export type EventOf<T extends JournalEventType> = Extract<JournalEvent, { readonly type: T }>;

/** The outcome of an operation that somebody waits for. */
export type SettlementEvent = EventOf<'operation.succeeded'> | EventOf<'operation.failed'>;

export function isSettlement(event: JournalEvent): event is SettlementEvent {
  return event.type === 'operation.succeeded' || event.type === 'operation.failed';
}

/** Whether a run's life ends with it; an operator's retry can begin another. */
export function isEnd({ type }: JournalEvent): boolean {
  return (
    type === 'run.succeeded' ||
    type === 'run.failed' ||
    type === 'run.cancelled' ||
    type === 'run.timed_out' ||
    type === 'run.continued'
  );
}

/**
 * The format that this engine writes, and the newest that it reads. 1: what the first version that is published knows,
 * with references to values that are kept elsewhere (docs/decisions/0018).
 */
export const JOURNAL_FORMAT = 1;

/** One commit of a journal, as it is read. */
export interface Commit {
  /** Position of the first of its events. */
  readonly position: number;
  /** Milliseconds since 1970; within a run it never goes back. */
  readonly at: number;
  readonly events: readonly JournalEvent[];
}
