import type { OpenAPIHono } from '@hono/zod-openapi';
import { ERRORS, type ErrorCode } from 'stepwell';
import { z } from 'zod';
import { Problem, problemsOfRoute } from './problems.ts';
import { json, route, type Answer, type Route } from './route.ts';
import { optional } from './shape.ts';

/** `GET /openapi.json`: all that the routes say of themselves. It is made when it is first asked for. */
export function documentRoute(routes: readonly Route[]): Route {
  let document: Promise<object> | undefined;
  const own: Route = route(
    {
      method: 'GET',
      path: '/openapi.json',
      permission: 'server:read',
      tag: 'server',
      operation: 'openapi',
      summary: 'This description',
      answers: { 200: json('An OpenAPI 3.1 document', z.looseObject({ openapi: z.string() })) },
    },
    async ({ c }) => c.json(await (document ??= describe([...routes, own]))),
  );
  return own;
}

/** The generator is loaded only here: 25 ms that most servers need not spend. */
async function describe(routes: readonly Route[]): Promise<object> {
  const generator = await import('@hono/zod-openapi');
  const { openAPIRegistry, getOpenAPI31Document } = new generator.OpenAPIHono();
  for (const each of routes) openAPIRegistry.registerPath(pathOf(each));
  return getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Stepwell',
      version: '1',
      description:
        'Durable functions: runs, their events, queues, schedules and workers. Times are ms since 1970.',
    },
  });
}

type Path = Parameters<OpenAPIHono['openAPIRegistry']['registerPath']>[0];

function pathOf(each: Route): Path {
  const { method, path, operation, summary, tag, permission } = each;
  return {
    method: method.toLowerCase() as Lowercase<typeof method>,
    path,
    operationId: operation,
    summary,
    tags: [tag],
    request: requestOf(each),
    responses: responsesOf(each),
    'x-permission': permission,
  };
}

const IdempotencyKey = optional(z.string().min(1).max(255)).meta({
  description:
    'The same key and request within 24 hours: the recorded answer again, and nothing is done twice',
});

function requestOf(each: Route): NonNullable<Path['request']> {
  const names = [...each.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
  const params = z.object(Object.fromEntries(names.map((name) => [name, z.string().min(1)])));
  const headers = each.headers instanceof z.ZodObject ? each.headers : z.object({});
  const query = each.query instanceof z.ZodObject ? { query: each.query } : {};
  const content = bodyOf(each);
  return {
    params,
    ...query,
    headers: each.method === 'POST' ? headers.extend({ 'idempotency-key': IdempotencyKey }) : headers,
    ...(Object.keys(content).length > 0 && { body: { content } }),
  };
}

type Content = NonNullable<NonNullable<NonNullable<Path['request']>['body']>['content']>;

function bodyOf({ body, raw = {}, multipart }: Route): Content {
  const bytes = Object.entries(raw).map(([type, description]) => [
    type,
    { schema: { type: 'string' as const, format: 'binary', description } },
  ]);
  return {
    ...(body !== undefined && { 'application/json': { schema: body } }),
    ...(multipart !== undefined && {
      'multipart/form-data': { schema: { type: 'object' as const, description: multipart.description } },
    }),
    ...Object.fromEntries(bytes),
  };
}

function responsesOf(each: Route): Path['responses'] {
  const answers = Object.entries(each.answers).map(
    ([status, answer]) => [status, responseOf(answer)] as const,
  );
  const codes = Map.groupBy(problemsOfRoute(each), (code) => ERRORS[code].status);
  const problems = [...codes]
    .toSorted(([a], [b]) => a - b)
    .map(([status, codes]) => [status, problemResponse(codes)] as const);
  return { ...Object.fromEntries(answers), ...Object.fromEntries(problems) };
}

function responseOf({ description, shape, type, headers = {} }: Answer): Path['responses'][string] {
  const contentType = type ?? (shape === undefined ? undefined : 'application/json');
  return {
    description,
    ...(contentType !== undefined && {
      content: { [contentType]: { schema: shape ?? { type: 'string' as const } } },
    }),
    ...(Object.keys(headers).length > 0 && {
      headers: Object.fromEntries(
        Object.entries(headers).map(([name, says]) => [
          name,
          { description: says, schema: { type: 'string' as const } },
        ]),
      ),
    }),
  };
}

function problemResponse(codes: readonly ErrorCode[]): Path['responses'][string] {
  const description = codes.map((code) => `${code}: ${ERRORS[code].means}`).join('\n\n');
  return { description, content: { 'application/problem+json': { schema: Problem } } };
}
