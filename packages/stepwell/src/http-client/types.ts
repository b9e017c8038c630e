import type { StartItem, StartOptions } from '../client/types.ts';
import type { Duration } from '../model/duration.ts';
import type { StepwellError } from '../model/errors.ts';
import type { ErrorClass } from '../model/failure.ts';
import type { Json } from '../model/json.ts';

/** How `connect` is told what to do. */
export interface ConnectOptions {
  /** Sent with every request. */
  headers?: Readonly<Record<string, string>>;
  /** Default: that of the machine. */
  fetch?: typeof fetch;
  /** Classes that the errors of runs get again, by their name, so that `instanceof` works. */
  errors?: readonly ErrorClass[];
  /** Told when the connection of `events`, `feed` or `result` is lost, which then take it up again by themselves. */
  onLost?: (error: StepwellError) => void;
}

/** As those of an engine; a transaction of the caller's cannot reach over HTTP. */
export type RemoteStartOptions = Omit<StartOptions, 'client'>;

/** As the arguments of an engine's `start`. */
export type RemoteStartArguments<I> = undefined extends I
  ? [input?: I, options?: RemoteStartOptions]
  : [input: I, options?: RemoteStartOptions];

export type RemoteStartItem<I> = Omit<StartItem<I>, 'client' | 'input'> & Pick<StartItem<I>, 'input'>;

/** When a schedule starts its runs: what `@stepwell/schedules` takes. */
export type ScheduleTiming =
  | { readonly cron: string; readonly timeZone?: string }
  | { readonly every: Duration; readonly from?: Date | number };

/** What a schedule is made of. */
export type ScheduleSettings = ScheduleTiming & {
  readonly workflow: string | { readonly name: string; readonly version: string };
  readonly input?: unknown;
  readonly queue?: string;
  readonly priority?: number;
  /** What becomes of a start while the run before it has not ended; default `skip`. */
  readonly overlap?: 'skip' | 'queue' | 'cancel' | 'allow';
  /** Which of the starts are made up for that nobody was there to make; default `latest`. */
  readonly catchUp?: 'none' | 'latest' | 'all';
};

/** A run that a schedule has started, or is about to; `at`: the time for which it was planned. */
interface PlannedRun {
  readonly run: string;
  readonly at: number;
}

/** A schedule as it is kept. Times are milliseconds since 1970. */
export interface ScheduleInfo {
  readonly name: string;
  readonly workflow: string;
  readonly version?: string;
  readonly input?: Json;
  readonly queue?: string;
  readonly priority?: number;
  readonly timing:
    | { readonly cron: string; readonly timeZone: string }
    | { readonly every: number; readonly from: number };
  readonly overlap: 'skip' | 'queue' | 'cancel' | 'allow';
  readonly catchUp: 'none' | 'latest' | 'all';
  readonly paused?: { readonly at: number; readonly reason?: string };
  /** Null: it has no further times. */
  readonly nextAt: number | null;
  readonly last?: PlannedRun;
  readonly starting: readonly PlannedRun[];
  /** Why the last start could not be made. */
  readonly problem?: { readonly at: number; readonly code: string; readonly message: string };
}
