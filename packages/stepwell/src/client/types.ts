import type { ArtifactStore } from '../artifacts/contract.ts';
import type { Codec } from '../model/codec.ts';
import type { Duration } from '../model/duration.ts';
import type { JournalEvent } from '../model/event.ts';
import type { Json } from '../model/json.ts';
import type { Limits } from '../model/limits.ts';
import type { Reference } from '../model/reference.ts';
import type { Instruments } from '../engine/instruments.ts';
import type { NewRun, Progress, RunKey, RunStatus, WaitReason } from '../model/run.ts';
import type { News, Store } from '../store/contract.ts';
import type { System } from '../engine/system.ts';
import type { AnyDefinition, Start } from '../workflow/definition.ts';
import type { JournalPage } from './events.ts';
import type { EventPage, FeedPageRequest } from './feed.ts';
import type { Watcher } from './watch.ts';

/** How `Stepwell.open` is told what to do. */
export interface OpenOptions {
  /** `sqlite:path/to/file.db`, `memory:`, or a store that was opened elsewhere. */
  store: string | Store;
  /**
   * Where the files of runs are kept: `file:path/to/folder`, `s3://bucket/prefix`, `azure://container/prefix`, `memory:`, or
   * a store that was opened elsewhere. It belongs to this store of runs alone. Default: beside a SQLite file; in
   * memory with a store in memory; else nowhere.
   */
  artifacts?: string | ArtifactStore;
  workflows?: readonly AnyDefinition[];
  namespace?: string;
  /** False: only start, ask and control runs; others execute them. */
  worker?: WorkerOptions | false;
  codec?: Codec;
  limits?: Partial<Limits>;
  /** Clock, randomness, ids and timers; default: those of this machine. */
  system?: System;
  /** Is told of what goes wrong where no caller hears of it; the engine goes on. Default: standard error. */
  onError?: (error: unknown) => void;
  /** Who is told what the engine does, to measure, trace or log it: `@stepwell/server` has some. */
  instruments?: Instruments;
}

export interface WorkerOptions {
  /** For people; default: host and process id. */
  name?: string;
  /** Default: all queues. */
  queues?: readonly string[];
  /** Runs that are active at once; default 200. Waiting runs do not count. */
  concurrency?: number;
  /** Waiting runs that stay in memory and go on without replay; default 1,000. */
  parked?: number;
  /** How long the runs of a worker that died stay with it; default 10 s. */
  lease?: Duration;
}

export type StartOptions = Start & {
  /** Default: the newest version that is registered here. */
  version?: string;
  concurrencyKey?: string;
  /** Names by which the run is found; each once, at most 32 (`limits.tagsPerRun`). */
  tags?: readonly string[];
  /** Of the trace that the run belongs to (W3C); its steps and its children are handed it on. */
  traceparent?: string;
  /** If the run has not begun this long after its time it does not begin any more: it ends as `timed_out`. */
  startDeadline?: Duration;
  debounce?: Debounce;
  /** On PostgreSQL, a client of `pg` with an open transaction: the run is started when that is committed, or not at all. */
  client?: unknown;
};

export interface RaiseOptions {
  /** A second event of that id is dropped. */
  id?: string;
  /** As that of a start: the event is raised when the client's transaction is committed. */
  client?: unknown;
}

/**
 * Starts of one workflow that come in a burst are one run: as long as the run of a key has not begun, each further start
 * puts it off to `delay` from now, with the new input and options, and is answered with that run.
 */
export interface Debounce {
  key: string;
  delay: Duration;
  /** After its first start it is put off no further than this. */
  maxWait?: Duration;
}

/** One of many starts. */
export type StartItem<I> = StartOptions & (undefined extends I ? { input?: I } : { input: I });

/** The input may be left out where it may be undefined. */
export type StartArguments<I> = undefined extends I
  ? [input?: I, options?: StartOptions]
  : [input: I, options?: StartOptions];

/** A run as an application sees it. Times are milliseconds since 1970. */
export interface RunInfo {
  readonly id: string;
  readonly namespace: string;
  readonly workflow: string;
  readonly version: string;
  readonly status: RunStatus;
  readonly queue: string;
  readonly priority: number;
  /** In a list, what is kept with the artifacts is a reference; `get` has the value, if it can be loaded. So with `output`. */
  readonly input: Json | Reference | undefined;
  readonly output: Json | Reference | undefined;
  readonly error: ErrorInfo | undefined;
  readonly progress: Progress | undefined;
  readonly statusText: string | undefined;
  /** Why it is not moving; empty while it runs and after its end. */
  readonly waitingFor: readonly WaitReason[];
  readonly parent: { readonly id: string; readonly op: string | null } | undefined;
  readonly continuedBy: string | undefined;
  readonly readyAt: number | undefined;
  /** If it has not begun by then it does not begin any more. */
  readonly beginBy: number | undefined;
  readonly tags: readonly string[];
  readonly traceparent: string | undefined;
  readonly createdAt: number;
  readonly startedAt: number | undefined;
  readonly endedAt: number | undefined;
}

/** An error as it is shown. */
export interface ErrorInfo {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string;
  readonly cause?: ErrorInfo;
  readonly data?: Json;
}

export interface ListOptions {
  workflow?: string;
  version?: string;
  status?: RunStatus | readonly RunStatus[];
  queue?: string;
  /** Id of the run that started them. */
  parent?: string;
  tag?: string;
  /** A text somewhere in the id, as it is written. To find it all ids of the namespace may be read. */
  idContains?: string;
  createdFrom?: Date | number;
  createdBefore?: Date | number;
  /** 1 to 1,000; default 50. */
  limit?: number;
  cursor?: string;
}

export type { RunFilter } from './filter.ts';
export type { EventPage, FeedEvent, FeedOptions, FeedPageRequest } from './feed.ts';
export type { QueueInfo, QueueSettings } from './queues.ts';

export interface RunList {
  readonly runs: readonly RunInfo[];
  /** Give it to the next call; undefined: this was the last page. */
  readonly cursor: string | undefined;
}

/** One event of a run's journal with its position, which is also its id in every stream. */
export interface RunEvent {
  readonly position: number;
  readonly at: number;
  /** With payloads decoded. */
  readonly event: JournalEvent;
}

export interface EventsOptions {
  /** The first position wanted; default 0. */
  from?: number;
  /** True (default): go on until the run's end; false: only what there is. */
  follow?: boolean;
  signal?: AbortSignal;
}

export interface CancelOptions {
  reason?: string;
  /** The same id again is the same call: not the second one, which would end the run at once. */
  id?: string;
  /** End it at once: no undo handlers, no cleanup. */
  force?: boolean;
}

export interface PauseOptions {
  /** For people, as `by`; it is shown where the run or the queue says why it does not move. */
  reason?: string;
  /** Who does it. */
  by?: string;
}

export interface ForkOptions {
  /** Id of the new run. */
  id?: string;
  /** The operation from which on the new run is lived anew. */
  from: string;
  /** Given: the operation is not done again, this is its result. */
  result?: unknown;
}

export interface ResultOptions {
  signal?: AbortSignal;
}

/** A run that was started or looked up. */
export interface RunHandle<O = unknown> {
  readonly id: string;
  info(): Promise<RunInfo>;
  /** Resolves with the output; rejects with the run's error, `RUN_CANCELLED` or `RUN_TIMED_OUT`. Follows `continueAs`. */
  result(options?: ResultOptions): Promise<O>;
  events(options?: EventsOptions): AsyncIterableIterator<RunEvent>;
  raiseEvent(name: string, value?: unknown, options?: RaiseOptions): Promise<void>;
  cancel(options?: CancelOptions): Promise<void>;
  pause(options?: PauseOptions): Promise<void>;
  resume(): Promise<void>;
  retry(): Promise<void>;
}

/** A run that was just started. */
export interface StartedRun<O = unknown> extends RunHandle<O> {
  /** False: a run of that id, with the same workflow and input, existed already. */
  readonly created: boolean;
}

/** What other packages of Stepwell build on. */
export interface EngineParts {
  readonly store: Store;
  /** With references in place of values that are kept with the artifacts: for whoever asks often, and needs none of them. */
  readonly bare: Store;
  readonly system: System;
  /** The run that a start would make. @throws what the start would throw */
  prepare(workflow: string, input: unknown, options: StartOptions): Promise<NewRun>;
  /** A page of the feed. @throws StepwellError `CURSOR_INVALID`, `NAME_INVALID`, `ENGINE_CLOSED` */
  feedPage(request: FeedPageRequest): Promise<EventPage>;
  /** Events of a run from a position on, of at most `limit` commits. By its key: another run may have its id meanwhile. */
  journalPage(run: RunKey, from: number, limit: number): Promise<JournalPage>;
  /** Takes news of the store in that came another way than by the store itself. They are hints: none has to be true. */
  hear(news: News): void;
  /** Wakes whoever waits for any journal to grow, also when news may have been lost. To be closed. */
  watchAll(): Pick<Watcher, 'next' | 'close'>;
}
