import type { LogLevel } from '../model/event.ts';
import type { Duration } from '../model/duration.ts';
import type { ErrorClass } from '../model/failure.ts';
import type { Progress } from '../model/run.ts';
import type { CtxArtifacts, StepArtifacts } from './artifact-context.ts';
import type { Definition, Start } from './definition.ts';
import type { Schema, Validated } from './schema.ts';

export type { CtxArtifacts, ErrorClass, LogLevel, StepArtifacts };
export type { RunArtifactReadOptions } from './artifact-context.ts';

/**
 * What a workflow author works with. Every method that returns a promise is an operation: its outcome is kept in the
 * journal and given again in a replay. Names are unique enough: the n-th use of a name within a group gets `#n`.
 * Await nothing else but operations in a workflow; do everything that touches the outside in a step.
 *
 * All methods throw `NAME_INVALID` for an unusable name, `CTX_AFTER_END`, `CTX_WRONG_GROUP` or `CTX_IN_STEP` for a
 * ctx that is used where it does not belong.
 */
export interface Ctx {
  readonly runId: string;
  readonly workflow: string;
  readonly version: string;
  /** Aborts when the run is cancelled or times out, or the group of this ctx ends early. */
  readonly signal: AbortSignal;
  /** Log lines in the journal; silent in replay. */
  readonly log: Log;
  /** Files of this run: large data that the journal does not hold. */
  readonly artifacts: CtxArtifacts;

  /**
   * Runs a body and keeps its result. The body is run at least once, or at most once an attempt with `atMostOnce`.
   * Rejects with the error of the last attempt.
   */
  step<T>(name: string, body: StepBody<T>): Promise<T>;
  step<T>(name: string, options: StepOptions<T>, body: StepBody<T>): Promise<T>;

  /**
   * A step whose body writes in the database that the runs are in: what it writes and its result are kept together, or
   * neither is. So it takes effect exactly once, whatever crashes. `tx` is, on PostgreSQL, a client of `pg` with an open
   * transaction; on SQLite a {@link SqliteTransaction} for tables in the same file, and the body is not async.
   * An error that the body throws undoes what it wrote.
   */
  transaction<T, Tx = unknown>(name: string, body: TransactionBody<T, Tx>): Promise<T>;
  transaction<T, Tx = unknown>(
    name: string,
    options: TransactionOptions<T>,
    body: TransactionBody<T, Tx>,
  ): Promise<T>;

  sleep(duration: Duration): Promise<void>;
  sleep(name: string, duration: Duration): Promise<void>;
  sleepUntil(time: Date | number): Promise<void>;
  sleepUntil(name: string, time: Date | number): Promise<void>;

  /** The next event of that name that was raised to this run; also one that came before it was asked for. Rejects with `WAIT_TIMED_OUT`. */
  waitForEvent<S extends Schema>(name: string, options: WaitOptions & { schema: S }): Promise<Validated<S>>;
  waitForEvent<T = unknown>(name: string, options?: WaitOptions): Promise<T>;

  /**
   * Opens a callback without waiting for it. Its id is given to whoever is to complete it. After an operator's retry or a
   * fork it has another id, and a step that handed over the first one is not done again: `waitForCallback` does that.
   */
  createCallback<S extends Schema>(
    name: string,
    options: CallbackOptions & { schema: S },
  ): Callback<Validated<S>>;
  createCallback<T = unknown>(name: string, options?: CallbackOptions): Callback<T>;
  /**
   * Opens a callback, hands its id over in a step (`<name>/submit`), and waits for both. Rejects with what `fail` gave,
   * `WAIT_TIMED_OUT`, `HEARTBEAT_MISSED`, or the error of the submit, unless the callback was completed before it failed.
   */
  waitForCallback<S extends Schema>(
    name: string,
    submit: (id: string, io: StepIO) => unknown,
    options: SubmitOptions & { schema: S },
  ): Promise<Validated<S>>;
  waitForCallback<T = unknown>(
    name: string,
    submit: (id: string, io: StepIO) => unknown,
    options?: SubmitOptions,
  ): Promise<T>;

  /** Calls `check` until it gives something other than `false`, `null` or `undefined`, which is the result. Rejects with `WAIT_TIMED_OUT`. */
  waitForCondition<T>(
    name: string,
    check: (io: StepIO) => T | Promise<T>,
    options: ConditionOptions,
  ): Promise<Truthy<T>>;

  /** Starts a child run and waits for its result. Rejects with the child's error. */
  run<I, O>(child: Definition<I, O>, ...rest: ChildArguments<I>): Promise<O>;
  run<T = unknown>(child: string, input?: unknown, options?: ChildOptions): Promise<T>;
  /** Starts a child run that goes on by itself; resolves with its id once it is durable that it starts. */
  start<I, O>(child: Definition<I, O>, ...rest: ChildArguments<I>): Promise<{ id: string }>;
  start(child: string, input?: unknown, options?: ChildOptions): Promise<{ id: string }>;

  /** Operations under a common name. */
  group<T>(name: string, fn: (ctx: Ctx) => Promise<T>): Promise<T>;
  /** Runs branches side by side. Without a policy the first failure ends it and is thrown. */
  parallel<const B extends Branches>(name: string, branches: B): Promise<BranchResults<B>>;
  parallel<const B extends Branches>(
    name: string,
    branches: B,
    options: CompletionOptions,
  ): Promise<BranchOutcomes<B>>;
  /**
   * Runs `fn` for every item. Without `tolerate` or `minSuccess` the first failure ends it and is thrown as
   * `GROUP_FAILED`; with them the outcomes tell of each item what became of it.
   */
  map<T, R>(
    name: string,
    items: readonly T[],
    fn: (ctx: Ctx, batch: readonly T[], firstIndex: number) => Promise<readonly R[]>,
    options: MapOptions & { batch: number },
  ): Promise<MapResult<R>>;
  map<T, R>(
    name: string,
    items: readonly T[],
    fn: (ctx: Ctx, item: T, index: number) => Promise<R>,
    options?: MapOptions,
  ): Promise<MapResult<R>>;

  /** Tells observers how far the run is. */
  progress(progress: Progress): void;
  /** A line for people: what the run is doing. */
  setStatus(text: string): void;
  /**
   * Adds tags to the run, by which it is found (`well.list({ tag })`). They stay; at most 32 (`limits.tagsPerRun`).
   * Throws `NAME_INVALID`, `TOO_MANY_TAGS`.
   */
  tag(...tags: string[]): void;

  /** Time of the latest thing that happened in this run; the same again in a replay. Milliseconds since 1970. */
  now(): number;
  random(): number;
  uuid(): string;
  /**
   * True for runs that come here for the first time with code that has the patch, false for runs that were beyond this
   * point before it was deployed: `if (ctx.patched('new-mail')) … else …`.
   */
  patched(id: string): boolean;
  /** Ends this run and starts it anew with another input and an empty journal. Never returns. */
  continueAs(input: unknown): never;
}

export interface Log {
  readonly debug: LogLine;
  readonly info: LogLine;
  readonly warn: LogLine;
  readonly error: LogLine;
}

type LogLine = (message: string, data?: unknown) => void;

export type StepBody<T> = (io: StepIO) => T | Promise<T>;

export interface StepIO {
  /** From 1; also a beginning that a crash cut off counts. */
  readonly attempt: number;
  /** The same for all attempts of this operation: give it to whatever the body calls. */
  readonly idempotencyKey: string;
  /** Aborts when the attempt's time is up, when the operation is cancelled, and when the worker stops. */
  readonly signal: AbortSignal;
  /** Shows that the body is alive, and keeps `details` for the next attempt, should this one be cut off. */
  readonly heartbeat: (details?: unknown) => void;
  /** What the attempt before told with its last heartbeat. */
  readonly lastHeartbeat: unknown;
  /** For what the body calls, as the W3C header `traceparent`: its spans become children of this operation's. Undefined: nobody traces. */
  readonly traceparent: string | undefined;
  readonly log: Log;
  /** Files of this run, at once and without an operation: what an attempt wrote stays written when it fails. */
  readonly artifacts: StepArtifacts;
}

/** Errors by class, by name, or by a predicate. */
export type ErrorMatcher = ((error: Error) => boolean) | readonly (string | ErrorClass)[];

export interface RetryOptions {
  /** Attempts in all; default 3. */
  attempts?: number;
  /** Before the second attempt; default 1 s. */
  delay?: Duration;
  /** Of each delay to the one before; default 2. */
  factor?: number;
  /** Default 1 h, or `delay` if that is longer. */
  maxDelay?: Duration;
  /** `full`: a random time from 0 to the delay. Default `none`. */
  jitter?: 'none' | 'full';
  /** Only these are tried again; default all. */
  retryOn?: ErrorMatcher;
  /** These are never tried again. */
  nonRetryable?: ErrorMatcher;
}

export interface StepOptions<T = unknown> {
  /** Without it there is one attempt. A number stands for `{ attempts }`. */
  retry?: RetryOptions | number;
  /** Of one attempt. */
  timeout?: Duration;
  /**
   * An attempt that a crash cut off is not begun again: the step fails with `STEP_UNCERTAIN`, unless `reconcile` finds
   * out what became of it.
   */
  atMostOnce?: boolean;
  reconcile?: (io: StepIO) => Reconciliation<T> | Promise<Reconciliation<T>>;
  /**
   * Run, as a step of its own, when the run fails or is cancelled after this step succeeded; last step first.
   * TypeScript looks at it before the body: say of what type the result is, `undo: (payment: Payment) => …`.
   */
  undo?: (result: T, io: StepIO) => unknown;
}

/** Not `atMostOnce`: a transaction takes effect once in any case. */
export type TransactionOptions<T = unknown> = Pick<StepOptions<T>, 'retry' | 'timeout' | 'undo'>;

export type TransactionBody<T, Tx> = (tx: Tx, io: StepIO) => T | Promise<T>;

export type Reconciliation<T> = { done: true; value: T } | { done: false };

export interface WaitOptions {
  timeout?: Duration;
  schema?: Schema;
}

export interface CallbackOptions extends WaitOptions {
  /** The longest silence between heartbeats. */
  heartbeat?: Duration;
}

export interface SubmitOptions extends CallbackOptions {
  /** Of the step that hands the id over. */
  retry?: RetryOptions | number;
}

export interface Callback<T> {
  readonly id: string;
  readonly result: Promise<T>;
}

export interface ConditionOptions {
  /** Between two checks. */
  every: Duration;
  /** Of each pause to the one before; default 1. */
  factor?: number;
  maxDelay?: Duration;
  timeout?: Duration;
}

export type Truthy<T> = Exclude<Awaited<T>, false | null | undefined>;

export interface ChildOptions extends Pick<Start, 'id' | 'queue' | 'priority' | 'delay' | 'timeout'> {
  /** Of the child; default the newest that is registered here. */
  version?: string;
}

export type ChildArguments<I> = undefined extends I
  ? [input?: I, options?: ChildOptions]
  : [input: I, options?: ChildOptions];

export interface CompletionOptions {
  /** Items at work at once; default all. */
  concurrency?: number;
  /** How many items may fail. */
  tolerate?: { count: number } | { percent: number };
  /** As soon as so many have succeeded the rest is cancelled. */
  minSuccess?: number;
  itemTimeout?: Duration;
  timeout?: Duration;
}

export interface MapOptions extends CompletionOptions {
  /** `fn` gets so many items at a time and returns as many results. */
  batch?: number;
}

/** What became of one item. */
export type ItemOutcome<T> =
  | { readonly status: 'succeeded'; readonly value: T }
  | { readonly status: 'failed'; readonly error: Error }
  | { readonly status: 'cancelled' };

export interface MapResult<T> {
  /** One for each item, in the items' order. */
  readonly outcomes: readonly ItemOutcome<T>[];
  /** The results of those that succeeded, in the items' order. */
  readonly values: readonly T[];
  readonly errors: readonly { readonly index: number; readonly error: Error }[];
}

export type Branch = (ctx: Ctx) => Promise<unknown>;
export type Branches = readonly Branch[] | { readonly [name: string]: Branch };
export type BranchResults<B extends Branches> = {
  -readonly [K in keyof B]: B[K] extends (ctx: Ctx) => Promise<infer T> ? T : never;
};
export type BranchOutcomes<B extends Branches> = {
  -readonly [K in keyof B]: B[K] extends (ctx: Ctx) => Promise<infer T> ? ItemOutcome<T> : never;
};
