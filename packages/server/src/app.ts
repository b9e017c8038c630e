import { Hono } from 'hono';
import { StepwellError, type Stepwell } from 'stepwell';
import { logToConsole, machineTimer, type Api, type ErrorLog, type Timer } from './api.ts';
import { checkOrigin } from './origin.ts';
import { problem } from './problem.ts';
import { checkPercentEncoding } from './parameters.ts';
import { ROUTES } from './routes.ts';

export interface AppOptions {
  /** Told of defects and of failures of the store; default `console.error`. */
  log?: ErrorLog;
  /** Longest body of a request; default 8 MiB. */
  bodyBytes?: number;
  /** The server is for this machine only: requests to names of other machines are refused. Default false. */
  localOnly?: boolean;
  /** Aborts when the server closes: open streams and long polls end. */
  closing?: AbortSignal;
  /** Default `setTimeout`. */
  timer?: Timer;
}

/** The HTTP API of an engine, as a Hono application: serve it with any adapter, or ask it with `app.request()`. */
export function createApp(well: Stepwell, options: AppOptions = {}): Hono {
  const api: Api = {
    well,
    log: options.log ?? logToConsole,
    bodyBytes: options.bodyBytes ?? 8 * 1024 * 1024,
    closing: options.closing ?? new AbortController().signal,
    timer: options.timer ?? machineTimer,
  };
  const app = new Hono();
  app.use(async (c, next) => {
    checkPercentEncoding(c.req.url);
    checkOrigin(c.req.raw.headers, options.localOnly ?? false);
    await next();
  });
  for (const [method, path, handler] of ROUTES) app.on(method, path, (c) => handler(c, api));
  for (const [path, allow] of allowedMethods()) {
    app.all(path, (c) => {
      const detail = `${c.req.method} is not possible on ${path}. Use ${allow}.`;
      return problem(new StepwellError('METHOD_NOT_ALLOWED', detail), api.log, { Allow: allow });
    });
  }
  app.notFound((c) => {
    const detail = `There is nothing at ${c.req.path}. packages/server/README.md lists the routes.`;
    return problem(new StepwellError('ROUTE_UNKNOWN', detail), api.log);
  });
  app.onError((error) => problem(error, api.log));
  return app;
}

/** The methods of each path, as an `Allow` header wants them. Where there is GET, Hono answers HEAD too. */
function allowedMethods(): Map<string, string> {
  const allowed = new Map<string, string>();
  for (const [method, path] of ROUTES) {
    const methods = method === 'GET' ? 'GET, HEAD' : method;
    const others = allowed.get(path);
    allowed.set(path, others === undefined ? methods : `${others}, ${methods}`);
  }
  return allowed;
}
