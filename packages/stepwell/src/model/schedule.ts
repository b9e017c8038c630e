import type { Duration } from './duration.ts';
import type { Json } from './json.ts';

/*
 * Schedules as they are shown and asked for. `@stepwell/schedules` keeps them; a server and its clients speak of them
 * without it. Times are milliseconds since 1970.
 */

/** When a schedule starts its runs. */
export type ScheduleTiming =
  /** A cron expression of 5 parts, or of 6 that begin with seconds, read in a time zone (default UTC). */
  | { readonly cron: string; readonly timeZone?: string }
  /** A fixed time between starts, counted from `from` (default: when the schedule was made). */
  | { readonly every: Duration; readonly from?: Date | number };

/** A timing as it is kept. */
export type StoredTiming =
  | { readonly cron: string; readonly timeZone: string }
  /** Milliseconds, and milliseconds since 1970. */
  | { readonly every: number; readonly from: number };

/** What becomes of a start while the run before it has not ended. */
export type ScheduleOverlap =
  /** The start is left out. */
  | 'skip'
  /** The run is started, and begins when those before it have ended. */
  | 'queue'
  /** The run before it is cancelled. */
  | 'cancel'
  /** Both run. */
  | 'allow';

/** Which of the starts are made up for that nobody was there to make. */
export type ScheduleCatchUp = 'none' | 'latest' | 'all';

/** What somebody wants of a schedule. */
export type ScheduleSettings = ScheduleTiming & {
  readonly workflow: string | { readonly name: string; readonly version: string };
  readonly input?: unknown;
  readonly queue?: string;
  readonly priority?: number;
  /** Default `skip`. */
  readonly overlap?: ScheduleOverlap;
  /** Default `latest`. A start that is less than a minute late is made in any case. */
  readonly catchUp?: ScheduleCatchUp;
};

/** A run that a schedule has started, or is about to. */
export interface ScheduledRun {
  readonly run: string;
  /** The time for which it was planned. */
  readonly at: number;
}

/** A schedule as it is. */
export interface ScheduleInfo {
  readonly name: string;
  readonly workflow: string;
  /** Undefined: the newest version that is registered where the run is started. */
  readonly version?: string;
  readonly input?: Json;
  readonly queue?: string;
  readonly priority?: number;
  readonly timing: StoredTiming;
  readonly overlap: ScheduleOverlap;
  readonly catchUp: ScheduleCatchUp;
  readonly paused?: { readonly at: number; readonly reason?: string };
  /** Null: it has no further times. */
  readonly nextAt: number | null;
  readonly last?: ScheduledRun;
  /** Decided and on record, but perhaps not started yet: whoever comes first starts them. */
  readonly starting: readonly ScheduledRun[];
  /** Why the last start could not be made. */
  readonly problem?: { readonly at: number; readonly code: string; readonly message: string };
}
