import { ERRORS, isStepwellError, StepwellError, type ErrorCode } from 'stepwell';
import type { Api } from './api.ts';

/** Whether an error is for whoever runs the server, and not only for the caller who gets it as an answer. */
export function isFault(error: unknown): boolean {
  return !isStepwellError(error) || (ERRORS[error.code].status >= 500 && !NO_FAULT.includes(error.code));
}

/** The server is closing, or has as much as it takes: nothing is broken. */
const NO_FAULT: readonly ErrorCode[] = ['ENGINE_CLOSED', 'TOO_MANY_CONNECTIONS', 'TOO_MANY_STREAMS'];

/** After how many seconds it is worth to ask again. */
const RETRY_AFTER: Partial<Record<ErrorCode, number>> = {
  REQUEST_UNDER_WAY: 1,
  TOO_MANY_CONNECTIONS: 1,
  TOO_MANY_STREAMS: 5,
  ENGINE_CLOSED: 1,
  STORE_UNREACHABLE: 1,
};

/** An error as an RFC 9457 problem: `code` is stable, `type` leads to what the docs say of it. */
export function problem(
  error: unknown,
  api: Pick<Api, 'log' | 'errorDocs'>,
  headers: Record<string, string> = {},
): Response {
  const parts = problemParts(error, api);
  return new Response(parts.body, { status: parts.status, headers: { ...parts.headers, ...headers } });
}

/** The same, for where there is no `Response` to be given. */
export function problemParts(
  error: unknown,
  { log, errorDocs }: Pick<Api, 'log' | 'errorDocs'>,
): { status: number; headers: Record<string, string>; body: string } {
  const { code, message, data } = isStepwellError(error) ? error : internal();
  const { status, means } = ERRORS[code];
  if (isFault(error)) log(`A request failed with ${code}.`, error);
  const type = `${errorDocs}#${code.toLowerCase()}`;
  const retryAfter = RETRY_AFTER[code];
  return {
    status,
    headers: {
      'Content-Type': 'application/problem+json',
      ...(retryAfter !== undefined && { 'Retry-After': String(retryAfter) }),
    },
    body: JSON.stringify({ type, title: means, status, detail: message, code, data }),
  };
}

/** What a caller learns of an error that was not foreseen: nothing but that there was one. */
function internal(): StepwellError {
  return new StepwellError(
    'INTERNAL',
    'The server met an error that it did not expect. Its log has the details; the request can be tried again.',
  );
}
