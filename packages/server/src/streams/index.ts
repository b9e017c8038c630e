import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Context } from 'hono';
import type { ServerResponse } from 'node:http';
import { StepwellError } from 'stepwell';
import { WebSocketServer } from 'ws';
import { z } from 'zod';
import type { Api } from '../api.ts';
import { Text, wholeNumber } from '../parameters.ts';
import { problem, problemParts } from '../problem.ts';
import { content, nothing, route, type Route, type RouteModule } from '../route.ts';
import { optional } from '../shape.ts';
import { EventStream } from './event-stream.ts';
import { Streams, type Wanted } from './streams.ts';
import { leaveHttp, refuseHandshake } from './upgrade.ts';
import { Connection } from './web-socket.ts';

/** Streams of runs, over server-sent events and WebSockets. */
export const streamModule: RouteModule = (api) => {
  const streams = new Streams(api);
  api.seeing.readers(() => streams.places.taken);
  return { routes: [runStream(streams), feedStream(streams), webSocket(streams, api)] };
};

const Position = wholeNumber(0, Number.MAX_SAFE_INTEGER - 1);

const problems = ['TOO_MANY_STREAMS'] as const;

function runStream(streams: Streams): Route {
  return route(
    {
      method: 'GET',
      path: '/v1/runs/{id}/stream',
      permission: 'runs:read',
      tag: 'streams',
      operation: 'runStream',
      summary: 'The journal of a run as it grows, as server-sent events',
      query: z.strictObject({ last_event_id: optional(Position) }),
      headers: z.object({ 'last-event-id': optional(Position) }),
      answers: {
        200: content('The events after that position, until the run ends', 'text/event-stream'),
        204: nothing('The run has ended, and that position is that of its last event'),
      },
      problems: ['RUN_NOT_FOUND', 'RUN_PURGED', 'CURSOR_INVALID', 'ID_INVALID', ...problems],
    },
    async ({ c, params: { id }, query, headers }) => {
      // The header is a browser's, sent when it reconnects: it is newer than the parameter, which stays in the address.
      const last = headers['last-event-id'] ?? query.last_event_id;
      // Only this keeps an EventSource from coming back: it takes the end of a stream for a lost connection.
      if (last !== undefined && (await streams.isLast(id, last))) return c.body(null, 204);
      const after = last === undefined ? null : String(last);
      return answer(c, streams, { run: id, after });
    },
  );
}

/** The empty one is that before the oldest event that is kept. */
const Cursor = z.string('is given more than once').max(10_000, 'is not a cursor');

function feedStream(streams: Streams): Route {
  return route(
    {
      method: 'GET',
      path: '/v1/stream',
      permission: 'runs:read',
      tag: 'streams',
      operation: 'stream',
      summary:
        'The journals of all runs as they grow, or of those of a workflow or tag, as server-sent events',
      query: z.strictObject({
        workflow: optional(Text),
        tag: optional(Text),
        last_event_id: optional(Cursor),
      }),
      headers: z.object({ 'last-event-id': optional(Cursor) }),
      answers: { 200: content('The events after that cursor, or from now on', 'text/event-stream') },
      problems: ['CURSOR_INVALID', 'NAME_INVALID', ...problems],
    },
    ({ c, query: { last_event_id, ...feed }, headers }) => {
      const after = headers['last-event-id'] ?? last_event_id ?? null;
      return answer(c, streams, { feed, after });
    },
  );
}

function webSocket(streams: Streams, api: Api): Route {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: api.limits.bodyBytes,
  });
  server.on('wsClientError', ({ message }, _socket, request) => {
    const detail = `The request for a WebSocket is not as it should be: ${message}.`;
    refuseHandshake(request, problemParts(new StepwellError('REQUEST_MALFORMED', detail), api));
  });
  return route(
    {
      method: 'GET',
      path: '/v1/ws',
      permission: 'runs:read',
      tag: 'streams',
      operation: 'webSocket',
      summary: 'A WebSocket that carries the same events, and takes events and callbacks in',
      answers: { 101: nothing('From here on messages are JSON, as docs/guide/streams.md has them') },
      problems: ['UPGRADE_REQUIRED', ...problems],
    },
    ({ c }) => {
      const done = streams.places.take('websocket');
      const isTaken = leaveHttp(c, server, (socket) => new Connection(socket, streams, api), done);
      if (isTaken) return RESPONSE_ALREADY_SENT;
      done();
      const detail = 'The request did not ask for a WebSocket: its headers need "Upgrade: websocket".';
      return problem(new StepwellError('UPGRADE_REQUIRED', detail), api, { Upgrade: 'websocket' });
    },
  );
}

const HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-store',
  // nginx would otherwise collect events before it passes them on.
  'X-Accel-Buffering': 'no',
};

/** What is wrong is told before the stream begins: afterwards there is no status to say it with. */
async function answer(c: Context, streams: Streams, wanted: Wanted): Promise<Response> {
  const done = streams.places.take('sse');
  try {
    const opened = await streams.open(wanted);
    // The body of an answer to HEAD is never read, and never cancelled.
    if (c.req.method === 'HEAD') {
      opened.close();
      done();
      return new Response(null, { headers: HEADERS });
    }
    const stream = new EventStream({
      pulse: streams.pulse,
      knows: wanted.after,
      response: (c.env as { outgoing?: ServerResponse } | undefined)?.outgoing,
      done,
    });
    stream.begin(opened.read(stream));
    return new Response(new ReadableStream(stream, { highWaterMark: 0 }), { headers: HEADERS });
  } catch (error) {
    done();
    throw error;
  }
}
