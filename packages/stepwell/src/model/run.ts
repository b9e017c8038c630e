import type { Payload } from './codec.ts';
import type { Failure } from './failure.ts';
import type { Json } from './json.ts';
import type { OperationKind } from './operation.ts';
import { sortedTags } from './tags.ts';

/** Where a run stands; `docs/architecture.md` draws the state machine. */
export type RunStatus = ActiveStatus | FinalStatus;
export type ActiveStatus = 'queued' | 'running' | 'waiting' | 'paused' | 'stuck';
export type FinalStatus = 'succeeded' | 'failed' | 'cancelled' | 'timed_out' | 'continued';

export const ACTIVE_STATUSES: readonly ActiveStatus[] = ['queued', 'running', 'waiting', 'paused', 'stuck'];
export const FINAL_STATUSES: readonly FinalStatus[] = [
  'succeeded',
  'failed',
  'cancelled',
  'timed_out',
  'continued',
];

export function isFinal(status: RunStatus): status is FinalStatus {
  return (FINAL_STATUSES as readonly string[]).includes(status);
}

/** A store's own short name of a run; never used twice, not even after a purge. */
export type RunKey = number;

/** Who started a run, if another run did. */
export interface Parent {
  readonly key: RunKey;
  readonly id: string;
  /** The operation of the parent that awaits this run; null for a detached child. */
  readonly op: string | null;
}

/** Why a run is not moving: one of these for each operation that it waits for, and for each state that holds it. */
export interface WaitReason {
  readonly kind:
    | OperationKind
    | 'retry'
    | 'paused'
    | 'stuck'
    | 'no worker'
    | 'queue paused'
    | 'queue limit'
    | 'rate'
    | 'concurrency'
    | 'start'
    | 'more';
  /** Id of the operation, where there is one. */
  readonly op?: string;
  /** What exactly, for people: the event's name, the callback's id, the child's id, the last error. */
  readonly detail?: string;
  readonly callback?: string;
  readonly child?: string;
  /** Milliseconds since 1970 at which the wait ends by itself. */
  readonly until?: number;
  /** Who paused it, if they said so. */
  readonly by?: string;
  readonly error?: Failure;
}

/** That a run or a queue was paused, by whom, and why. */
export function pauseReason(
  kind: 'paused' | 'queue paused',
  what: string,
  { by, reason }: { readonly by?: string | undefined; readonly reason?: string | undefined },
): WaitReason {
  const whom = by === undefined ? '' : ` by ${by}`;
  const because = reason === undefined ? '' : `: ${reason}`;
  const detail = `${what} was paused${whom}${because}`;
  return by === undefined ? { kind, detail } : { kind, detail, by };
}

/** The latest that a run told about its progress. */
export interface Progress {
  readonly stage?: string;
  /** 0 to 100. */
  readonly percent?: number;
  readonly message?: string;
  readonly [detail: string]: Json | undefined;
}

/** A run as the store keeps it. Times are milliseconds since 1970. */
export interface RunRecord {
  readonly key: RunKey;
  readonly namespace: string;
  readonly id: string;
  readonly workflow: string;
  readonly version: string;
  readonly status: RunStatus;
  readonly queue: string;
  readonly priority: number;
  /** When the run next wants to run; null: only when a fact arrives. */
  readonly readyAt: number | null;
  /** Id of the worker that owns it. */
  readonly owner: string | null;
  readonly input: Payload | undefined;
  readonly output: Payload | undefined;
  readonly error: Failure | undefined;
  readonly progress: Progress | undefined;
  /** What the workflow said with `setStatus`. */
  readonly statusText: string | undefined;
  readonly waitingFor: readonly WaitReason[];
  readonly parent: Parent | null;
  /** Id of the run that goes on for this one (`continueAs`). */
  readonly continuedBy: string | null;
  /** Milliseconds that the whole run may take from its first claim on; null: no limit. */
  readonly timeout: number | null;
  /** As `timeout`, but the run is ended at once then, without cleanup. */
  readonly hardTimeout: number | null;
  /** If it has not begun by then it does not begin any more; null: no limit. */
  readonly beginBy: number | null;
  readonly concurrencyKey: string | null;
  /** Runs of its concurrency key that may have begun and not ended; null: what its queue says, or 1. */
  readonly concurrencyLimit: number | null;
  /** Names by which it is found, each once, sorted. */
  readonly tags: readonly string[];
  /** Of the trace that it belongs to, as W3C has it. */
  readonly traceparent: string | null;
  /** Facts ever put into the run's inbox: the number of the last one. */
  readonly delivered: number;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
}

/** What a new run is made of. */
export interface NewRun {
  readonly namespace: string;
  readonly id: string;
  readonly workflow: string;
  readonly version: string;
  readonly queue: string;
  readonly priority: number;
  readonly readyAt: number;
  readonly input: Payload | undefined;
  readonly parent: Parent | null;
  readonly timeout: number | null;
  readonly hardTimeout?: number | null;
  /** Absent: by the start deadline of its queue, if that has one. */
  readonly beginBy?: number | null;
  readonly concurrencyKey: string | null;
  readonly concurrencyLimit: number | null;
  readonly createdAt: number;
  readonly tags?: readonly string[];
  readonly traceparent?: string | null;
  /** Takes the place of the run of this workflow and key that has not begun, if there is one. */
  readonly debounce?: Debounce;
  /** A journal to begin with, as one commit: how a fork starts. */
  readonly journal?: { readonly at: number; readonly count: number; readonly events: string };
}

/** Starts that come in a burst are one run: each puts it off again. */
export interface Debounce {
  readonly key: string;
  /** Milliseconds after its first start at which the run is put off no further; null: it always is. */
  readonly maxWait: number | null;
}

/** A new run as the store keeps it at first. */
export function recordOf({ journal: _, debounce: __, ...run }: NewRun, key: RunKey): RunRecord {
  return {
    ...run,
    hardTimeout: run.hardTimeout ?? null,
    beginBy: run.beginBy ?? null,
    tags: sortedTags(run.tags ?? []),
    traceparent: run.traceparent ?? null,
    key,
    status: 'queued',
    owner: null,
    output: undefined,
    error: undefined,
    progress: undefined,
    statusText: undefined,
    waitingFor: [],
    continuedBy: null,
    delivered: 0,
    startedAt: null,
    endedAt: null,
  };
}
