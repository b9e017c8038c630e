import { isFinal, isStepwellError, type RunInfo, type Stepwell } from 'stepwell';
import { z } from 'zod';
import type { Api } from '../api.ts';
import { duration } from '../parameters.ts';
import { json, route, type Route } from '../route.ts';
import { Result } from '../shapes/run.ts';

/** Proxies and clients rarely leave a silent request open for longer. */
export const LONGEST_WAIT = 5 * 60_000;

const result = route(
  {
    method: 'GET',
    path: '/v1/runs/{id}/result',
    permission: 'runs:read',
    tag: 'runs',
    operation: 'runResult',
    summary: 'How a run ended, once it has: 200, also when it failed, since it is the request that succeeded',
    query: z.strictObject({ wait: duration(LONGEST_WAIT).default(0) }),
    answers: {
      200: json('It has ended', Result),
      202: json('It has not ended yet', Result, { 'Retry-After': 'Seconds' }),
    },
    problems: ['RUN_NOT_FOUND', 'ID_INVALID', 'RUN_PURGED'],
  },
  async ({ c, params: { id }, query: { wait } }, api) => {
    const run = await ended(id, wait, c.req.raw.signal, api);
    const { status, output, error } = run;
    return isFinal(status)
      ? c.json({ status, output, error })
      : c.json({ status }, 202, { 'Retry-After': '1' });
  },
);

/** A run as it is after a wait of at most so many ms, which its end cuts short. */
export async function ended(id: string, wait: number, gone: AbortSignal, api: Api): Promise<RunInfo> {
  const run = await newest(api.well, id);
  if (isFinal(run.status) || wait === 0) return run;
  await endOf(run.id, wait, gone, api);
  return newest(api.well, run.id);
}

/** A run that goes on as another one (`continueAs`) has the result of that one. */
async function newest(well: Stepwell, id: string): Promise<RunInfo> {
  let run = await well.get(id);
  while (run.continuedBy !== undefined) run = await well.get(run.continuedBy);
  return run;
}

/** Resolves when the run has ended, however it did; also when the time is up, nobody waits any more, or the server closes. */
async function endOf(id: string, wait: number, gone: AbortSignal, api: Api): Promise<void> {
  const timeUp = new AbortController();
  const prevent = api.timer(wait, () => timeUp.abort());
  const signal = AbortSignal.any([timeUp.signal, gone, api.closing]);
  try {
    await api.well.result(id, { signal });
  } catch (error) {
    // Most often the error that the run failed with, which is no failure of the wait.
    if (isStepwellError(error, 'RUN_PURGED')) throw error;
    if (!signal.aborted && !isFinal((await api.well.get(id)).status)) throw error;
  } finally {
    prevent();
  }
}

export const resultRoutes: readonly Route[] = [result];
