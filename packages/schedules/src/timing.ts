import { Cron } from 'croner';
import { milliseconds, StepwellError, type ScheduleTiming, type StoredTiming } from 'stepwell';

/**
 * Checks a timing.
 * @param now milliseconds since 1970
 * @throws StepwellError `SCHEDULE_INVALID`, `DURATION_INVALID`
 */
export function storedTiming(timing: ScheduleTiming, where: string, now: number): StoredTiming {
  if ('cron' in timing) {
    const stored = { cron: timing.cron, timeZone: timing.timeZone ?? 'UTC' };
    demandCron(stored, where, now);
    return stored;
  }
  const every = milliseconds(timing.every, `interval of ${where}`);
  const from = Number(timing.from ?? now);
  if (every < 1)
    throw new StepwellError('SCHEDULE_INVALID', `The interval of ${where} must be at least 1 ms.`);
  if (!Number.isSafeInteger(from))
    throw new StepwellError('SCHEDULE_INVALID', `The time "from" of ${where} is not a time.`);
  return { every, from };
}

function demandCron(
  { cron, timeZone }: { cron: string; timeZone: string },
  where: string,
  now: number,
): void {
  try {
    Intl.DateTimeFormat('en', { timeZone });
  } catch (cause) {
    throw new StepwellError(
      'SCHEDULE_INVALID',
      `The time zone "${timeZone}" of ${where} is not known. Give one such as "Asia/Tokyo".`,
      { cause },
    );
  }
  let next: number | null;
  try {
    next = nextCron(cron, timeZone, now);
  } catch (cause) {
    throw new StepwellError(
      'SCHEDULE_INVALID',
      `The cron expression "${cron}" of ${where} is not understood: ${(cause as Error).message} Write e.g. "30 9 * * MON-FRI".`,
      { cause },
    );
  }
  if (next === null)
    throw new StepwellError('SCHEDULE_INVALID', `The cron expression "${cron}" of ${where} never comes.`);
}

/**
 * The first time after `after`; null: there is none. A cron time of day that the clocks jump over in spring comes at the
 * moment of the jump; one that comes twice in autumn is taken once, the first time. Times that are repeated all day
 * (`*` or a step for the hour) go on through both. (The rules of croner.)
 */
export function nextTime(timing: StoredTiming, after: number): number | null {
  if ('cron' in timing) return nextCron(timing.cron, timing.timeZone, after);
  const { every, from } = timing;
  return after < from ? from : from + (Math.floor((after - from) / every) + 1) * every;
}

/** The latest `most` times from `since` up to and including `until`, oldest first. */
export function latestTimes(timing: StoredTiming, since: number, until: number, most: number): number[] {
  const times = 'cron' in timing ? lastCrons(timing, since, until, most) : lastSteps(timing, until, most);
  return times.filter((at) => at >= since);
}

/** A job that is made without a function sets no timers: it only computes. */
function nextCron(cron: string, timezone: string, after: number): number | null {
  return new Cron(cron, { timezone }).nextRun(new Date(after))?.getTime() ?? null;
}

/** At least those that are wanted. Mostly there is one, and each costs 0.1 ms: more are computed only if they are wanted. */
function lastCrons(
  { cron, timeZone }: { cron: string; timeZone: string },
  since: number,
  until: number,
  most: number,
): number[] {
  const job = new Cron(cron, { timezone: timeZone });
  for (let count = 2; ; count *= 4) {
    // Those before a moment are asked for, and cron times are whole seconds.
    const times = job.previousRuns(Math.min(count, most), new Date(until + 1)).map((date) => date.getTime());
    if (count >= most || times.length < count || times.at(-1)! < since) return times.toReversed();
  }
}

function lastSteps({ every, from }: { every: number; from: number }, until: number, most: number): number[] {
  if (until < from) return [];
  const last = Math.floor((until - from) / every);
  const first = Math.max(0, last - most + 1);
  return Array.from({ length: last - first + 1 }, (_, n) => from + (first + n) * every);
}
