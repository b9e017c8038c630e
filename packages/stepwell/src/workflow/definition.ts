import type { Duration } from '../model/duration.ts';
import type { Ctx, ErrorClass, RetryOptions } from './context.ts';
import type { Schema } from './schema.ts';

/** Options that a start can have, wherever it comes from. */
export interface Start {
  /** The same id again is the same run. Default: a new UUID. */
  id?: string;
  /** Default: the workflow's. */
  queue?: string;
  /** 0 (default) to 9 (most urgent). */
  priority?: number;
  /** Not before this time has passed. */
  delay?: Duration;
  /** Not before this time (a Date, or milliseconds since 1970). */
  at?: Date | number;
  /** Of the whole run; default: the workflow's. */
  timeout?: Duration;
}

export interface WorkflowOptions<I = unknown> {
  /** Default `1`. Runs go on with the version they were started with. */
  version?: string;
  input?: Schema;
  output?: Schema;
  /** Of the whole run, from its begin: it is cancelled then, and its cleanup and undo handlers run. */
  timeout?: Duration;
  /** Longer than `timeout`: the run ends at once then, without cleanup, whatever it is doing. */
  hardTimeout?: Duration;
  /** Of the whole function, from its start. */
  retry?: RetryOptions | number;
  /**
   * At most `limit` (default: what the queue says with `perKey`, else 1) runs with the same key have begun and not ended.
   * `key` gets the input as it was given. A child with the key of the run that awaits it shares its place.
   */
  concurrency?: { key: (input: I) => string; limit?: number };
  queue?: string;
  priority?: number;
  /** Classes that errors out of the journal get again, by their name, so that `instanceof` works. */
  errors?: readonly ErrorClass[];
}

/** A registered workflow: a name, a version and a function. */
export interface Definition<I = unknown, O = unknown> {
  readonly name: string;
  readonly version: string;
  readonly options: WorkflowOptions<never>;
  readonly fn: (ctx: Ctx, input: never) => Promise<unknown>;
  /** Types only: never set. */
  readonly '~types'?: { readonly input: I; readonly output: O };
}

export type InputOf<D> = D extends { readonly '~types'?: { readonly input: infer I } } ? I : never;
export type OutputOf<D> = D extends { readonly '~types'?: { readonly output: infer O } } ? O : never;
// oxlint-disable-next-line no-explicit-any -- a list holds definitions of any input
export type AnyDefinition = Definition<any, any>;
