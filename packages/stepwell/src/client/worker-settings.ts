import type { WorkerSettings } from '../engine/worker-parts.ts';
import { milliseconds } from '../model/duration.ts';
import { StepwellError } from '../model/errors.ts';
import { checkName } from '../model/identifier.ts';
import { processName } from './system.ts';
import type { WorkerOptions } from './types.ts';

const DEFAULT_CONCURRENCY = 200;
const DEFAULT_PARKED = 1_000;
/** Below this the renewals of the lease would be most of the work. */
const SHORTEST_LEASE = 100;

/** @throws StepwellError `OPTION_INVALID`, `DURATION_INVALID` or `NAME_INVALID` */
export function workerSettings(options: WorkerOptions = {}): WorkerSettings {
  const lease = milliseconds(options.lease ?? '10s', 'lease of the worker');
  if (lease < SHORTEST_LEASE)
    throw new StepwellError(
      'OPTION_INVALID',
      `The lease of the worker must be at least ${SHORTEST_LEASE} ms.`,
    );
  return {
    name: options.name ?? processName(),
    queues: options.queues?.map((queue) => checkName(queue, 'queue of the worker')) ?? null,
    concurrency: wholeFrom(1, options.concurrency ?? DEFAULT_CONCURRENCY, 'concurrency'),
    parked: wholeFrom(0, options.parked ?? DEFAULT_PARKED, 'parked'),
    lease,
  };
}

function wholeFrom(least: number, number: number, option: string): number {
  if (Number.isSafeInteger(number) && number >= least) return number;
  throw new StepwellError(
    'OPTION_INVALID',
    `The worker's ${option} must be a whole number from ${least}, not ${String(number)}.`,
  );
}
