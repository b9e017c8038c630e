import type { RunStatus, WaitReason } from './run.ts';

/** What holds the runs of a queue back. Times are milliseconds. Absent: not limited. */
export interface QueueLimits {
  /** Runs that are active (owned by a worker) at once, over all workers. One that only waits holds no place. */
  readonly concurrency?: number;
  /** At most `limit` runs begin in any stretch of `period`. */
  readonly rate?: { readonly limit: number; readonly period: number };
  /** Runs of one concurrency key that have begun and not ended, where the run has no limit of its own. */
  readonly perKey?: number;
  /** A run that is put in and has not begun this long after its time ends as timed out. */
  readonly startDeadline?: number;
}

/** A queue of which nothing is claimed. */
export interface QueuePause {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly reason?: string;
  readonly by?: string;
}

/** A queue that has settings, or runs. */
export interface QueueRecord {
  readonly namespace: string;
  readonly name: string;
  readonly limits: QueueLimits;
  readonly paused: QueuePause | null;
  readonly counts: Partial<Record<RunStatus, number>>;
  /** When the oldest run with status `queued` was created. */
  readonly queuedSince: number | null;
  /** What of its settings holds runs back now. */
  readonly holds: readonly WaitReason[];
}

/** A change of a queue's settings; what is not mentioned stays. A queue without limits and pause has no settings. */
export interface QueueChange {
  readonly namespace: string;
  readonly queue: string;
  /** All of them: those that are not named are lifted. */
  readonly limits?: QueueLimits;
  readonly paused?: QueuePause | null;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Whether a queue needs nothing of what queues with settings need. */
export function hasNoSettings(limits: QueueLimits, paused: QueuePause | null): boolean {
  return paused === null && Object.keys(limits).length === 0;
}
