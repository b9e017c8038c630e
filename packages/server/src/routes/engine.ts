import { z } from 'zod';
import { json, route, type Route } from '../route.ts';
import { Worker } from '../shapes/queue.ts';

const workers = route(
  {
    method: 'GET',
    path: '/v1/workers',
    permission: 'workers:read',
    tag: 'workers',
    operation: 'listWorkers',
    summary: 'The workers of the store',
    answers: { 200: json('All of them', z.object({ workers: z.array(Worker) })) },
  },
  async ({ c }, { well }) => c.json({ workers: await well.workers() }),
);

const workflows = route(
  {
    method: 'GET',
    path: '/v1/workflows',
    permission: 'workflows:read',
    tag: 'workflows',
    operation: 'listWorkflows',
    summary: 'The workflows that are registered here',
    answers: {
      200: json(
        'All of them',
        z.object({ workflows: z.array(z.object({ name: z.string(), version: z.string() })) }),
      ),
    },
  },
  ({ c }, { well }) => c.json({ workflows: well.workflows() }),
);

export const engineRoutes: readonly Route[] = [workers, workflows];
