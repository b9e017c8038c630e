import type { Context } from 'hono';
import { isFinal, type RunInfo, type Stepwell } from 'stepwell';
import { z } from 'zod';
import type { Api } from '../api.ts';
import { duration, pathParameter, readQuery } from '../parameters.ts';

/** Proxies and clients rarely leave a silent request open for longer. */
const LONGEST_WAIT = 5 * 60_000;
const ResultQuery = z.strictObject({ wait: duration(LONGEST_WAIT).default(0) });

/** How a run ended, once it has: 200, also when it failed, since it is the request that succeeded. Until then 202. */
export async function runResult(c: Context, api: Api): Promise<Response> {
  const { wait } = readQuery(c, ResultQuery);
  let run = await newest(api.well, pathParameter(c, 'id'));
  if (!isFinal(run.status) && wait > 0) {
    await endOf(run.id, wait, c.req.raw.signal, api);
    run = await newest(api.well, run.id);
  }
  const { status, output, error } = run;
  return isFinal(status)
    ? c.json({ status, output, error })
    : c.json({ status }, 202, { 'Retry-After': '1' });
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
    if (!signal.aborted && !isFinal((await api.well.get(id)).status)) throw error;
  } finally {
    prevent();
  }
}
