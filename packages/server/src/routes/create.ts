import { isStepwellError } from 'stepwell';
import { z } from 'zod';
import { startWithFiles } from '../artifacts/start.ts';
import { json, route, type Route } from '../route.ts';
import { optional } from '../shape.ts';
import { RunId } from '../shapes/options.ts';
import { BatchBody, StartBody } from '../shapes/start.ts';
import { idFromKey, startAnswers, startedAnswer, startHeaders, startProblems } from '../starting.ts';

const about = { method: 'POST', permission: 'runs:start', tag: 'runs' } as const;

const traced = { traceparent: optional(z.string()).meta({ description: 'Of the trace that it belongs to' }) };

const start = route(
  {
    ...about,
    path: '/v1/workflows/{name}/runs',
    operation: 'startRun',
    summary: 'Start a run',
    headers: startHeaders.extend(traced),
    body: StartBody,
    multipart: {
      description:
        'First the part `start`, the JSON of a start; then files: the name of a part is that of an artifact',
      handle: startWithFiles,
    },
    answers: startAnswers,
    problems: [
      ...startProblems,
      'ARTIFACT_TOO_LARGE',
      'ARTIFACTS_NOT_CONFIGURED',
      'ARTIFACTS_OWNED_ELSEWHERE',
    ],
  },
  async ({ c, params: { name }, headers: { prefer, traceparent }, body, idempotencyKey }, api) => {
    const { input, ...options } = body;
    const isMade = idempotencyKey !== undefined && options.id === undefined;
    if (isMade) options.id = idFromKey(idempotencyKey, c.req.path);
    // Put off, the run that there is may be another's.
    const repeated = isMade && options.debounce === undefined;
    if (traceparent !== undefined && isTraceparent(traceparent)) options.traceparent ??= traceparent;
    return startedAnswer(c, await api.well.start(name, input, options), api, { prefer, repeated });
  },
);

/** One that is malformed is to be ignored, says W3C. */
function isTraceparent(header: string): boolean {
  return /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/.test(header);
}

const batch = route(
  {
    ...about,
    path: '/v1/workflows/{name}/runs/batch',
    operation: 'startRuns',
    summary: 'Start many runs of a workflow in one transaction, in their order',
    body: BatchBody,
    answers: {
      202: json(
        'All of them are on record',
        z.object({ runs: z.array(z.object({ id: z.string(), created: z.boolean() })) }),
      ),
    },
    problems: startProblems,
  },
  async ({ c, params: { name }, body: { items }, idempotencyKey }, { well }) => {
    if (idempotencyKey !== undefined) {
      for (const [index, item] of items.entries()) item.id ??= idFromKey(idempotencyKey, c.req.path, index);
    }
    const runs = await well.startMany(name, items);
    return c.json({ runs: runs.map(({ id, created }) => ({ id, created })) }, 202);
  },
);

const fork = route(
  {
    ...about,
    path: '/v1/runs/{id}/fork',
    operation: 'forkRun',
    summary: 'Start a new run that has, up to an operation, the same past as this one',
    headers: startHeaders,
    body: z.strictObject({ from: z.string(), result: optional(z.unknown()), id: optional(RunId) }),
    answers: startAnswers,
    problems: [
      ...(['RUN_NOT_FOUND', 'OPERATION_NOT_FOUND', 'FORK_NOT_POSSIBLE', 'RUN_ID_TAKEN'] as const),
      ...(['VALUE_NOT_JSON', 'PAYLOAD_TOO_LARGE', 'ID_INVALID'] as const),
    ],
  },
  async ({ c, params: { id }, headers: { prefer }, body, idempotencyKey }, api) => {
    const repeated = idempotencyKey !== undefined && body.id === undefined;
    if (repeated) body.id = idFromKey(idempotencyKey, c.req.path);
    try {
      return await startedAnswer(c, await api.well.fork(id, body), api, { prefer });
    } catch (error) {
      // The same request has made it before, and could not say so.
      if (!repeated || !isStepwellError(error, 'RUN_ID_TAKEN')) throw error;
      return startedAnswer(c, { id: body.id!, created: false }, api, { prefer, repeated });
    }
  },
);

export const createRoutes: readonly Route[] = [start, batch, fork];
