import { ACTIVE_STATUSES, FINAL_STATUSES, type RunFilter, type RunStatus, type Stepwell } from 'stepwell';
import { z } from 'zod';
import { json, route, type Route } from '../route.ts';
import { optional } from '../shape.ts';
import { ActiveFilter, filterOf, FilterQuery, FinalFilter, RetryableFilter } from '../shapes/filter.ts';
import { CallId } from '../shapes/options.ts';
import { Status } from '../shapes/run.ts';
import { callId } from '../starting.ts';

const Counts = z.partialRecord(Status, z.number()).meta({ id: 'Counts', description: 'Runs of each status' });

const counts = route(
  {
    method: 'GET',
    path: '/v1/counts',
    permission: 'runs:read',
    tag: 'runs',
    operation: 'countRuns',
    summary: 'The number of runs of each status, of those that match',
    query: FilterQuery,
    answers: { 200: json('The numbers', z.object({ counts: Counts })) },
    problems: ['RUN_NOT_FOUND', 'ID_INVALID', 'OPTION_INVALID'],
  },
  async ({ c, query }, { well }) => c.json({ counts: await well.counts(filterOf(query)) }),
);

const about = {
  method: 'POST',
  permission: 'runs:control',
  tag: 'runs',
  answers: {
    200: json(
      'How many it were; with `dryRun`, how many it would be',
      z.object({ count: z.number(), dryRun: z.boolean(), counts: optional(Counts) }),
    ),
  },
  problems: ['RUN_NOT_FOUND', 'ID_INVALID', 'OPTION_INVALID'],
} as const;

const dryRun = optional(z.boolean()).meta({ description: 'Only count them' });

const cancel = route(
  {
    ...about,
    path: '/v1/runs/cancel',
    operation: 'cancelRuns',
    summary: 'Ask all runs that match and have not ended to end',
    body: z.strictObject({
      filter: ActiveFilter,
      reason: optional(z.string()),
      id: optional(CallId),
      dryRun,
    }),
  },
  async ({ c, body: { filter, dryRun, ...options }, idempotencyKey }, { well }) => {
    if (dryRun === true) return c.json(await countOf(well, { status: ACTIVE_STATUSES, ...filter }));
    const count = await well.cancelAll(filter, { ...callId(c, idempotencyKey), ...options });
    return c.json({ count, dryRun: false });
  },
);

const REOPENED: readonly RunStatus[] = ['failed', 'timed_out'];

const retry = route(
  {
    ...about,
    path: '/v1/runs/retry',
    operation: 'retryRuns',
    summary: 'Reopen all runs that match, by default those that failed or timed out',
    body: z.strictObject({ filter: RetryableFilter, dryRun }),
  },
  async ({ c, body: { filter, dryRun } }, { well }) =>
    c.json(
      dryRun === true
        ? await countOf(well, { status: REOPENED, ...filter })
        : { count: await well.retryAll(filter), dryRun: false },
    ),
);

const purge = route(
  {
    ...about,
    path: '/v1/runs/purge',
    permission: 'runs:purge',
    operation: 'purgeRuns',
    summary: 'Delete all runs that match and have ended',
    body: z.strictObject({ filter: FinalFilter, dryRun }),
  },
  async ({ c, body: { filter, dryRun } }, { well }) =>
    c.json(
      dryRun === true
        ? await countOf(well, { status: FINAL_STATUSES, ...filter })
        : { count: await well.purgeAll(filter), dryRun: false },
    ),
);

async function countOf(well: Stepwell, filter: RunFilter) {
  const counts = await well.counts(filter);
  const count = Object.values(counts).reduce((sum, one) => sum + one, 0);
  return { count, dryRun: true, counts };
}

export const manyRoutes: readonly Route[] = [counts, cancel, retry, purge];
