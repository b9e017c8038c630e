import type { System } from '../engine/system.ts';
import { milliseconds, type Duration } from '../model/duration.ts';
import { StepwellError } from '../model/errors.ts';
import { present } from '../model/fields.ts';
import { checkName, checkReason } from '../model/identifier.ts';
import type { QueueLimits, QueuePause, QueueRecord } from '../model/queue.ts';
import type { WaitReason } from '../model/run.ts';
import type { Store } from '../store/contract.ts';
import { holdsAt } from './info.ts';
import type { PauseOptions } from './types.ts';

/** What holds the runs of a queue back. What is left out is not limited. */
export interface QueueSettings {
  /** Runs that are active at once, over all workers. One that only waits holds no place. */
  concurrency?: number;
  /** At most `limit` runs begin in any stretch of `period`. */
  rate?: { limit: number; period: Duration };
  /** Runs of one concurrency key that have begun and not ended, where the workflow gives no limit of its own; else 1. */
  perKey?: number;
  /** A run that is started from now on and has not begun this long after its time ends as `timed_out`. */
  startDeadline?: Duration;
}

/** A queue that has settings or runs. Times are milliseconds since 1970, lengths of time are milliseconds. */
export interface QueueInfo {
  readonly name: string;
  readonly settings: QueueLimits;
  readonly paused: QueuePause | undefined;
  /** `waiting`: also paused and stuck ones; `failed`: also those that timed out. */
  readonly counts: { readonly [count in 'queued' | 'active' | 'waiting' | 'failed']: number };
  /** When the oldest run that is queued was created. */
  readonly queuedSince: number | undefined;
  /** What of its settings holds its runs back now; empty: only the number of workers does. */
  readonly heldBy: readonly WaitReason[];
}

export interface QueueParts {
  readonly store: Store;
  readonly system: System;
  readonly namespace: string;
}

const SETTINGS: readonly string[] = ['concurrency', 'rate', 'perKey', 'startDeadline'];

export async function listQueues({ store, system, namespace }: QueueParts): Promise<QueueInfo[]> {
  const queues = await store.queues(namespace);
  return queues.map((queue) => queueInfoOf(queue, system.now()));
}

export async function setQueue(parts: QueueParts, name: string, settings: QueueSettings): Promise<void> {
  const { store, system, namespace } = parts;
  checkName(name, 'queue name');
  await store.setQueue({ namespace, queue: name, limits: limitsOf(name, settings), now: system.now() });
}

export async function pauseQueue(
  { store, system, namespace }: QueueParts,
  name: string,
  { reason, by }: PauseOptions,
): Promise<void> {
  checkName(name, 'queue name');
  const now = system.now();
  const paused = present({ at: now, reason: checkReason(reason), by: checkReason(by) });
  await store.setQueue({ namespace, queue: name, paused, now });
}

export async function resumeQueue({ store, system, namespace }: QueueParts, name: string): Promise<void> {
  checkName(name, 'queue name');
  await store.setQueue({ namespace, queue: name, paused: null, now: system.now() });
}

/** @throws StepwellError `OPTION_INVALID`, `DURATION_INVALID` */
function limitsOf(name: string, settings: QueueSettings): QueueLimits {
  const unknown = Object.keys(settings).find((key) => !SETTINGS.includes(key));
  if (unknown !== undefined)
    throw invalid(name, `has no setting "${unknown}"; there are: ${SETTINGS.join(', ')}`);
  const { concurrency, rate, perKey, startDeadline } = settings;
  return present({
    concurrency: wholeNumber(name, 'concurrency', concurrency),
    rate: rate === undefined ? undefined : rateOf(name, rate),
    perKey: wholeNumber(name, 'perKey', perKey),
    startDeadline:
      startDeadline === undefined
        ? undefined
        : milliseconds(startDeadline, `startDeadline of queue "${name}"`),
  });
}

function rateOf(name: string, rate: NonNullable<QueueSettings['rate']>): QueueLimits['rate'] {
  if (typeof rate !== 'object' || rate === null || rate.limit === undefined || rate.period === undefined)
    throw invalid(name, 'needs a rate such as { limit: 10, period: "1s" }');
  const period = milliseconds(rate.period, `period of the rate of queue "${name}"`);
  if (period === 0) throw invalid(name, 'needs a period of its rate that is longer than nothing');
  return { limit: wholeNumber(name, 'limit of its rate', rate.limit)!, period };
}

function wholeNumber(name: string, what: string, value: number | undefined): number | undefined {
  if (value === undefined || (Number.isSafeInteger(value) && value > 0)) return value;
  throw invalid(
    name,
    `needs a positive whole number as ${what}, not ${String(value)}. To let nothing of it run, pause it`,
  );
}

function invalid(name: string, problem: string): StepwellError {
  return new StepwellError('OPTION_INVALID', `The queue "${name}" ${problem}.`);
}

function queueInfoOf(
  { name, limits, paused, counts, queuedSince, holds }: QueueRecord,
  now: number,
): QueueInfo {
  return {
    name,
    settings: limits,
    paused: paused ?? undefined,
    counts: {
      queued: counts.queued ?? 0,
      active: counts.running ?? 0,
      waiting: (counts.waiting ?? 0) + (counts.paused ?? 0) + (counts.stuck ?? 0),
      failed: (counts.failed ?? 0) + (counts.timed_out ?? 0),
    },
    queuedSince: queuedSince ?? undefined,
    heldBy: holdsAt(holds, now),
  };
}
