import { ERRORS, type ErrorCode } from 'stepwell';
import { z } from 'zod';
import type { Route } from './route.ts';
import { optional } from './shape.ts';

/** The body of every answer that is an error (RFC 9457). */
export const Problem = z
  .object({
    type: z.string().meta({ description: 'Leads to what the docs say of the code' }),
    title: z.string(),
    status: z.number(),
    detail: z.string().meta({ description: 'What happened, where, and what to do' }),
    code: z.enum(Object.keys(ERRORS) as ErrorCode[]).meta({ description: 'Stable: never renamed' }),
    data: optional(z.unknown()).meta({ description: 'Facts of this one case, for programs' }),
  })
  .meta({ id: 'Problem' });

/** What any request may meet: a page elsewhere sent it, it cannot be read, the store fails, a defect. */
const EVERYWHERE: readonly ErrorCode[] = [
  ...(['ORIGIN_REFUSED', 'PARAMETER_INVALID', 'URL_TOO_LONG', 'HEADERS_TOO_LARGE'] as const),
  ...(['REQUEST_MALFORMED', 'REQUEST_TIMED_OUT', 'TOO_MANY_CONNECTIONS', 'INTERNAL'] as const),
  ...(['ENGINE_CLOSED', 'STORE_FULL', 'STORE_READ_ONLY', 'STORE_DAMAGED', 'STORE_IN_USE'] as const),
  ...(['STORE_UNREACHABLE', 'STORE_ACCESS_DENIED', 'STORE_FAILED'] as const),
];

const WITH_BODY: readonly ErrorCode[] = ['BODY_INVALID', 'BODY_TOO_LARGE'];
const WITH_KEY: readonly ErrorCode[] = ['IDEMPOTENCY_KEY_REUSED', 'REQUEST_UNDER_WAY'];

/** All codes that a route may answer with. */
export function problemsOfRoute({ method, problems = [] }: Route): readonly ErrorCode[] {
  const codes = new Set([
    ...problems,
    ...(method === 'POST' || method === 'PUT' ? WITH_BODY : []),
    ...(method === 'POST' ? WITH_KEY : []),
    ...EVERYWHERE,
  ]);
  return [...codes];
}
