import type { Handler } from './api.ts';
import { failCallback, heartbeatCallback, succeedCallback } from './routes/callbacks.ts';
import { cancelRun, pauseRun, purgeRun, raiseEvent, resumeRun, retryRun } from './routes/control.ts';
import { forkRun, startRun } from './routes/create.ts';
import { health, workers, workflows } from './routes/engine.ts';
import { getRun, listRuns, runHistory } from './routes/inspect.ts';
import { listQueues, pauseQueue, resumeQueue, setQueue } from './routes/queues.ts';
import { runResult } from './routes/result.ts';
import { runStream } from './routes/stream.ts';

/** All that the server answers to. Ids and names in a path are percent-encoded, `/` too. */
export const ROUTES: readonly (readonly [method: string, path: string, handler: Handler])[] = [
  ['GET', '/healthz', health],
  ['GET', '/v1/workflows', workflows],
  ['POST', '/v1/workflows/:name/runs', startRun],
  ['GET', '/v1/runs', listRuns],
  ['GET', '/v1/runs/:id', getRun],
  ['DELETE', '/v1/runs/:id', purgeRun],
  ['GET', '/v1/runs/:id/result', runResult],
  ['GET', '/v1/runs/:id/history', runHistory],
  ['GET', '/v1/runs/:id/stream', runStream],
  ['POST', '/v1/runs/:id/events/:name', raiseEvent],
  ['POST', '/v1/runs/:id/cancel', cancelRun],
  ['POST', '/v1/runs/:id/pause', pauseRun],
  ['POST', '/v1/runs/:id/resume', resumeRun],
  ['POST', '/v1/runs/:id/retry', retryRun],
  ['POST', '/v1/runs/:id/fork', forkRun],
  ['GET', '/v1/queues', listQueues],
  ['PUT', '/v1/queues/:name', setQueue],
  ['POST', '/v1/queues/:name/pause', pauseQueue],
  ['POST', '/v1/queues/:name/resume', resumeQueue],
  ['GET', '/v1/workers', workers],
  ['POST', '/v1/callbacks/:id/succeed', succeedCallback],
  ['POST', '/v1/callbacks/:id/fail', failCallback],
  ['POST', '/v1/callbacks/:id/heartbeat', heartbeatCallback],
];
