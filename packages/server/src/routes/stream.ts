import type { Context } from 'hono';
import { z } from 'zod';
import type { Api } from '../api.ts';
import { RunEventSource } from '../event-source.ts';
import { check, pathParameter, readQuery, wholeNumber } from '../parameters.ts';

const LastEventId = z.strictObject({
  last_event_id: wholeNumber(0, Number.MAX_SAFE_INTEGER - 1).exactOptional(),
});

/** The journal of one run as server-sent events, from its beginning or after a position, until the run's end. */
export async function runStream(c: Context, api: Api): Promise<Response> {
  const id = pathParameter(c, 'id');
  const from = firstWanted(c);
  // An unknown run must be told before the stream begins: afterwards there is no status to say it with.
  await api.well.get(id);
  return new Response(new ReadableStream(new RunEventSource(id, from, api), { highWaterMark: 0 }), {
    headers: {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store',
      // nginx would otherwise collect events before it passes them on.
      'X-Accel-Buffering': 'no',
    },
  });
}

/** The header is a browser's, sent when it reconnects: it is newer than the parameter, which stays in the address. */
function firstWanted(c: Context): number {
  const query = readQuery(c, LastEventId);
  const header = c.req.header('Last-Event-ID') ?? '';
  const { last_event_id: last } = header === '' ? query : check(LastEventId, { last_event_id: header });
  return last === undefined ? 0 : last + 1;
}
