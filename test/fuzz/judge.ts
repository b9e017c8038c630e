import type { WireRequest } from './requests.ts';
import type { WireAnswer } from './wire.ts';

/** What is wrong with an answer; null: nothing. A server owes an answer to every request that came whole. */
export function offenceOf(request: WireRequest, answer: WireAnswer | null): string | null {
  if (answer === null) return isOwed(request) ? 'no answer' : null;
  const { status, headers, body } = answer;
  if (status >= 500 || status === 0) return `status ${status}: ${body?.slice(0, 300)}`;
  if (body === null || request.method === 'HEAD') return null;
  const type = headers.get('content-type') ?? '';
  if (status >= 400) return problemOffence(status, type, body);
  return answeredAsDescribed(request, answer) ?? jsonOffence(type, body);
}

/** Whether an answer has to come soon: one that was cut off need not be answered, nor one that waits on purpose. */
export function isOwed({ delivery, headers, target, method }: WireRequest): boolean {
  if (delivery === 'cut') return false;
  const waits = headers.some(([name, value]) => name === 'Prefer' && value.includes('wait'));
  const upgrades = headers.some(([, value]) => value === 'websocket');
  return (
    !waits &&
    !upgrades &&
    !/[?&]wait=/.test(target) &&
    !/\/stream|\/v1\/ws/.test(target) &&
    method !== 'TRACE'
  );
}

function problemOffence(status: number, type: string, body: string): string | null {
  if (type !== 'application/problem+json') return `${status} is no problem+json, but ${type}`;
  const problem = parse(body) as
    | { status?: number; code?: string; type?: string; detail?: string }
    | undefined;
  if (problem?.status !== status) return `the problem of a ${status} says ${body.slice(0, 100)}`;
  return problem.type === `/errors#${problem.code?.toLowerCase()}` && problem.detail !== ''
    ? null
    : `the problem lacks something: ${body}`;
}

/** Of the method that the document has for the path; what else may be answered to other methods is not there. */
function answeredAsDescribed(
  { operation, method }: WireRequest,
  { status, headers }: WireAnswer,
): string | null {
  if (method !== operation.method || status === 101) return null;
  const described = operation.responses[status];
  if (described === undefined) return `${status} is not in the document`;
  const type = headers.get('content-type')?.replace(/;.*$/, '');
  const types = Object.keys(described.content ?? {});
  if (type === undefined || types.length === 0) return null;
  // Files have whatever type they were given.
  if (types.includes('application/octet-stream')) return null;
  return types.some((one) => one.replace(/;.*$/, '') === type)
    ? null
    : `${status} came as ${type}, not as ${types.join(', ')}`;
}

function jsonOffence(type: string, body: string): string | null {
  if (type !== 'application/json' || parse(body) !== undefined) return null;
  return `the body is no JSON: ${body.slice(0, 100)}`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
