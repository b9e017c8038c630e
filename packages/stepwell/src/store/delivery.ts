import type { Fact } from '../model/fact.ts';
import type { RunKey } from '../model/run.ts';

/**
 * A fact on its way to a run. It makes an unowned run ready (`readyAt` = `now`), except that a paused or stuck run is
 * made ready only by control facts (cancel, pause, resume, reopen), and one that has not begun only by a cancel: nothing
 * else cuts short the delay with which a run was started. A run that is ready already stays where it is in line.
 * `reopen` is taken only by a run that has ended as failed, cancelled or timed out, and makes it active again (status
 * `queued`, output, error and endedAt empty); all other facts only by a run that has not ended. A reopened run needs a
 * slot of its concurrency key anew.
 */
export interface Delivery {
  readonly to: RunKeyOrId | { readonly callback: string };
  readonly now: number;
  readonly fact: Fact | CallbackFact;
}

export type RunKeyOrId = { readonly key: RunKey } | { readonly namespace: string; readonly id: string };

/** A callback's completion or heartbeat: the store fills in which operation of which run. A completion closes the callback. */
export type CallbackFact =
  | Omit<Extract<Fact, { type: 'callback' }>, 'op'>
  | Omit<Extract<Fact, { type: 'heartbeat' }>, 'op'>;

export type DeliverAnswer =
  | { readonly delivered: true; readonly run: RunKey }
  /** `unknown`: no such run, or no open callback of that id. `ended` / `active`: the run's state does not take the fact. */
  | { readonly delivered: false; readonly because: 'unknown' | 'ended' | 'active' };
