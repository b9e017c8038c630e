import type { Context } from 'hono';
import type { Stepwell } from 'stepwell';

/** Calls back once after so many milliseconds; the answer prevents it. */
export type Timer = (delay: number, callback: () => void) => () => void;

/** Told of what went wrong without being the caller's fault. */
export type ErrorLog = (message: string, error: unknown) => void;

/** What the handlers of all routes work with. */
export interface Api {
  readonly well: Stepwell;
  readonly timer: Timer;
  readonly log: ErrorLog;
  /** Longest body of a request. */
  readonly bodyBytes: number;
  /** Aborts when the server closes: open streams and long polls end. */
  readonly closing: AbortSignal;
}

export type Handler = (c: Context, api: Api) => Response | Promise<Response>;

export function logToConsole(message: string, error: unknown): void {
  console.error(message, error);
}

export function machineTimer(delay: number, callback: () => void): () => void {
  const timeout = setTimeout(callback, delay);
  return () => clearTimeout(timeout);
}
