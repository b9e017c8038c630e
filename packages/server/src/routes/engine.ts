import type { Context } from 'hono';
import type { Api } from '../api.ts';

export function health(c: Context): Response {
  return c.json({ status: 'ok' });
}

export async function workers(c: Context, api: Api): Promise<Response> {
  return c.json({ workers: await api.well.workers() });
}

export function workflows(c: Context, api: Api): Response {
  return c.json({ workflows: api.well.workflows() });
}
