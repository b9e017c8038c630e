import type { Context } from 'hono';
import { type IncomingMessage, type Server as HttpServer, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { WebSocket, WebSocketServer } from 'ws';

/** What is left of a request that asked to leave HTTP. */
interface Left {
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly response: ServerResponse;
}

const left = new WeakMap<IncomingMessage, Left>();

/** Whether a request asks to leave HTTP, and is not answered as all others. */
export function asksForWebSocket({ headers }: IncomingMessage): boolean {
  return headers.upgrade?.toLowerCase() === 'websocket';
}

/**
 * Has requests that ask for a WebSocket answered as all others are, so that what is asked of those (origin, sign-in,
 * limits) is asked of them too. The route that takes them calls {@link leaveHttp}; where none does, they are answered.
 */
export function answerUpgrades(
  http: HttpServer,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): void {
  http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket as Socket);
    // Not only its half: nobody reads it, so that the end of the other half would never be heard.
    response.once('finish', () => (socket as Socket).destroySoon());
    // The HTTP server does not listen to it any more, and nobody else does yet.
    socket.on('error', () => {});
    left.set(request, { socket, head, response });
    answer(request, response);
  });
}

/** Makes a WebSocket of a request that asked for it. False: it did not. */
export function leaveHttp(
  c: Context,
  server: WebSocketServer,
  begin: (socket: WebSocket) => void,
  gone: () => void,
): boolean {
  const { incoming } = (c.env ?? {}) as { incoming?: IncomingMessage };
  const upgrade = incoming === undefined ? undefined : left.get(incoming);
  if (incoming === undefined || upgrade === undefined) return false;
  const { socket, head, response } = upgrade;
  response.detachSocket(socket as Socket);
  // It may have gone while the request was looked at.
  if (socket.destroyed) gone();
  else socket.once('close', gone);
  server.handleUpgrade(incoming, socket, head, begin);
  return true;
}

/** A request that asked for a WebSocket in a way that RFC 6455 does not know is answered as it would be over HTTP. */
export function refuseHandshake(
  request: IncomingMessage,
  { status, headers, body }: { status: number; headers: Record<string, string>; body: string },
): void {
  const { socket, response } = left.get(request)!;
  response.assignSocket(socket as Socket);
  const length = Buffer.byteLength(body);
  response
    .writeHead(status, { ...headers, 'Content-Length': length, 'Sec-WebSocket-Version': '13' })
    .end(body);
}
