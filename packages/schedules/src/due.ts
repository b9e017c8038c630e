import type { ScheduledRun } from 'stepwell';
import type { ScheduleState } from './state.ts';
import { latestTimes, nextTime } from './timing.ts';

/** A start that is later than this was missed (ms): longer than any pause of a process that is alive. */
const MISSED_AFTER = 60_000;
/** Starts that are made up for at once. */
const MOST_MADE_UP = 1_000;

/** When a schedule is due next; infinite: not as it is now. */
export function dueAt({ nextAt, paused }: ScheduleState): number {
  return nextAt === null || paused !== undefined ? Number.POSITIVE_INFINITY : nextAt;
}

/**
 * What a schedule comes to at a time at which it is due. The answer is written before anything of it is done, so that it
 * is decided once, and what it says can be done by whoever comes first.
 * @param now milliseconds since 1970
 * @param isActive whether the last run that was started has not ended
 */
export function advance(name: string, state: ScheduleState, now: number, isActive: boolean): ScheduleState {
  const { timing, overlap } = state;
  if (dueAt(state) > now) return state;
  const starting = [...state.starting];
  const cancelling = [...state.cancelling];
  let last = state.last;
  let active = isActive;
  for (const at of timesToStart(state, now)) {
    if (active && overlap === 'skip') continue;
    if (active && overlap === 'cancel') cancelling.push(last!.run);
    last = scheduledRun(name, at);
    starting.push(last);
    active = true;
  }
  return {
    ...state,
    nextAt: nextTime(timing, now),
    ...(last !== undefined && { last }),
    starting,
    cancelling,
  };
}

function timesToStart({ timing, catchUp, nextAt }: ScheduleState, now: number): number[] {
  const due = latestTimes(timing, nextAt!, now, catchUp === 'all' ? MOST_MADE_UP : 1);
  return catchUp === 'none' ? due.filter((at) => now - at < MISSED_AFTER) : due;
}

/** The same time has the same run, whoever starts it and however often. */
export function scheduledRun(name: string, at: number): ScheduledRun {
  return { run: `${name}@${new Date(at).toISOString()}`, at };
}
