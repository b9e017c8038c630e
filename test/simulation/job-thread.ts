// A thread that does one job after the other (see job-pool.ts).

import { parentPort, workerData } from 'node:worker_threads';
import type { Circumstances } from './command.ts';
import { perform, type Done, type Failure, type Job } from './job.ts';

const circumstances = workerData as Circumstances;
const unheard: Failure[] = [];

process.on('unhandledRejection', (error) => {
  const why = String(error instanceof Error ? error.stack : error);
  unheard.push({ what: 'a promise was rejected, and nobody listened', why, replay: [] });
});

parentPort!.on('message', (job: Job) => {
  void perform(job, circumstances).then((done) => {
    const all: Done = { ...done, failures: [...done.failures, ...unheard.splice(0)] };
    // oxlint-disable-next-line require-post-message-target-origin -- that is of windows
    parentPort!.postMessage(all);
  });
});
