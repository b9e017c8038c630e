import { kindOf } from './contract.ts';

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
