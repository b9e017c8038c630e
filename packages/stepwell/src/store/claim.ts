import type { Commit } from '../model/event.ts';
import type { NumberedFact } from '../model/fact.ts';
import type { RunRecord } from '../model/run.ts';

/** What a worker asks for when it has room. */
export interface ClaimRequest {
  readonly worker: string;
  /** As `kindOf` of fit.ts writes them: `workflow@version`. */
  readonly kinds: readonly string[];
  /** Null: all queues. */
  readonly queues: readonly string[] | null;
  readonly limit: number;
  readonly now: number;
}

export interface ClaimAnswer {
  readonly runs: readonly ClaimedRun[];
  /**
   * When the next run that this worker fits becomes ready, after `now`; null: none is known. Runs of paused queues do not
   * count. A queue that the worker serves counts with the time at which its rate lets the next run begin, if this claim
   * has left none to begin now. An unowned run that has not begun counts, for every worker, with its `beginBy`.
   */
  readonly nextReadyAt: number | null;
}

export interface ClaimedRun {
  /** As it is after the claim: `running`, owned by the worker. */
  readonly run: RunRecord;
  /** The whole journal; null when the same worker parked the run and nobody has owned it since. */
  readonly journal: readonly Commit[] | null;
  readonly facts: readonly NumberedFact[];
}
