import type { Context } from 'hono';
import { z } from 'zod';
import type { Api } from '../api.ts';
import { NoBody, readBody } from '../body.ts';
import { pathParameter } from '../parameters.ts';

const CancelBody = z.strictObject({
  reason: z.string().exactOptional(),
  force: z.boolean().exactOptional(),
});

export async function cancelRun(c: Context, api: Api): Promise<Response> {
  await api.well.cancel(pathParameter(c, 'id'), await readBody(c, api, CancelBody));
  return accepted(c);
}

const PauseBody = z.strictObject({ reason: z.string().exactOptional() });

export async function pauseRun(c: Context, api: Api): Promise<Response> {
  await api.well.pause(pathParameter(c, 'id'), await readBody(c, api, PauseBody));
  return accepted(c);
}

export async function resumeRun(c: Context, api: Api): Promise<Response> {
  await readBody(c, api, NoBody);
  await api.well.resume(pathParameter(c, 'id'));
  return accepted(c);
}

export async function retryRun(c: Context, api: Api): Promise<Response> {
  await readBody(c, api, NoBody);
  await api.well.retry(pathParameter(c, 'id'));
  return accepted(c);
}

/** The same `id` again is the same event. */
const EventBody = z.strictObject({ value: z.unknown().optional(), id: z.string().exactOptional() });

export async function raiseEvent(c: Context, api: Api): Promise<Response> {
  const { value, ...options } = await readBody(c, api, EventBody);
  await api.well.raiseEvent(pathParameter(c, 'id'), pathParameter(c, 'name'), value, options);
  return accepted(c);
}

export async function purgeRun(c: Context, api: Api): Promise<Response> {
  await api.well.purge(pathParameter(c, 'id'));
  return c.body(null, 204);
}

/** It is on record; the run takes it in when it next runs. */
function accepted(c: Context): Response {
  return c.body(null, 202);
}
