import { createHash } from 'node:crypto';
import type { Context } from 'hono';
import { StepwellError } from 'stepwell';
import type { Api } from './api.ts';

/** How long the answer to a request is kept under its key. */
const KEPT_MS = 24 * 60 * 60_000;

/** How often answers are looked for that need not be kept any more. */
const ROUND_MS = 60 * 60_000;

const KEY = /^[\x21-\x7e]{1,255}$/;

interface Recorded {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/**
 * Answers of POSTs that had an `Idempotency-Key`, kept in the store: the same request under the same key gets the
 * recorded answer and does nothing.
 *
 *     begin → work → answer recorded                                the next one gets it, for 24 h
 *                  → a problem: nothing is recorded                 the next one begins anew
 *                  → the process dies: neither                      409 for 60 s, then the next one begins anew
 *
 * Between the work and its record the process can die. What a request makes, and what it tells a run, has an id that is
 * made of the key, if the caller gave none, so that the next one finds it made.
 */
export class Requests {
  readonly #api: Api;
  #stopRound: (() => void) | undefined;

  constructor(api: Api) {
    this.#api = api;
    api.closing.addEventListener('abort', () => this.#stopRound?.());
  }

  /**
   * @param body what was read of it; null if the handler reads it by itself: then its length must do
   * @throws StepwellError `PARAMETER_INVALID`, `IDEMPOTENCY_KEY_REUSED`, `REQUEST_UNDER_WAY`, and what the work throws
   */
  async once(
    c: Context,
    key: string,
    body: Uint8Array | null,
    work: () => Promise<Response>,
  ): Promise<Response> {
    if (!KEY.test(key)) throw invalid();
    const { well } = this.#api;
    const { store, system } = well.parts;
    const { namespace } = well;
    const fingerprint = fingerprintOf(c, body);
    const now = system.now();
    this.#startRound();
    const state = await store.beginRequest({ namespace, key, fingerprint, now, expiresAt: now + KEPT_MS });
    if (!state.begun) {
      if (state.fingerprint !== fingerprint) throw reused(key);
      if (state.answer === null) throw underWay(key);
      return replayed(JSON.parse(state.answer) as Recorded);
    }
    let answer: string | null = null;
    try {
      const response = await work();
      if (response.status < 400) answer = JSON.stringify(await recordOf(response.clone()));
      return response;
    } finally {
      await this.#record(key, answer);
    }
  }

  /** What was done stands, whether its answer could be recorded or not. */
  async #record(key: string, answer: string | null): Promise<void> {
    const { well, log } = this.#api;
    try {
      await well.parts.store.answerRequest({ namespace: well.namespace, key, answer });
    } catch (error) {
      log('The answer of a request with an Idempotency-Key could not be recorded.', error);
    }
  }

  /** From the first key on: a server that sees none has nothing to forget. */
  #startRound(): void {
    if (this.#stopRound !== undefined || this.#api.closing.aborted) return;
    const { store, system } = this.#api.well.parts;
    const forget = () => {
      this.#stopRound = system.timer(ROUND_MS, forget, 'background');
      store
        .forgetRequests(system.now())
        .catch((error: unknown) => this.#api.log('Old answers of requests could not be forgotten.', error));
    };
    forget();
  }
}

function fingerprintOf(c: Context, body: Uint8Array | null): string {
  const { pathname, search } = new URL(c.req.url);
  const hash = createHash('sha256').update(`${c.req.method} ${pathname}${search}\n`);
  return hash.update(body ?? c.req.header('content-length') ?? '').digest('base64url');
}

async function recordOf(response: Response): Promise<Recorded> {
  return { status: response.status, headers: [...response.headers], body: await response.text() };
}

function replayed({ status, headers, body }: Recorded): Response {
  return new Response(body === '' ? null : body, {
    status,
    headers: [
      ...headers.map(([name, value]): [string, string] => [name, value]),
      ['Idempotency-Replayed', 'true'],
    ],
  });
}

function invalid(): StepwellError {
  const detail = 'The Idempotency-Key must have 1 to 255 visible ASCII characters, such as a UUID.';
  return new StepwellError('PARAMETER_INVALID', detail, {
    data: [{ path: 'idempotency-key', message: 'is not 1 to 255 visible ASCII characters' }],
  });
}

function reused(key: string): StepwellError {
  return new StepwellError(
    'IDEMPOTENCY_KEY_REUSED',
    `Another request was sent with the Idempotency-Key "${key}". Nothing was done. Give each request a key of its own.`,
  );
}

function underWay(key: string): StepwellError {
  return new StepwellError(
    'REQUEST_UNDER_WAY',
    `The request with the Idempotency-Key "${key}" has no answer yet. Send it again in a second.`,
  );
}
