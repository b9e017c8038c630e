import { getRequestListener, RequestError } from '@hono/node-server';
import { once } from 'node:events';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { StepwellError, type Stepwell } from 'stepwell';
import { logToConsole, machineTimer, type ErrorLog, type Timer } from './api.ts';
import { createApp, type AppOptions } from './app.ts';
import { isLoopback } from './origin.ts';
import { problem } from './problem.ts';

/** How long a client that takes nothing can hold up the close. */
const GRACE_MS = 5_000;

export interface ServeOptions extends Omit<AppOptions, 'closing' | 'localOnly'> {
  /** Default `127.0.0.1`. */
  host?: string;
  /** Default 8787; 0: any that is free. */
  port?: number;
  /** Listen where other machines can reach it, although the API asks nobody who they are. */
  insecure?: boolean;
}

export interface Server {
  readonly url: string;
  /** Ends event streams and long polls, lets other requests finish, and frees the port. The engine stays open. */
  close(): Promise<void>;
}

/**
 * Serves the HTTP API of an engine.
 * @throws StepwellError `LISTEN_REFUSED`: other machines could reach the address, or it is not free
 */
export async function serve(well: Stepwell, options: ServeOptions = {}): Promise<Server> {
  const { host = '127.0.0.1', port = 8787, insecure = false, ...appOptions } = options;
  if (!insecure && !isLoopback(host)) {
    throw new StepwellError(
      'LISTEN_REFUSED',
      `The server does not listen on "${host}": whoever reaches it there could do everything. Use 127.0.0.1, or, in a network that you trust, say so with "insecure".`,
    );
  }
  const { log = logToConsole, timer = machineTimer } = appOptions;
  const closing = new AbortController();
  const app = createApp(well, { ...appOptions, closing: closing.signal, localOnly: isLoopback(host) });
  const listener = requestListener(app.fetch, log);
  const http = createServer((request, response) => {
    // A connection that has had its last answer would otherwise be kept open for a next request.
    response.once('close', () => closing.signal.aborted && http.closeIdleConnections());
    void listener(request, response);
  });
  await listening(http, host, port);
  http.on('error', (error) => log('The server could not take a connection.', error));
  let closed: Promise<void> | undefined;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${(http.address() as AddressInfo).port}`,
    close: () => (closed ??= close(http, closing, timer)),
  };
}

async function close(http: HttpServer, closing: AbortController, timer: Timer): Promise<void> {
  const closed = once(http, 'close');
  http.close();
  closing.abort();
  const prevent = timer(GRACE_MS, () => http.closeAllConnections());
  await closed;
  prevent();
}

function requestListener(fetch: (request: Request) => Response | Promise<Response>, log: ErrorLog) {
  return getRequestListener((request) => fetch(request), {
    // Users' code runs in this process: its Request and Response are not ours to replace.
    overrideGlobalObjects: false,
    errorHandler: (error) => problem(error instanceof RequestError ? unreadable(error) : error, log),
  });
}

function unreadable(error: RequestError): StepwellError {
  return new StepwellError(
    'PARAMETER_INVALID',
    `The address or the Host header of the request cannot be read: ${error.message}.`,
  );
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
