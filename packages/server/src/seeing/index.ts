import { StepwellError } from 'stepwell';
import type { Api } from '../api.ts';
import { problem } from '../problem.ts';
import { content, json, route, type RouteModule } from '../route.ts';
import { z } from 'zod';
import { METRICS_TYPE } from './seeing.ts';

/** Health, readiness and metrics, and the counting of requests. */
export const seeingModule: RouteModule = ({ seeing }) => ({ routes, middleware: seeing.middleware });

const health = route(
  {
    method: 'GET',
    path: '/healthz',
    permission: 'health:read',
    tag: 'seeing',
    operation: 'health',
    summary: 'Whether the process lives',
    answers: { 200: json('It does.', z.object({ status: z.literal('ok') })) },
  },
  ({ c }) => c.json({ status: 'ok' }),
);

const ready = route(
  {
    method: 'GET',
    path: '/readyz',
    permission: 'health:read',
    tag: 'seeing',
    operation: 'ready',
    summary: 'Whether the process can commit, and takes requests',
    answers: { 200: json('It can.', z.object({ status: z.literal('ready') })) },
    problems: [
      'ENGINE_CLOSED',
      'STORE_FULL',
      'STORE_READ_ONLY',
      'STORE_DAMAGED',
      'STORE_IN_USE',
      'STORE_UNREACHABLE',
      'STORE_ACCESS_DENIED',
      'STORE_FAILED',
    ],
  },
  async ({ c }, api) => {
    try {
      await demandReady(api);
      return c.json({ status: 'ready' });
    } catch (error) {
      // Not logged: probes come every second, and the engine has told of what is wrong with its store.
      return problem(error, { ...api, log: () => {} });
    }
  },
);

async function demandReady({ well, seeing, closing }: Api): Promise<void> {
  if (closing.aborted) throw new StepwellError('ENGINE_CLOSED', 'The server is closing.');
  await seeing.demandReady(well);
}

const metrics = route(
  {
    method: 'GET',
    path: '/metrics',
    permission: 'metrics:read',
    tag: 'seeing',
    operation: 'metrics',
    summary: 'Metrics for Prometheus',
    answers: { 200: content('Metrics, as docs/guide/operating.md lists them.', METRICS_TYPE) },
  },
  async ({ c }, { well, seeing }) =>
    c.body(await seeing.metrics(well), 200, { 'Content-Type': METRICS_TYPE }),
);

const routes = [health, ready, metrics];
