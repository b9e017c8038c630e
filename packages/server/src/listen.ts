import { getRequestListener, RequestError } from '@hono/node-server';
import type { Hono } from 'hono';
import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type Server as HttpServer,
  type ServerResponse,
} from 'node:http';
import { type AddressInfo, Server as NetServer } from 'node:net';
import { StepwellError, type Stepwell } from 'stepwell';
import { type Api, logToConsole, type Timer } from './api.ts';
import { assemble, type AppOptions } from './app.ts';
import { MODULES } from './modules.ts';
import { isLoopback } from './origin.ts';
import { problem } from './problem.ts';
import { type Fanout, openFanout } from './streams/fanout.ts';
import { answerUpgrades, asksForWebSocket } from './streams/upgrade.ts';
import type { RouteModule } from './route.ts';
import { seeingModule } from './seeing/index.ts';
import { sent } from './text-answer.ts';
import { Transport, transportOptions } from './transport.ts';

/** How long a client that takes nothing can hold up the close. */
const GRACE_MS = 5_000;

export interface ServeOptions extends Omit<AppOptions, 'closing' | 'localOnly'> {
  /** Default `127.0.0.1`. */
  host?: string;
  /** Default 8787; 0: any that is free. */
  port?: number;
  /** Listen where other machines can reach it, although the API asks nobody who they are. */
  insecure?: boolean;
  /** How processes that share the store tell each other of news besides the store's own way: `redis://…`. */
  fanout?: string | Fanout;
}

export interface Server {
  readonly url: string;
  /** Ends event streams and long polls, lets other requests finish, and frees the port. The engine stays open. */
  close(): Promise<void>;
}

/**
 * Serves the HTTP API of an engine.
 * @throws StepwellError `LISTEN_REFUSED`: other machines could reach the address, or it is not free; `OPTION_INVALID`
 */
export async function serve(well: Stepwell, options: ServeOptions = {}): Promise<Server> {
  const { fanout, log = logToConsole, ...others } = options;
  const server = await serveModules(well, { ...others, log }, MODULES);
  if (fanout === undefined) return server;
  try {
    const spread = await openFanout(well, fanout, log);
    const close = async () => void (await Promise.all([server.close(), spread.close()]));
    let closed: Promise<void> | undefined;
    return { url: server.url, close: () => (closed ??= close()) };
  } catch (error) {
    await server.close();
    throw error;
  }
}

/** Serves health, readiness and metrics only: for a worker. @throws StepwellError `LISTEN_REFUSED` */
export function serveMetrics(well: Stepwell, options: ServeOptions = {}): Promise<Server> {
  return serveModules(well, options, [seeingModule]);
}

async function serveModules(
  well: Stepwell,
  options: ServeOptions,
  modules: readonly RouteModule[],
): Promise<Server> {
  const { host = '127.0.0.1', port = 8787, insecure = false, ...appOptions } = options;
  if (!insecure && !isLoopback(host)) {
    throw new StepwellError(
      'LISTEN_REFUSED',
      `The server does not listen on "${host}": whoever reaches it there could do everything. Use 127.0.0.1, or, in a network that you trust, say so with "insecure".`,
    );
  }
  const closing = new AbortController();
  const appliesHere = { ...appOptions, closing: closing.signal, localOnly: isLoopback(host) };
  const { app, api } = assemble(well, appliesHere, modules);
  const listener = requestListener(app.fetch, api);
  const transport = new Transport(api);
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    // A connection that has had its last answer would otherwise be kept open for a next request.
    response.once('close', () => closing.signal.aborted && transport.closeIdle());
    if (!transport.admits(request, response)) return;
    response.once('finish', () => dropUnread(request));
    void listener(request, response);
  };
  const http = createServer(
    {
      ...transportOptions(api.limits),
      // Behind a request that has not been answered it stays one of HTTP, and is told what it lacks.
      shouldUpgradeCallback: (request) => asksForWebSocket(request) && transport.isQuiet(request.socket),
    },
    answer,
  );
  answerUpgrades(http, answer);
  transport.watch(http);
  await listening(http, host, port);
  http.on('error', (error) => api.log('The server could not take a connection.', error));
  let closed: Promise<void> | undefined;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${(http.address() as AddressInfo).port}`,
    close: () => (closed ??= close(http, closing, transport, api.timer)),
  };
}

async function close(
  http: HttpServer,
  closing: AbortController,
  transport: Transport,
  timer: Timer,
): Promise<void> {
  const closed = once(http, 'close');
  // Without what `http.close()` does first: it cuts answers off that have been written and not yet been taken.
  NetServer.prototype.close.call(http);
  closing.abort();
  transport.closeIdle();
  const prevent = timer(GRACE_MS, () => transport.cut());
  await closed;
  prevent();
  http.close();
}

function requestListener(fetch: Hono['fetch'], api: Api) {
  return getRequestListener(
    async (request, env) => sent(await fetch(request, env), env.outgoing as ServerResponse),
    {
      // Users' code runs in this process: its Request and Response are not ours to replace.
      overrideGlobalObjects: false,
      errorHandler: (error) => problem(error instanceof RequestError ? unreadable(error) : error, api),
    },
  );
}

function unreadable(error: RequestError): StepwellError {
  return new StepwellError(
    'PARAMETER_INVALID',
    `The address or the Host header of the request cannot be read: ${error.message}.`,
  );
}

/** A GET with a body that nobody wants, and that may never come whole; Hono's adapter sees to the other methods. */
function dropUnread({ method, complete, socket }: IncomingMessage): void {
  if (!complete && (method === 'GET' || method === 'HEAD')) socket.destroySoon();
}

async function listening(http: HttpServer, host: string, port: number): Promise<void> {
  try {
    http.listen(port, host);
    await once(http, 'listening');
  } catch (cause) {
    throw new StepwellError(
      'LISTEN_REFUSED',
      `The server cannot listen on ${host} port ${port}: ${(cause as Error).message}. Choose another port or address.`,
      { cause },
    );
  }
}
