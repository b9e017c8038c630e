import type { Payload } from '../model/codec.ts';
import type { Fact } from '../model/fact.ts';
import type { Failure } from '../model/failure.ts';
import type { FinalStatus, NewRun, Progress, RunKey, WaitReason } from '../model/run.ts';
import type { RunKeyOrId } from './delivery.ts';
import type { OpenCallback } from './records.ts';

/** What an activation hands to a store, in one piece. */
export interface CommitRequest {
  readonly run: RunKey;
  /** Position of the first of the events. */
  readonly position: number;
  readonly at: number;
  /** The events as the text of a JSON array; never empty. */
  readonly events: string;
  readonly count: number;
  /** Facts up to this number are now in the journal and leave the inbox; 0: none. */
  readonly taken: number;
  /** Callbacks that begin, and that end without having been completed. */
  readonly open: readonly OpenCallback[];
  readonly close: readonly string[];
  /** Child runs to start. One whose id exists is not started: instead its `refusal` goes into this run's inbox. */
  readonly starts: readonly ChildStart[];
  /** Facts for other runs. Those for runs that are gone or have ended are dropped. */
  readonly deliver: readonly { readonly run: RunKeyOrId; readonly fact: Fact }[];
  readonly change: RunChange | null;
}

export type CommitAnswer = 'stored' | 'refused';

export interface ChildStart {
  readonly run: NewRun;
  readonly refusal: Fact;
}

/** What a commit changes in the run's row; an ordinary step's commit changes nothing there. */
export interface RunChange {
  readonly progress?: Progress;
  readonly statusText?: string;
  /** Tags to add to those that it has. */
  readonly tags?: readonly string[];
  /**
   * The owner gives the run up. `readyAt` null: only a fact makes it ready. If a fact that wakes it has been delivered
   * beyond `seen`, it is ready at once instead. `parked`: the worker keeps the activation in memory.
   */
  readonly release?: {
    readonly status: 'queued' | 'waiting' | 'paused' | 'stuck';
    readonly readyAt: number | null;
    readonly waitingFor: readonly WaitReason[];
    /** Number of the last fact that this activation knows. */
    readonly seen: number;
    readonly parkedBy: string | null;
    readonly error?: Failure;
  };
  /**
   * The run ends: its open callbacks are closed, the next of its concurrency key becomes ready. Of what is left in its
   * inbox, facts for its operations are dropped. The others go to the run that goes on for it, if there is one; events
   * of a run that failed, timed out or was cancelled stay, for a later retry; all else is dropped.
   */
  readonly end?: RunEnd;
}

export interface RunEnd {
  readonly status: FinalStatus;
  readonly output: Payload | undefined;
  readonly error: Failure | undefined;
  readonly continuedBy: string | null;
  readonly endedAt: number;
}
