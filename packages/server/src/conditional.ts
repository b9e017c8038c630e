import type { Context } from 'hono';
import { hash } from 'node:crypto';
import { z } from 'zod';
import { json, nothing } from './route.ts';
import { optional } from './shape.ts';

/** The headers of a conditional GET. */
export const conditionalHeaders = z.object({
  'if-none-match': optional(z.string()).meta({ description: 'An ETag: 304 if nothing has changed since' }),
});

/** How a route answers whose answer has an ETag. */
export function taggedAnswers(description: string, shape: z.ZodType) {
  const headers = { ETag: 'Changes with the answer' };
  return { 200: json(description, shape, headers), 304: nothing('Nothing has changed', headers) } as const;
}

/** The text of a JSON value with an ETag; 304 if the caller has it already. */
export function tagged(c: Context, text: string, ifNoneMatch: string | undefined): Response {
  const headers = { ETag: `"${hash('sha1', text, 'base64url')}"`, 'Cache-Control': 'no-cache' };
  if (isMatch(ifNoneMatch, headers.ETag)) return c.body(null, 304, headers);
  return c.body(text, 200, { 'Content-Type': 'application/json', ...headers });
}

/** The weak comparison of RFC 9110: a proxy that compresses makes weak tags of ours. */
function isMatch(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  const tags: readonly string[] = header.match(/"[^"]*"/g) ?? [];
  return header.trim() === '*' || tags.includes(etag);
}
