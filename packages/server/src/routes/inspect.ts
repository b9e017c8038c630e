import type { Context } from 'hono';
import { ACTIVE_STATUSES, FINAL_STATUSES, type RunEvent } from 'stepwell';
import { z } from 'zod';
import type { Api } from '../api.ts';
import { pathParameter, readQuery, Text, Time, wholeNumber } from '../parameters.ts';

const Status = z.enum([...ACTIVE_STATUSES, ...FINAL_STATUSES]);

const ListQuery = z.strictObject({
  workflow: Text.exactOptional(),
  version: Text.exactOptional(),
  /** `status=failed,stuck` and `status=failed&status=stuck` say the same. */
  status: z
    .union([z.string(), z.array(z.string())])
    .transform((given) => [given].flat().flatMap((text) => text.split(',')))
    .pipe(z.array(Status))
    .exactOptional(),
  queue: Text.exactOptional(),
  parent: Text.exactOptional(),
  created_from: Time.exactOptional(),
  created_before: Time.exactOptional(),
  limit: wholeNumber(1, 1_000).exactOptional(),
  cursor: Text.exactOptional(),
});

export async function listRuns(c: Context, api: Api): Promise<Response> {
  const { created_from: createdFrom, created_before: createdBefore, ...filters } = readQuery(c, ListQuery);
  return c.json(
    await api.well.list({
      ...filters,
      ...(createdFrom !== undefined && { createdFrom }),
      ...(createdBefore !== undefined && { createdBefore }),
    }),
  );
}

export async function getRun(c: Context, api: Api): Promise<Response> {
  return c.json(await api.well.get(pathParameter(c, 'id')));
}

const HistoryQuery = z.strictObject({
  from: wholeNumber(0, Number.MAX_SAFE_INTEGER).default(0),
  limit: wholeNumber(1, 10_000).default(1_000),
});

/** A page of the journal; `next`, where there is more by now, is the `from` of the page after it. */
export async function runHistory(c: Context, api: Api): Promise<Response> {
  const { from, limit } = readQuery(c, HistoryQuery);
  const events: RunEvent[] = [];
  let next: number | undefined;
  for await (const event of api.well.events(pathParameter(c, 'id'), { from, follow: false })) {
    if (events.length === limit) {
      next = event.position;
      break;
    }
    events.push(event);
  }
  return c.json({ events, next });
}
