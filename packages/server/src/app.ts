import { Hono } from 'hono';
import { StepwellError, type Stepwell } from 'stepwell';
import { logToConsole, machineTimer, type Api, type ErrorLog, type Timer } from './api.ts';
import { documentRoute } from './document.ts';
import { Requests } from './idempotency.ts';
import { withDefaultServerLimits, type ServerLimits } from './limits.ts';
import { MODULES } from './modules.ts';
import { methodsAt, mount } from './mount.ts';
import { checkOrigin } from './origin.ts';
import { problem } from './problem.ts';
import { checkPercentEncoding } from './parameters.ts';
import type { Route } from './route.ts';
import type { ScheduleKeeper } from './schedule-keeper.ts';
import { openSeeing, type Seeing } from './seeing/seeing.ts';

export interface AppOptions {
  /** Told of defects and of failures of the store; default `console.error`. */
  log?: ErrorLog;
  /** What one client can ask of the server; see `DEFAULT_SERVER_LIMITS`. */
  limits?: Partial<ServerLimits>;
  /** A `Schedules` of `@stepwell/schedules` on the same engine; without it the routes of schedules are not there. */
  schedules?: ScheduleKeeper;
  /** Metrics, logs and traces: what `openSeeing` made; default: metrics only. */
  seeing?: Seeing;
  /** Where the docs of error codes are: a problem's `type` is this and `#code`. Default: `/errors`, a page of the server. */
  errorDocs?: string;
  /** The server is for this machine only: requests to names of other machines are refused. Default false. */
  localOnly?: boolean;
  /** Aborts when the server closes: open streams and long polls end. */
  closing?: AbortSignal;
  /** Default `setTimeout`. */
  timer?: Timer;
}

/** The HTTP API of an engine, as a Hono application: serve it with any adapter, or ask it with `app.request()`. */
export function createApp(well: Stepwell, options: AppOptions = {}): Hono {
  return assemble(well, options).app;
}

/** An app, what its handlers work with, and the routes that are on it. */
export interface Assembled {
  readonly app: Hono;
  readonly api: Api;
  readonly routes: readonly Route[];
}

export function assemble(well: Stepwell, options: AppOptions, modules = MODULES): Assembled {
  const api: Api = {
    well,
    schedules: options.schedules,
    log: options.log ?? logToConsole,
    limits: withDefaultServerLimits(options.limits),
    seeing: options.seeing ?? openSeeing(options.timer === undefined ? {} : { timer: options.timer }),
    errorDocs: options.errorDocs ?? '/errors',
    closing: options.closing ?? new AbortController().signal,
    timer: options.timer ?? machineTimer,
  };
  const app = new Hono();
  const groups = modules.map((module) => module(api));
  for (const { middleware } of groups) if (middleware !== undefined) app.use(middleware);
  app.use(async (c, next) => {
    checkPercentEncoding(c.req.url);
    checkOrigin(c.req.raw.headers, options.localOnly ?? false);
    await next();
  });
  const described = groups.flatMap((group) => group.routes);
  const routes = [...described, documentRoute(described)];
  const requests = new Requests(api);
  for (const route of routes) mount(app, route, api, requests);
  app.notFound((c) => {
    const allowed = methodsAt(routes, c.req.path);
    if (allowed === '') return problem(routeUnknown(c.req.path), api);
    const detail = `${c.req.method} is not possible on ${c.req.path}. Use ${allowed}.`;
    return problem(new StepwellError('METHOD_NOT_ALLOWED', detail), api, { Allow: allowed });
  });
  app.onError((error) => problem(error, api));
  return { app, api, routes };
}

function routeUnknown(path: string): StepwellError {
  const hint = path.startsWith('/v1/schedules') ? ' Schedules are there if the server is given some.' : '';
  return new StepwellError(
    'ROUTE_UNKNOWN',
    `There is nothing at ${path}.${hint} /openapi.json lists the routes.`,
  );
}
