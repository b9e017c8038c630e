import { z } from 'zod';
import { nothing, route, type Route } from '../route.ts';
import { optional } from '../shape.ts';

const about = { method: 'POST', permission: 'callbacks:complete', tag: 'callbacks' } as const;
const answers = { 202: nothing('It is on record; the run takes it in when it next runs') };
const problems = ['CALLBACK_NOT_FOUND', 'CALLBACK_COMPLETED', 'CALLBACK_CLOSED'] as const;

const succeed = route(
  {
    ...about,
    path: '/v1/callbacks/{id}/succeed',
    operation: 'succeedCallback',
    summary: 'Complete a callback with a value',
    body: z.strictObject({ value: optional(z.unknown()) }),
    answers,
    problems: [...problems, 'VALUE_NOT_JSON', 'PAYLOAD_TOO_LARGE'],
  },
  async ({ c, params: { id }, body }, { well }) => {
    await well.callbacks.succeed(id, body.value);
    return c.body(null, 202);
  },
);

const fail = route(
  {
    ...about,
    path: '/v1/callbacks/{id}/fail',
    operation: 'failCallback',
    summary: 'Complete a callback with an error',
    body: z.strictObject({
      message: z.string(),
      name: optional(z.string()),
      data: optional(z.record(z.string(), z.unknown())),
    }),
    answers,
    problems: [...problems, 'NAME_INVALID', 'VALUE_NOT_JSON', 'PAYLOAD_TOO_LARGE'],
  },
  async ({ c, params: { id }, body }, { well }) => {
    await well.callbacks.fail(id, body);
    return c.body(null, 202);
  },
);

const heartbeat = route(
  {
    ...about,
    path: '/v1/callbacks/{id}/heartbeat',
    operation: 'heartbeatCallback',
    summary: 'Say that a callback is still being worked on',
    answers,
    problems,
  },
  async ({ c, params: { id } }, { well }) => {
    await well.callbacks.heartbeat(id);
    return c.body(null, 202);
  },
);

export const callbackRoutes: readonly Route[] = [succeed, fail, heartbeat];
