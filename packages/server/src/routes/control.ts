import type { Context } from 'hono';
import { z } from 'zod';
import { linksOf } from '../links.ts';
import { nothing, route, type Route } from '../route.ts';
import { optional } from '../shape.ts';
import { CallId, Pause } from '../shapes/options.ts';
import { callId } from '../starting.ts';

const about = { method: 'POST', permission: 'runs:control', tag: 'runs' } as const;
const answers = {
  202: nothing('It is on record; the run takes it in when it next runs', {
    Location: 'The run, which shows what has come of it',
    'Retry-After': 'Seconds after which it may be worth to look',
  }),
};
const problems = ['RUN_NOT_FOUND', 'RUN_ENDED', 'ID_INVALID'] as const;

function accepted(c: Context, id: string): Response {
  return c.body(null, 202, { Location: linksOf(id).self, 'Retry-After': '1' });
}

const cancel = route(
  {
    ...about,
    path: '/v1/runs/{id}/cancel',
    operation: 'cancelRun',
    summary: 'Ask a run to end: its cleanup and undo handlers run',
    body: z.strictObject({
      reason: optional(z.string()),
      force: optional(z.boolean()).meta({ description: 'End it at once, without cleanup' }),
      id: optional(CallId),
    }),
    answers,
    problems: [...problems, 'OPTION_INVALID'],
  },
  async ({ c, params: { id }, body, idempotencyKey }, { well }) => {
    await well.cancel(id, { ...callId(c, idempotencyKey), ...body });
    return accepted(c, id);
  },
);

const pause = route(
  {
    ...about,
    path: '/v1/runs/{id}/pause',
    operation: 'pauseRun',
    summary: 'Let nothing new of a run begin',
    body: Pause,
    answers,
    problems: [...problems, 'OPTION_INVALID'],
  },
  async ({ c, params: { id }, body }, { well }) => {
    await well.pause(id, body);
    return accepted(c, id);
  },
);

const resume = route(
  {
    ...about,
    path: '/v1/runs/{id}/resume',
    operation: 'resumeRun',
    summary: 'Let a paused run go on',
    answers,
    problems,
  },
  async ({ c, params: { id } }, { well }) => {
    await well.resume(id);
    return accepted(c, id);
  },
);

const retry = route(
  {
    ...about,
    path: '/v1/runs/{id}/retry',
    operation: 'retryRun',
    summary: 'Reopen a run that failed, timed out or was cancelled: what succeeded is not done again',
    answers,
    problems: ['RUN_NOT_FOUND', 'RUN_NOT_FAILED', 'ID_INVALID'],
  },
  async ({ c, params: { id } }, { well }) => {
    await well.retry(id);
    return accepted(c, id);
  },
);

const raise = route(
  {
    ...about,
    path: '/v1/runs/{id}/events/{name}',
    permission: 'runs:events',
    operation: 'raiseEvent',
    summary: 'Raise an event to a run; it is kept until the run asks for it',
    body: z.strictObject({
      value: optional(z.unknown()),
      id: optional(z.string()).meta({ description: 'The same id again is the same event' }),
    }),
    answers,
    problems: [...problems, 'NAME_INVALID', 'VALUE_NOT_JSON', 'PAYLOAD_TOO_LARGE'],
  },
  async ({ c, params: { id, name }, body: { value, ...options }, idempotencyKey }, { well }) => {
    await well.raiseEvent(id, name, value, { ...callId(c, idempotencyKey), ...options });
    return accepted(c, id);
  },
);

const purge = route(
  {
    ...about,
    method: 'DELETE',
    path: '/v1/runs/{id}',
    permission: 'runs:purge',
    operation: 'purgeRun',
    summary: 'Delete a run that has ended, with its journal',
    answers: { 204: nothing('It is gone') },
    problems: ['RUN_NOT_FOUND', 'RUN_NOT_ENDED', 'ID_INVALID'],
  },
  async ({ c, params: { id } }, { well }) => {
    await well.purge(id);
    return c.body(null, 204);
  },
);

export const controlRoutes: readonly Route[] = [cancel, pause, resume, retry, raise, purge];
