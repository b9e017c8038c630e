import { availableParallelism } from 'node:os';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Circumstances } from './command.ts';
import type { Done, Job } from './job.ts';

/** Does jobs side by side, on as many threads as there are processors: worlds know nothing of each other. */
export async function performAll(
  jobs: readonly Job[],
  { store, planted, database }: Circumstances,
  report: (done: Done) => void,
): Promise<void> {
  const left = [...jobs];
  const work = async (): Promise<void> => {
    const thread = new Worker(new URL('./job-thread.ts', import.meta.url), {
      workerData: { store, planted, database },
    });
    try {
      for (let job = left.shift(); job !== undefined; job = left.shift()) {
        // oxlint-disable-next-line require-post-message-target-origin -- that is of windows
        thread.postMessage(job);
        // Rejects if the thread dies of an error.
        const [answer] = (await once(thread, 'message')) as [Done];
        report(answer);
      }
    } finally {
      await thread.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), jobs.length) }, work));
}
