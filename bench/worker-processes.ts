import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** What a worker process says: first that it is ready, then what the bodies of its steps say. */
export type Said = 'ready' | Woken;

/** The body of a step began, in the run with that id, at that time of the machine's monotonic clock (ns). */
export interface Woken {
  readonly run: string;
  readonly at: string;
}

export interface WorkerProcess {
  /** As a crash. */
  kill(): Promise<void>;
}

/** Of a worker: before its lease has run out nobody can know that it is dead. */
export const DEFAULT_LEASE_SECONDS = 10;

/** A process with a worker that has the workflows of {@link file://./worker-process.ts}. */
export async function startWorker(
  store: string,
  hear: (woken: Woken) => void = () => {},
  leaseSeconds = DEFAULT_LEASE_SECONDS,
): Promise<WorkerProcess> {
  const child = fork(join(import.meta.dirname, 'worker-process.ts'), [store, `${leaseSeconds}s`]);
  const gone = once(child, 'exit');
  const failed = gone.then((): never => {
    throw new Error('a worker process ended before it was ready');
  });
  const ready = new Promise<void>((resolve) => {
    child.on('message', (said: Said) => (said === 'ready' ? resolve() : hear(said)));
  });
  await Promise.race([ready, failed]);
  failed.catch(() => {});
  return {
    kill: async () => {
      child.kill('SIGKILL');
      await gone;
    },
  };
}
