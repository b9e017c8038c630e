import type { Context } from 'hono';
import { z } from 'zod';
import type { Api } from '../api.ts';
import { NoBody, readBody } from '../body.ts';
import { pathParameter } from '../parameters.ts';

const SucceedBody = z.strictObject({ value: z.unknown().optional() });

export async function succeedCallback(c: Context, api: Api): Promise<Response> {
  const { value } = await readBody(c, api, SucceedBody);
  await api.well.callbacks.succeed(pathParameter(c, 'id'), value);
  return c.body(null, 202);
}

const FailBody = z.strictObject({
  message: z.string(),
  name: z.string().exactOptional(),
  data: z.record(z.string(), z.unknown()).exactOptional(),
});

export async function failCallback(c: Context, api: Api): Promise<Response> {
  await api.well.callbacks.fail(pathParameter(c, 'id'), await readBody(c, api, FailBody));
  return c.body(null, 202);
}

export async function heartbeatCallback(c: Context, api: Api): Promise<Response> {
  await readBody(c, api, NoBody);
  await api.well.callbacks.heartbeat(pathParameter(c, 'id'));
  return c.body(null, 202);
}
