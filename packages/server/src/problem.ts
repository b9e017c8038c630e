import { ERRORS, isStepwellError, StepwellError } from 'stepwell';
import type { ErrorLog } from './api.ts';

/** Whether an error is for whoever runs the server, and not only for the caller who gets it as an answer. */
export function isFault(error: unknown): boolean {
  return !isStepwellError(error) || (ERRORS[error.code].status >= 500 && error.code !== 'ENGINE_CLOSED');
}

/** An error as an RFC 9457 problem. `code` is stable; `docs/errors.md` has a section for each. */
export function problem(error: unknown, log: ErrorLog, headers: Record<string, string> = {}): Response {
  const shown = isStepwellError(error) ? error : internal();
  const { status, means } = ERRORS[shown.code];
  if (isFault(error)) log(`A request failed with ${shown.code}.`, error);
  const body = {
    type: `urn:stepwell:error:${shown.code}`,
    title: means,
    status,
    detail: shown.message,
    code: shown.code,
    data: shown.data,
  };
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'Content-Type': 'application/problem+json', ...headers },
  });
}

/** What a caller learns of an error that was not foreseen: nothing but that there was one. */
function internal(): StepwellError {
  return new StepwellError(
    'INTERNAL',
    'The server met an error that it did not expect. Its log has the details; the request can be tried again.',
  );
}
