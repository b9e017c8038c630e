import type { Json } from 'stepwell';
import type { StoredTiming, Timing } from './timing.ts';

/** What becomes of a start while the run before it has not ended. */
export type Overlap =
  /** The start is left out. */
  | 'skip'
  /** The run is started, and begins when those before it have ended. */
  | 'queue'
  /** The run before it is cancelled. */
  | 'cancel'
  /** Both run. */
  | 'allow';

/** Which of the starts are made up for that nobody was there to make. */
export type CatchUp = 'none' | 'latest' | 'all';

/** A schedule as it is kept: everything that decides what is started, and when. Times are milliseconds since 1970. */
export interface ScheduleState {
  readonly workflow: string;
  /** Undefined: the newest version that is registered where the run is started. */
  readonly version?: string;
  readonly input?: Json;
  readonly queue?: string;
  readonly priority?: number;
  readonly timing: StoredTiming;
  readonly overlap: Overlap;
  readonly catchUp: CatchUp;
  readonly paused?: { readonly at: number; readonly reason?: string };
  /** Null: it has no further times. */
  readonly nextAt: number | null;
  readonly last?: ScheduledRun;
  /** Decided and on record, but perhaps not started yet: whoever comes first starts them. */
  readonly starting: readonly ScheduledRun[];
  /** Runs that a start has to cancel first. */
  readonly cancelling: readonly string[];
  /** Why the last start could not be made. */
  readonly problem?: { readonly at: number; readonly code: string; readonly message: string };
}

export interface ScheduledRun {
  readonly run: string;
  /** The time for which it was planned. */
  readonly at: number;
}

/** What a schedule is made of. */
export type ScheduleOptions = Timing & {
  readonly workflow: string | { readonly name: string; readonly version: string };
  readonly input?: unknown;
  readonly queue?: string;
  readonly priority?: number;
  /** Default `skip`. */
  readonly overlap?: Overlap;
  /** Default `latest`. A start that is less than a minute late is made in any case. */
  readonly catchUp?: CatchUp;
};

/** A schedule as it is shown. */
export interface Schedule extends Omit<ScheduleState, 'cancelling'> {
  readonly name: string;
}
