import { z } from 'zod';
import { json, nothing, route, type Route } from '../route.ts';
import { optional } from '../shape.ts';
import { Duration, Pause } from '../shapes/options.ts';
import { Queue } from '../shapes/queue.ts';

const about = { permission: 'queues:control', tag: 'queues', answers: { 204: nothing('Done') } } as const;

const list = route(
  {
    method: 'GET',
    path: '/v1/queues',
    permission: 'queues:read',
    tag: 'queues',
    operation: 'listQueues',
    summary: 'The queues that have settings or runs, by name',
    answers: { 200: json('All of them', z.object({ queues: z.array(Queue) })) },
  },
  async ({ c }, { well }) => c.json({ queues: await well.queues() }),
);

const set = route(
  {
    ...about,
    method: 'PUT',
    path: '/v1/queues/{name}',
    operation: 'setQueue',
    summary: 'Set what holds a queue back; what is left out is not limited',
    // Their values are checked where they are set.
    body: z.strictObject({
      concurrency: optional(z.number()),
      rate: optional(z.strictObject({ limit: z.number(), period: Duration })),
      perKey: optional(z.number()),
      startDeadline: optional(Duration),
    }),
    problems: ['NAME_INVALID', 'OPTION_INVALID', 'DURATION_INVALID'],
  },
  async ({ c, params: { name }, body }, { well }) => {
    await well.setQueue(name, body);
    return c.body(null, 204);
  },
);

const pause = route(
  {
    ...about,
    method: 'POST',
    path: '/v1/queues/{name}/pause',
    operation: 'pauseQueue',
    summary: 'Take nothing of a queue up any more',
    body: Pause,
    problems: ['NAME_INVALID', 'OPTION_INVALID'],
  },
  async ({ c, params: { name }, body }, { well }) => {
    await well.pauseQueue(name, body);
    return c.body(null, 204);
  },
);

const resume = route(
  {
    ...about,
    method: 'POST',
    path: '/v1/queues/{name}/resume',
    operation: 'resumeQueue',
    summary: 'Take runs of a queue up again',
    problems: ['NAME_INVALID'],
  },
  async ({ c, params: { name } }, { well }) => {
    await well.resumeQueue(name);
    return c.body(null, 204);
  },
);

export const queueRoutes: readonly Route[] = [list, set, pause, resume];
