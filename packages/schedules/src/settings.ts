import {
  StepwellError,
  type Json,
  type ScheduleCatchUp,
  type ScheduleOverlap,
  type ScheduleSettings,
  type StartOptions,
  type Stepwell,
  type StoredTiming,
} from 'stepwell';
import type { ScheduleState } from './state.ts';
import { storedTiming } from './timing.ts';

const OVERLAPS: readonly ScheduleOverlap[] = ['skip', 'queue', 'cancel', 'allow'];
const CATCH_UPS: readonly ScheduleCatchUp[] = ['none', 'latest', 'all'];
/** The id of a run holds the schedule's name and a time. */
const LONGEST_NAME = 200;

/** What somebody wants of a schedule: its state without what has become of it. */
export type Settings = Omit<
  ScheduleState,
  'nextAt' | 'paused' | 'last' | 'starting' | 'cancelling' | 'problem'
>;

/**
 * Checks what a schedule is to be, down to the start of its runs.
 * @param known the timing of the schedule as it is now: an interval goes on from where it began
 */
export async function settingsOf(
  well: Stepwell,
  name: string,
  options: ScheduleSettings,
  known: StoredTiming | null,
): Promise<Settings> {
  if (name.length === 0 || name.length > LONGEST_NAME)
    throw new StepwellError(
      'SCHEDULE_INVALID',
      `The name of a schedule has 1 to ${LONGEST_NAME} characters, not ${name.length}.`,
    );
  const where = `schedule "${name}"`;
  const { overlap = 'skip', catchUp = 'latest' } = options;
  oneOf(overlap, OVERLAPS, 'overlap', where);
  oneOf(catchUp, CATCH_UPS, 'catchUp', where);
  const settings: Settings = {
    ...(typeof options.workflow === 'string'
      ? { workflow: options.workflow }
      : { workflow: options.workflow.name, version: options.workflow.version }),
    ...(options.input !== undefined && { input: options.input as Json }),
    ...(options.queue !== undefined && { queue: options.queue }),
    ...(options.priority !== undefined && { priority: options.priority }),
    timing: timingOf(options, where, known, well.parts.system.now()),
    overlap,
    catchUp,
  };
  const { concurrencyKey } = await well.parts.prepare(settings.workflow, settings.input, {
    ...startOptions(settings),
    id: `${name}@${new Date(0).toISOString()}`,
  });
  if (overlap === 'queue' && concurrencyKey !== null)
    throw new StepwellError(
      'SCHEDULE_INVALID',
      `The ${where} cannot queue its runs: the workflow "${settings.workflow}" has a concurrency key of its own, which decides what waits for what. Use "allow".`,
    );
  return settings;
}

export function startOptions({ version, queue, priority }: Settings): StartOptions {
  return {
    ...(version !== undefined && { version }),
    ...(queue !== undefined && { queue }),
    ...(priority !== undefined && { priority }),
  };
}

function timingOf(
  options: ScheduleSettings,
  where: string,
  known: StoredTiming | null,
  now: number,
): StoredTiming {
  const goesOn = 'every' in options && options.from === undefined && known !== null && 'every' in known;
  return storedTiming(goesOn ? { every: options.every, from: known.from } : options, where, now);
}

function oneOf<T extends string>(value: T, allowed: readonly T[], option: string, where: string): void {
  if (allowed.includes(value)) return;
  throw new StepwellError(
    'SCHEDULE_INVALID',
    `The option ${option} of ${where} is "${value}"; it can be ${allowed.join(', ')}.`,
  );
}
