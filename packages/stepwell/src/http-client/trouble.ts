import { ERRORS, type ErrorCode, StepwellError } from '../model/errors.ts';

/** What came in place of the answer that was wanted. */
export interface Trouble {
  readonly error: StepwellError;
  readonly kind: /** The server said no. */
    | 'refused'
    /** It said that it cannot now: it restarts, its store is away. */
    | 'unavailable'
    /** Whether the server has heard the request, and done it, is not known. */
    | 'lost'
    /** Nobody has heard it. */
    | 'unsent'
    /** What answers there is something else. */
    | 'foreign';
}

/** Answers of a proxy whose server is not there, or takes too long. */
const GATEWAY = [408, 502, 503, 504];
/** Codes of Node's errors that come before anything is sent. Browsers do not tell. */
const UNSENT = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT'];

/** What an answer means that is not the one that was wanted. */
export function troubleOf(server: string, status: number, text: string): Trouble {
  const problem = problemIn(text);
  if (problem === null) {
    if (GATEWAY.includes(status)) return unreachable(server, 'lost', `status ${status}`, undefined);
    const message = `What answers at ${server} (status ${status}) is not a Stepwell server. Check the address.`;
    return { kind: 'foreign', error: new StepwellError('SERVER_UNREACHABLE', message) };
  }
  // A newer server may have codes that this version does not know.
  const code = problem.code as ErrorCode;
  const isAway = Object.hasOwn(ERRORS, code) && ERRORS[code].status === 503;
  const error = new StepwellError(code, problem.detail ?? problem.title ?? code, { data: problem.data });
  return { kind: isAway || status === 503 ? 'unavailable' : 'refused', error };
}

/** What it means that `fetch`, or the reading of an answer, has failed. */
export function troubleWith(server: string, cause: unknown): Trouble {
  // "fetch failed" alone says nothing.
  const { code, message } = (cause as { cause?: { code?: unknown; message?: unknown } }).cause ?? {};
  const kind = UNSENT.includes(String(code)) ? 'unsent' : 'lost';
  const why = [code, message].find((one) => typeof one === 'string');
  return unreachable(server, kind, why ?? String(cause), cause);
}

/** As `troubleWith`, in a page of another origin: from such a page a browser hides what the server says, even that it refuses. */
export function keptFrom(page: string, server: string, cause: unknown): Trouble {
  const message = `No answer of ${server} has come to this page (${String(cause)}). The page is of ${page}: a Stepwell server answers pages of its own origin only. Serve both at one address, such as by a reverse proxy.`;
  return { kind: 'lost', error: new StepwellError('SERVER_UNREACHABLE', message, { cause }) };
}

/** The server has ended its answer early, or is silent. */
export function cutOff(server: string, how: string): Trouble {
  return unreachable(server, 'lost', how, undefined);
}

function unreachable(server: string, kind: 'lost' | 'unsent', why: string, cause: unknown): Trouble {
  const message = `No Stepwell server answers at ${server} (${why}).`;
  return { kind, error: new StepwellError('SERVER_UNREACHABLE', message, { cause }) };
}

/** An error as servers of Stepwell send it (RFC 9457, with a stable code). */
interface Problem {
  readonly code: string;
  readonly title?: string;
  readonly detail?: string;
  readonly data?: unknown;
}

function problemIn(text: string): Problem | null {
  try {
    const body = JSON.parse(text) as Partial<Problem> | null;
    return typeof body?.code === 'string' ? (body as Problem) : null;
  } catch {
    return null;
  }
}
