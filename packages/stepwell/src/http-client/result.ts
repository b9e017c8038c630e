import type { ErrorInfo, ResultOptions } from '../client/types.ts';
import { errorOf, type ErrorClass, type Failure } from '../model/failure.ts';
import type { RunStatus } from '../model/run.ts';
import { path } from './address.ts';
import type { Answer, Http } from './http.ts';
import { Patience } from './patience.ts';
import { TimeLimit } from './time-limit.ts';
import { cutOff, type Trouble } from './trouble.ts';

/** Seconds that the server is asked to wait. Proxies often cut off a silent request after 30 or 60. */
const LONGEST_WAIT = 25;

interface Outcome {
  readonly status: RunStatus;
  readonly output?: unknown;
  readonly error?: ErrorInfo;
}

/** Asks for the result of a run until it is there; the server follows `continueAs`. */
export async function awaitResult(
  http: Http,
  id: string,
  { signal }: ResultOptions,
  classes: ReadonlyMap<string, ErrorClass>,
): Promise<unknown> {
  const patience = new Patience(http, signal);
  let wait = LONGEST_WAIT;
  for (;;) {
    const address = `${path`/v1/runs/${id}/result`}?wait=${wait}s`;
    const askedAt = http.outside.now();
    const answer = await askOnce(http, address, signal);
    if ('kind' in answer) {
      wait = waitAfter(answer, wait, http.outside.now() - askedAt);
      await patience.wait(answer);
      continue;
    }
    patience.ok();
    if (answer.status === 200) return valueOf(answer, classes);
  }
}

/** @throws the signal's reason */
async function askOnce(http: Http, path: string, signal: AbortSignal | undefined): Promise<Answer | Trouble> {
  const limit = new TimeLimit(http.outside, signal);
  limit.start();
  try {
    return await http.ask({ method: 'GET', path, signal: limit.signal });
  } catch (error) {
    signal?.throwIfAborted();
    if (!limit.isOver) throw error;
    return cutOff(http.server, 'it does not answer');
  } finally {
    limit.stop();
  }
}

/** A request that was cut off while it waited was perhaps too long for something between here and the server. */
function waitAfter({ kind }: Trouble, wait: number, waited: number): number {
  return kind === 'lost' && waited > 1_000 ? Math.max(1, Math.floor(wait / 2)) : wait;
}

function valueOf({ text }: Answer, classes: ReadonlyMap<string, ErrorClass>): unknown {
  const { status, output, error } = JSON.parse(text) as Outcome;
  if (status === 'succeeded') return output;
  throw errorOf(error as Failure, null, classes);
}
