import type { CancelCause, ChildStarted, LogLevel, OperationStarted } from '../model/event.ts';
import type { Payload } from '../model/codec.ts';
import type { Failure } from '../model/failure.ts';
import type { Json } from '../model/json.ts';
import type { OperationId } from '../model/operation.ts';
import type { Progress, RunRecord } from '../model/run.ts';
import type { PollPolicy, RetryPolicy } from '../policy/retry.ts';

/**
 * What executes runs. The engine knows journals, time, facts and workers; a runtime knows one way of writing
 * functions: async functions in this process, functions behind a protocol, interpreted state machines.
 */
export interface Runtime {
  /** The kinds of run (`workflow@version`) that this runtime can execute. */
  kinds(): readonly string[];
  /** A fresh execution of a run, at its very start; null if this runtime cannot execute it. */
  execute(run: RunRecord, host: Host): Execution | null;
}

/**
 * One execution of a run's function. It is deterministic: the same inputs in the same order make it ask for the same
 * operations. The engine gives it the inputs of the journal first (it cannot tell), then new ones.
 */
export interface Execution {
  /** Gives one input. `blocked` must be called once, when nothing more can happen without a further input. */
  advance(input: Input, blocked: () => void): void;
  /** Begins an attempt of a step or a check of a condition; called only when its start is durable. Calls `done` once. */
  perform(op: OperationId, attempt: Attempt, done: (performed: Performed) => void): void;
  /** Whether an attempt that failed by no fault of its body (it took too long, say) is worth another one. */
  isRetryable(op: OperationId, error: Error): boolean;
  /** Finds out what became of an at-most-once step's attempt that a crash cut off. Calls `done` once. */
  reconcile(op: OperationId, attempt: Attempt, done: (reconciled: Reconciled) => void): void;
  /** Nothing more will come: free what is held. */
  drop(): void;
}

export type Input =
  | { readonly type: 'start'; readonly input: Json | undefined }
  | { readonly type: 'settled'; readonly op: OperationId; readonly settlement: Settlement }
  | { readonly type: 'cancel'; readonly cause: CancelCause; readonly reason: string | undefined };

export type Settlement =
  | { readonly ok: true; readonly value: Json | undefined }
  | { readonly ok: false; readonly error: Failure };

/** What an execution may call while it advances. In a replay the calls are compared with the journal instead of kept. */
export interface Host {
  /** Time of the present input: the same again in every replay. Milliseconds since 1970. */
  now(): number;
  /** Where this run's random numbers begin. */
  seed(): string;
  /** How often the function has begun anew (a retry, a fork): what it starts then is not what it started before. */
  beginnings(): number;
  /** Whether the present input is from the journal. */
  replaying(): boolean;
  /** Whether operations can be asked for now: an input is being worked on. */
  inTurn(): boolean;
  /**
   * Asks for an operation; an input of type `settled` will answer, except for groups and detached children.
   * The answer is what the journal says of it: in a replay, what was recorded.
   * @throws StepwellError `JOURNAL_MISMATCH` if the journal has something else in this place; the execution is over then
   */
  ask(operation: Ask): OperationStarted;
  /**
   * A snapshot of a value as a journal keeps it.
   * @throws StepwellError `VALUE_NOT_JSON` or `PAYLOAD_TOO_LARGE`
   */
  encode(value: unknown, what: string): Payload | undefined;
  /** Whether the patch is in force: recorded in the journal, or asked for at its living end (and then recorded). */
  patched(id: string): boolean;
  /** The operation is not awaited any more: its body is stopped, its child cancelled, its callback closed. */
  cancel(op: OperationId): void;
  /** For observers; not compared in a replay. */
  note(note: Note): void;
  /** The function has ended. Nothing may be called after it. */
  end(end: End): void;
  /**
   * A heartbeat of a step's body, at any time; `details` are given to the next attempt. That of an attempt which was
   * given up counts for nothing.
   */
  heartbeat(op: OperationId, attempt: Attempt, details: Json | undefined): void;
  /** What the calls that an operation makes are to carry, as W3C `traceparent`, if the run or the engine is traced. */
  traceparentOf(op: OperationId): string | undefined;
  /** A log line of a step's body, at any time. */
  log(op: OperationId, level: LogLevel, message: string, data: Json | undefined): void;
}

/** An operation as it is asked for: what the journal keeps, and what only this activation needs to know. */
export interface Ask {
  readonly started: OperationStarted;
  readonly retry?: RetryPolicy;
  /** How often a condition is checked. */
  readonly poll?: PollPolicy;
  /** Milliseconds that one attempt may take. */
  readonly timeout?: number;
  readonly child?: ChildRequest;
  /** The execution can find out what became of an attempt that a crash cut off. */
  readonly reconcilable?: boolean;
}

export interface ChildRequest {
  /** As {@link Host.encode} gave it. */
  readonly input: Payload | undefined;
  readonly queue: string;
  readonly priority: number;
  readonly timeout: number | null;
  readonly hardTimeout: number | null;
  readonly delay: number;
  readonly concurrencyKey: string | null;
  readonly concurrencyLimit: number | null;
}

export interface Attempt {
  /** From 1; counts every beginning of the body that the journal knows. */
  readonly number: number;
  readonly idempotencyKey: string;
  /** What the attempt before told with its last heartbeat. */
  readonly details: Json | undefined;
  /** Made when it is asked for: most bodies never do. */
  readonly signal: AbortSignal;
}

export type Performed =
  | { readonly type: 'value'; readonly value: unknown }
  /** A condition that does not hold yet. */
  | { readonly type: 'not yet' }
  | { readonly type: 'error'; readonly error: Failure; readonly retryable: boolean };

export type Reconciled =
  | { readonly type: 'done'; readonly value: unknown }
  | { readonly type: 'not done' }
  | { readonly type: 'unknown'; readonly error: Failure };

export type Note =
  | { readonly type: 'progress'; readonly progress: Progress }
  | { readonly type: 'status'; readonly text: string }
  | { readonly type: 'tags'; readonly tags: readonly string[] }
  | {
      readonly type: 'log';
      readonly level: LogLevel;
      readonly message: string;
      readonly data: Json | undefined;
      readonly op: OperationId | undefined;
    }
  | { readonly type: 'operation.ended'; readonly op: OperationId; readonly error: Failure | undefined };

export type End =
  /** `output`: as {@link Host.encode} gave it. */
  | { readonly type: 'returned'; readonly output: Payload | undefined }
  /** `op`: the operation whose failure it is, if it is one's. `retry`: begin the whole function again. */
  | {
      readonly type: 'threw';
      readonly error: Failure;
      readonly op: OperationId | undefined;
      readonly retry: RetryPolicy | null;
    }
  | { readonly type: 'continued'; readonly input: Payload | undefined; readonly request: Successor }
  /** By the engine: ended at once by an operator or its hard timeout, cancelled before it began, or too late to begin. */
  | { readonly type: 'forced'; readonly reason: string | undefined }
  | { readonly type: 'hard timeout' }
  | { readonly type: 'unbegun' }
  | { readonly type: 'too late' };

/** The run that goes on for another. */
export type Successor = Omit<ChildRequest, 'input' | 'delay'> & Pick<ChildStarted, 'workflow' | 'version'>;
