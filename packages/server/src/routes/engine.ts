import type { Context } from 'hono';
import type { Api } from '../api.ts';

export function health(c: Context): Response {
  return c.json({ status: 'ok' });
}

export function workflows(c: Context, api: Api): Response {
  return c.json({ workflows: api.well.workflows() });
}
