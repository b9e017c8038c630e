import type { Context } from 'hono';
import { createHash } from 'node:crypto';
import { isFinal, type ErrorCode, type RunInfo, type StartedRun } from 'stepwell';
import { z } from 'zod';
import type { Api } from './api.ts';
import { linksOf } from './links.ts';
import { isFault } from './problem.ts';
import { json } from './route.ts';
import { ended, LONGEST_WAIT } from './routes/result.ts';
import { optional } from './shape.ts';
import { Started } from './shapes/start.ts';
import { jsonAnswer } from './text-answer.ts';

const accepted = {
  Location: 'The run',
  'Retry-After': 'Seconds after which it may be worth to ask how it ended',
};

/** How a route answers that puts a run on record. */
export const startAnswers = {
  202: json('It is on record, and will be executed', Started, accepted),
  200: json('The run existed already; or, with `Prefer: wait`, it has ended', Started, {
    Location: 'The run',
    'Preference-Applied': 'The wait, if it was one',
  }),
};

export const startHeaders = z.object({
  prefer: optional(z.string()).meta({
    description: 'wait=30: the answer may take so many seconds, for the result',
  }),
});

export const startProblems: readonly ErrorCode[] = [
  ...(['WORKFLOW_UNKNOWN', 'WORKFLOW_VERSION_UNKNOWN', 'INPUT_INVALID', 'VALUE_NOT_JSON'] as const),
  ...(['PAYLOAD_TOO_LARGE', 'ID_INVALID', 'NAME_INVALID', 'RUN_ID_TAKEN', 'OPTION_INVALID'] as const),
  ...(['DURATION_INVALID', 'TOO_MANY_TAGS'] as const),
];

/**
 * The answer to a start: 202, or 200 if the run existed already. With `Prefer: wait` it is 200 with how the run ended,
 * if that is soon enough.
 * @param repeated the id was made of the request's Idempotency-Key: that it existed means only that this is a repetition
 */
export async function startedAnswer(
  c: Context,
  run: Pick<StartedRun, 'id' | 'created'>,
  api: Api,
  { prefer, repeated = false }: { prefer?: string | undefined; repeated?: boolean } = {},
): Promise<Response> {
  const links = linksOf(run.id);
  const created = run.created || repeated;
  const seconds = waitOf(prefer);
  if (seconds > 0) {
    const end = await endWithin(run.id, seconds * 1_000, c, api);
    if (end !== null) {
      const { status, output, error } = end;
      const headers = { Location: links.self, 'Preference-Applied': `wait=${seconds}` };
      return jsonAnswer({ id: run.id, created, links, status, output, error }, 200, headers);
    }
  }
  const body = { id: run.id, created, links };
  if (!created) return jsonAnswer(body, 200, { Location: links.self });
  return jsonAnswer(body, 202, { Location: links.self, 'Retry-After': '1' });
}

/** Null: it has not ended, or nobody can say. The run is on record all the same, and that is what was asked for. */
async function endWithin(id: string, wait: number, c: Context, api: Api): Promise<RunInfo | null> {
  try {
    const run = await ended(id, wait, c.req.raw.signal, api);
    return isFinal(run.status) ? run : null;
  } catch (error) {
    if (isFault(error)) api.log(`The end of the run "${id}" could not be waited for.`, error);
    return null;
  }
}

/** Seconds of `Prefer: wait=30` (RFC 7240), at most as long as a result can be waited for. What is not understood is no preference. */
function waitOf(prefer: string | undefined): number {
  if (prefer === undefined) return 0;
  const wait = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,9})"?(?=[,;\s]|$)/i.exec(prefer)?.[1];
  return Math.min(Number(wait ?? 0), LONGEST_WAIT / 1_000);
}

/** The id of a call that a run knows again if it is repeated. */
export function callId(c: Context, key: string | undefined): { id?: string } {
  return key === undefined ? {} : { id: idFromKey(key, c.req.path) };
}

/**
 * The id of what a request with an Idempotency-Key makes and gives no id to: the same for its repetition, so that
 * nothing is made twice even if the server dies before it has recorded its answer.
 * @param index of several that one request makes
 */
export function idFromKey(key: string, path: string, index = 0): string {
  const hex = createHash('sha256')
    .update(JSON.stringify([key, path, index]))
    .digest('hex');
  // As UUIDs of version 8 are written: bits of one's own making.
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
