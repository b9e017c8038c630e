import type { Context, Hono } from 'hono';
import type { Api } from './api.ts';
import { jsonOf, readBytes } from './body.ts';
import type { Requests } from './idempotency.ts';
import { readHeaders, readParams, readQuery } from './parameters.ts';
import type { Route } from './route.ts';

/** Under `route`, whatever is around the routes finds the path of the one that answers. */
interface RouteEnv {
  Variables: { route: string };
}

interface Mounted {
  readonly route: Route;
  /** Of its path's parameters. */
  readonly names: readonly string[];
  readonly api: Api;
  readonly requests: Requests;
}

/** Puts a route onto an app: its requests are checked by its description, then answered by its handler. */
export function mount(app: Hono, route: Route, api: Api, requests: Requests): void {
  const names = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
  const mounted = { route, names, api, requests };
  (app as unknown as Hono<RouteEnv>).on(route.method, routerPath(route), (c: Context) => {
    c.set('route', route.path);
    return answer(c, mounted);
  });
}

/** The methods that a path has, as an `Allow` header wants them: '' if there is nothing. Where there is GET, Hono answers HEAD too. */
export function methodsAt(routes: readonly Route[], path: string): string {
  const methods = routes.filter((route) => patternOf(route).test(path)).map(({ method }) => method);
  return [...new Set(methods)].join(', ').replace('GET', 'GET, HEAD');
}

function patternOf({ path, tail }: Route): RegExp {
  const pattern = path.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+');
  return new RegExp(`^${tail === true ? pattern.replace(/\[\^\/\]\+$/, '.+') : pattern}$`);
}

/** `/v1/runs/{id}` as Hono writes it: `/v1/runs/:id`. */
function routerPath({ path, tail }: Pick<Route, 'path' | 'tail'>): string {
  const colons = path.replaceAll(/\{(\w+)\}/g, ':$1');
  return tail === true ? `${colons}{.+}` : colons;
}

async function answer(c: Context, { route, names, api, requests }: Mounted): Promise<Response> {
  // The one place for sign-in: who asks, and whether they may do `route.permission`, is decided before anything is read.
  const asked = {
    c,
    params: readParams(c, names),
    query: readQuery(c, route.query),
    headers: readHeaders(c, route.headers),
    idempotencyKey: route.method === 'POST' ? c.req.header('idempotency-key') : undefined,
  };
  const { multipart } = route;
  const readsItself = route.raw !== undefined || (multipart !== undefined && isMultipart(c));
  const bytes = readsItself || !mayHaveBody(route) ? null : await readBytes(c, api);
  const work = async () => {
    if (bytes !== null) return route.handle({ ...asked, body: jsonOf(bytes, route.body) }, api);
    const handle = readsItself && multipart !== undefined ? multipart.handle : route.handle;
    return handle({ ...asked, body: undefined }, api);
  };
  return asked.idempotencyKey === undefined ? work() : requests.once(c, asked.idempotencyKey, bytes, work);
}

function mayHaveBody({ method }: Route): boolean {
  return method === 'POST' || method === 'PUT';
}

function isMultipart(c: Context): boolean {
  return /^multipart\/form-data\b/i.test(c.req.header('content-type') ?? '');
}
