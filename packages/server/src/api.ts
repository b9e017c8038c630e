import type { Stepwell } from 'stepwell';
import type { ServerLimits } from './limits.ts';
import type { ScheduleKeeper } from './schedule-keeper.ts';
import type { Seeing } from './seeing/seeing.ts';

/** Calls back once after so many milliseconds; the answer prevents it. */
export type Timer = (delay: number, callback: () => void) => () => void;

/** Told of what went wrong without being the caller's fault. */
export type ErrorLog = (message: string, error: unknown) => void;

/** What the handlers of all routes work with. */
export interface Api {
  readonly well: Stepwell;
  readonly schedules: ScheduleKeeper | undefined;
  readonly timer: Timer;
  readonly log: ErrorLog;
  readonly limits: ServerLimits;
  readonly seeing: Seeing;
  /** Before `#code`: where a problem's `type` leads. */
  readonly errorDocs: string;
  /** Aborts when the server closes: open streams and long polls end. */
  readonly closing: AbortSignal;
}

export function logToConsole(message: string, error: unknown): void {
  console.error(message, error);
}

export function machineTimer(delay: number, callback: () => void): () => void {
  const timeout = setTimeout(callback, delay);
  return () => clearTimeout(timeout);
}
