import type { Context, MiddlewareHandler } from 'hono';
import type { ErrorCode } from 'stepwell';
import type { z } from 'zod';
import type { Api } from './api.ts';

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** What a caller has to be allowed to do, such as `runs:read`. Nobody asks yet: mount.ts has the one place for it. */
type Permission = `${string}:${string}`;

/** One of the ways in which a route answers. */
export interface Answer {
  readonly description: string;
  /** Of the JSON body; undefined: none, or one that is not JSON (`type`). */
  readonly shape?: z.ZodType;
  /** Default: `application/json` if there is a shape. */
  readonly type?: string;
  /** Names of headers, and what they say. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What `/openapi.json` says of a route, and what its requests are checked with before the handler sees them. */
export interface Description<
  Path extends string = string,
  Query = unknown,
  Headers = unknown,
  Body = unknown,
> {
  readonly method: Method;
  /** As OpenAPI writes it: `/v1/runs/{id}`. A parameter is one percent-encoded segment. */
  readonly path: Path;
  /** The last parameter may also be several segments: `/` in it needs no encoding. */
  readonly tail?: true;
  readonly permission: Permission;
  /** The group that it is shown in. */
  readonly tag: string;
  /** A name for generated clients, unique: `startRun`. */
  readonly operation: string;
  readonly summary: string;
  /** The parameters after `?`; others are refused. Absent: there are none. */
  readonly query?: z.ZodType<Query>;
  /** An object with the headers, in lower case, that the route looks at; each may be left out. */
  readonly headers?: z.ZodType<Headers>;
  /** Of a JSON body; others are refused. Absent: `{}` or nothing, unless `raw` says more. */
  readonly body?: z.ZodType<Body>;
  /** The handler reads the body by itself (`c.req.raw`): its media types, and what is in them. */
  readonly raw?: Readonly<Record<string, string>>;
  /** A body that is `multipart/form-data` goes, unread, to another handler. */
  readonly multipart?: Multipart<Path, Query, Headers>;
  /** By their status. */
  readonly answers: Readonly<Record<number, Answer>>;
  /** The problems that it has besides those that every route may have (problems.ts). */
  readonly problems?: readonly ErrorCode[];
}

/** A request as a handler gets it: checked, and decoded. */
interface Asked<Path extends string, Query, Headers, Body> {
  readonly c: Context;
  readonly params: ParamsOf<Path>;
  readonly query: Query;
  readonly headers: Headers;
  readonly body: Body;
  /** The `Idempotency-Key` of a POST: from it, ids are made that nobody gave, so that nothing is done twice. */
  readonly idempotencyKey: string | undefined;
}

type ParamsOf<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}`
  ? { readonly [N in Name]: string } & ParamsOf<Rest>
  : unknown;

/** What is in a multipart body, and who reads it. */
export interface Multipart<Path extends string = string, Query = unknown, Headers = unknown> {
  readonly description: string;
  readonly handle: Handle<Path, Query, Headers, undefined>;
}

export type Handle<Path extends string, Query, Headers, Body> = (
  asked: Asked<Path, Query, Headers, Body>,
  api: Api,
) => Response | Promise<Response>;

/** A route as the app mounts it: the types of what it asks for are known to its handler only. */
export interface Route extends Description {
  readonly handle: Handle<string, unknown, unknown, unknown>;
}

/** Routes that belong together, with what they share. */
interface RouteGroup {
  readonly routes: readonly Route[];
  /** Around every request, whatever its route. */
  readonly middleware?: MiddlewareHandler;
}

/** Is called once for each app, so that what it makes may keep state; `api.closing` ends that. */
export type RouteModule = (api: Api) => RouteGroup;

/** Describes a route and says what it does; the handler's types follow from the shapes. */
export function route<const Path extends string, Query = undefined, Headers = undefined, Body = undefined>(
  description: Description<Path, Query, Headers, Body>,
  handle: Handle<Path, Query, Headers, Body>,
): Route {
  return { ...description, handle } as unknown as Route;
}

/** An answer with a JSON body. */
export function json(
  description: string,
  shape: z.ZodType,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return { description, shape, headers };
}

/** An answer without a body. */
export function nothing(description: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return { description, headers };
}

/** An answer whose body is not JSON. */
export function content(
  description: string,
  type: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return { description, type, headers };
}
