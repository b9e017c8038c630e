import type { Context } from 'hono';
import type { StartedRun } from 'stepwell';
import { z } from 'zod';
import type { Api } from '../api.ts';
import { Duration, readBody } from '../body.ts';
import { linksOf } from '../links.ts';
import { pathParameter } from '../parameters.ts';

/** `.` and `..` mean something else in a path, even percent-encoded: such a run could not be asked for. */
const RunId = z.string().refine((id) => id !== '.' && id !== '..', 'cannot be "." or ".."');

const StartBody = z.strictObject({
  input: z.unknown().optional(),
  id: RunId.exactOptional(),
  version: z.string().exactOptional(),
  queue: z.string().exactOptional(),
  priority: z.number().exactOptional(),
  delay: Duration.exactOptional(),
  timeout: Duration.exactOptional(),
  concurrencyKey: z.string().exactOptional(),
  startDeadline: Duration.exactOptional(),
  debounce: z
    .strictObject({ key: z.string(), delay: Duration, maxWait: Duration.exactOptional() })
    .exactOptional(),
});

export async function startRun(c: Context, api: Api): Promise<Response> {
  const { input, ...options } = await readBody(c, api, StartBody);
  return created(c, await api.well.start(pathParameter(c, 'name'), input, options));
}

const ForkBody = z.strictObject({
  from: z.string(),
  result: z.unknown().optional(),
  id: RunId.exactOptional(),
});

export async function forkRun(c: Context, api: Api): Promise<Response> {
  return created(c, await api.well.fork(pathParameter(c, 'id'), await readBody(c, api, ForkBody)));
}

/** 200 instead of 202 tells that the run existed already. */
function created(c: Context, run: StartedRun): Response {
  const links = linksOf(run.id);
  return c.json({ id: run.id, links }, run.created ? 202 : 200, { Location: links.self });
}
