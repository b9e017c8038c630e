import type { Context } from 'hono';
import { z } from 'zod';
import type { Api } from '../api.ts';
import { Duration, NoBody, readBody } from '../body.ts';
import { pathParameter } from '../parameters.ts';

export async function listQueues(c: Context, api: Api): Promise<Response> {
  return c.json({ queues: await api.well.queues() });
}

/** All settings: those that are left out are lifted. Their values are checked where they are set. */
const SettingsBody = z.strictObject({
  concurrency: z.number().exactOptional(),
  rate: z.strictObject({ limit: z.number(), period: Duration }).exactOptional(),
  perKey: z.number().exactOptional(),
  startDeadline: Duration.exactOptional(),
});

export async function setQueue(c: Context, api: Api): Promise<Response> {
  await api.well.setQueue(pathParameter(c, 'name'), await readBody(c, api, SettingsBody));
  return c.body(null, 204);
}

const PauseBody = z.strictObject({ reason: z.string().exactOptional() });

export async function pauseQueue(c: Context, api: Api): Promise<Response> {
  await api.well.pauseQueue(pathParameter(c, 'name'), await readBody(c, api, PauseBody));
  return c.body(null, 204);
}

export async function resumeQueue(c: Context, api: Api): Promise<Response> {
  await readBody(c, api, NoBody);
  await api.well.resumeQueue(pathParameter(c, 'name'));
  return c.body(null, 204);
}
