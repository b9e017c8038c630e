import type { EventOf } from '../model/event.ts';
import { present } from '../model/fields.ts';
import { pauseReason, type RunRecord, type WaitReason } from '../model/run.ts';
import type { PendingOperation, RunState } from '../replay/state.ts';

/** Reasons that are listed one by one; of the rest only the number is told. */
const MOST_REASONS = 20;

/** Why a run whose function failed has not begun again. */
export function retryReason({ attempt, error, until }: EventOf<'run.retrying'>): WaitReason {
  return { kind: 'retry', until, detail: `attempt ${attempt} failed: ${error.message}`, error };
}

/** Why a run that nothing is being done for does not move. */
export function waitReasons(state: RunState, run: RunRecord, started: boolean): WaitReason[] {
  const paused = state.paused
    ? [pauseReason('paused', `the run "${run.id}"`, { by: state.pausedBy, reason: state.pauseReason })]
    : [];
  const { retrying } = state.past;
  const retry = started || retrying === null ? [] : [retryReason(retrying)];
  const pending = [...state.pending.values()];
  const reasons = [...paused, ...retry, ...pending.slice(0, MOST_REASONS).map(reasonOf)];
  const more = pending.length - MOST_REASONS;
  return more > 0 ? [...reasons, { kind: 'more', detail: `${more} more operations` }] : reasons;
}

function reasonOf({ started, retryAt, attempts, lastError }: PendingOperation): WaitReason {
  const { op, kind, until, event, callback, child } = started;
  if (retryAt !== null) {
    const detail = lastError && `attempt ${attempts} failed: ${lastError.message}`;
    return present({ kind: 'retry', op, until: retryAt, detail, error: lastError } as const);
  }
  return present({ kind, op, until, detail: event, callback, child: child?.id });
}
