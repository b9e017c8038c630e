import { ERRORS } from 'stepwell';
import { expect } from 'vitest';
import { Problem, problemsOfRoute } from '../src/problems.ts';
import type { Route } from '../src/route.ts';

/** Headers that are not of one answer, but of HTTP, or of every problem. */
const GENERAL = new Set([
  ...['content-type', 'cache-control', 'retry-after', 'allow', 'idempotency-replayed', 'x-accel-buffering'],
  ...['content-security-policy', 'cross-origin-resource-policy', 'x-content-type-options'],
]);

/** Fails if an answer is not one of those that the route says it has: status, headers, every field of the body. */
export function expectDescribed(
  routes: readonly Route[],
  asked: { method: string; path: string },
  { status, headers, body }: { status: number; headers: Headers; body: unknown },
): void {
  const route = routeOf(routes, asked);
  if (headers.get('content-type') === 'application/problem+json') {
    const { code } = body === undefined ? { code: null } : Problem.parse(body);
    if (code === null) return;
    expect(Problem.parse(body)).toEqual(body);
    expect(status).toBe(ERRORS[code].status);
    const codes = route === undefined ? ['ROUTE_UNKNOWN', 'METHOD_NOT_ALLOWED', 'ORIGIN_REFUSED'] : [];
    const described = route === undefined ? codes : problemsOfRoute(route);
    if (route !== undefined || code !== 'PARAMETER_INVALID') expect(described).toContain(code);
    return;
  }
  const answer = route?.answers[status];
  expect(answer, `${asked.method} ${asked.path} says nothing of ${status}`).toBeDefined();
  const named = new Set(Object.keys(answer!.headers ?? {}).map((name) => name.toLowerCase()));
  expect([...headers.keys()].filter((name) => !GENERAL.has(name) && !named.has(name))).toEqual([]);
  if (answer!.shape === undefined || asked.method === 'HEAD') return;
  expect(headers.get('content-type')).toBe('application/json');
  expect(answer!.shape.parse(body)).toEqual(body);
}

/** The one that answers: a path without parameters before one with them. */
function routeOf(
  routes: readonly Route[],
  { method, path }: { method: string; path: string },
): Route | undefined {
  const segments = path.replace(/\?.*$/s, '').split('/');
  const wanted = method === 'HEAD' ? 'GET' : method;
  const fitting = routes.filter((route) => route.method === wanted && fits(route, segments));
  return fitting.toSorted((a, b) => a.path.split('{').length - b.path.split('{').length)[0];
}

function fits({ path, tail }: Route, segments: readonly string[]): boolean {
  const parts = path.split('/');
  if (tail === true ? segments.length < parts.length : segments.length !== parts.length) return false;
  return parts.every((part, n) => (part.startsWith('{') ? segments[n] !== '' : part === segments[n]));
}
