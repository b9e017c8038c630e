import type { MiddlewareHandler } from 'hono';
import { Histogram, type Registry } from 'prom-client';
import { OTHER } from './label.ts';

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']);
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Counts requests by the template of their route, never by their path: paths have ids in them. */
export function httpMetrics(registry: Registry, now: () => number): MiddlewareHandler {
  const duration = new Histogram({
    name: 'stepwell_http_request_duration_seconds',
    help: 'From a request to its answer; of a stream, to its beginning.',
    labelNames: ['method', 'route', 'status'],
    buckets: SECONDS,
    registers: [registry],
  });
  return async (c, next) => {
    const since = now();
    await next();
    const method = METHODS.has(c.req.method) ? c.req.method : OTHER;
    // Set by whoever mounts a route; nobody has for what there is not.
    const route = (c.get('route') as string | undefined) ?? 'unmatched';
    duration.observe({ method, route, status: c.res.status }, (now() - since) / 1_000);
  };
}
