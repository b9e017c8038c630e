import type { NewRun } from '../model/run.ts';

/** What a worker must have to run a run. */
export function kindOf(workflow: string, version: string): string {
  return `${workflow}@${version}`;
}

interface Place {
  readonly workflow: string;
  readonly version: string;
  readonly queue: string;
}

/** Whether a worker has the workflow in its version, and serves the queue. */
export function fits(
  worker: { kinds: readonly string[]; queues: readonly string[] | null },
  run: Place,
): boolean {
  return (
    (worker.queues === null || worker.queues.includes(run.queue)) &&
    worker.kinds.includes(kindOf(run.workflow, run.version))
  );
}

/** Whether a new run of a queue without settings needs no claim: nothing but a worker is missing for it to begin. */
export function canBeOwnedAtOnce({ readyAt, createdAt, concurrencyKey, debounce }: NewRun): boolean {
  return readyAt <= createdAt && concurrencyKey === null && debounce === undefined;
}
