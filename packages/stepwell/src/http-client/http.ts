import { copyJson } from '../model/json.ts';
import type { StepwellError } from '../model/errors.ts';
import { type Outside, pause } from './outside.ts';
import { keptFrom, type Trouble, troubleOf, troubleWith } from './trouble.ts';

/** Pauses before a request is sent again whose answer was lost (ms). */
const PAUSES = [100, 500];
/** A server holds a request for under way for 60 s if nobody says how it ended (ms). */
const UNDER_WAY_PAUSE = 1_000;
const UNDER_WAY_AT_MOST = 70_000;

export interface HttpOptions {
  /** Its address, without a slash at the end. */
  readonly server: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Told when a connection is lost that is taken up again. */
  readonly onLost: ((error: StepwellError) => void) | undefined;
  readonly outside: Outside;
}

export interface Request {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** With its query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | Blob | ReadableStream<Uint8Array>;
  readonly signal?: AbortSignal | undefined;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** The HTTP API of one server: asks it for JSON. */
export class Http {
  readonly server: string;
  readonly outside: Outside;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #onLost: ((error: StepwellError) => void) | undefined;
  #isKnown = false;

  constructor({ server, headers, onLost, outside }: HttpOptions) {
    this.server = server;
    this.outside = outside;
    this.#headers = headers;
    this.#onLost = onLost;
  }

  /** Whether a Stepwell server has ever answered: an address that never did is more likely wrong than down. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  lost(error: StepwellError): void {
    this.#onLost?.(error);
  }

  /** @throws StepwellError what the server says, or `SERVER_UNREACHABLE` */
  async get<T>(path: string, signal?: AbortSignal): Promise<T> {
    return valueOf(await this.#untilAnswered({ method: 'GET', path, signal })) as T;
  }

  /**
   * With a key of its own: sent again because its answer was lost, it is the same request, which the server does once.
   * @throws as `get`; StepwellError `VALUE_NOT_JSON`
   */
  async post<T>(path: string, body: object = {}): Promise<T> {
    const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': this.outside.unique() };
    return valueOf(await this.#untilAnswered({ method: 'POST', path, headers, body: jsonOf(body) })) as T;
  }

  /** @throws as `post` */
  async put<T>(path: string, body: object): Promise<T> {
    const headers = { 'Content-Type': 'application/json' };
    return valueOf(await this.#untilAnswered({ method: 'PUT', path, headers, body: jsonOf(body) })) as T;
  }

  /** @param isRepeatable whether it may be sent twice @throws as `get` */
  async upload<T>(
    path: string,
    headers: Readonly<Record<string, string>>,
    body: NonNullable<Request['body']>,
    isRepeatable: boolean,
  ): Promise<T> {
    const request = { method: 'PUT', path, headers, body } as const;
    const answer = isRepeatable ? await this.#untilAnswered(request) : await this.ask(request);
    if ('kind' in answer) throw answer.error;
    return valueOf(answer) as T;
  }

  /** @param gone the code that says that there is no such thing: to a repeated request, that it is done @throws as `get` */
  async delete(path: string, gone: string): Promise<void> {
    await this.#untilAnswered({ method: 'DELETE', path }, gone);
  }

  async #untilAnswered(request: Request, gone?: string): Promise<Answer> {
    const { outside } = this;
    for (let losses = 0, firstLostAt = 0; ; ) {
      const answer = await this.ask(request);
      if (!('kind' in answer)) return answer;
      const { kind, error } = answer;
      if (losses > 0 && error.code === gone) return { status: 204, text: '' };
      // The one whose answer was lost is not done yet; or its server has died, which shows after a while.
      const isUnderWay = losses > 0 && error.code === 'REQUEST_UNDER_WAY';
      const wait = kind === 'lost' ? PAUSES[losses] : UNDER_WAY_PAUSE;
      const mayPass = isUnderWay ? outside.now() - firstLostAt < UNDER_WAY_AT_MOST : kind === 'lost';
      if (!mayPass || wait === undefined) throw error;
      if (kind === 'lost' && losses++ === 0) firstLostAt = outside.now();
      await pause(outside, wait, request.signal);
    }
  }

  /** One request and its whole answer. @throws the signal's reason */
  async ask(request: Request): Promise<Answer | Trouble> {
    const response = await this.open(request);
    if ('kind' in response) return response;
    try {
      const text = await response.text();
      const isJson = response.headers.get('content-type')?.includes('json') === true;
      return text === '' || isJson
        ? { status: response.status, text }
        : troubleOf(this.server, response.status, text);
    } catch (cause) {
      request.signal?.throwIfAborted();
      return troubleWith(this.server, cause);
    }
  }

  /** One request, and its answer as it comes. @throws the signal's reason */
  async open({ path, signal, headers, ...request }: Request): Promise<Response | Trouble> {
    try {
      const init: RequestInit = {
        ...(request as RequestInit),
        headers: { ...this.#headers, ...headers },
        ...(signal !== undefined && { signal }),
        // A stream can only be sent by a request that is not answered before its end.
        ...(request.body instanceof ReadableStream && { duplex: 'half' }),
      };
      const response = await this.outside.fetch(`${this.server}${path}`, init);
      if (!response.ok) {
        const trouble = troubleOf(this.server, response.status, await response.text());
        if (trouble.kind === 'refused' || trouble.kind === 'unavailable') this.#isKnown = true;
        return trouble;
      }
      this.#isKnown = true;
      return response;
    } catch (cause) {
      signal?.throwIfAborted();
      const { page } = this.outside;
      const isForeign = page !== null && page !== new URL(this.server).origin && !this.#isKnown;
      return isForeign ? keptFrom(page, this.server, cause) : troubleWith(this.server, cause);
    }
  }
}

/** @throws StepwellError `VALUE_NOT_JSON`: what JSON would lose or change is refused, as an engine does */
function jsonOf(body: object): string {
  return JSON.stringify(copyJson(body, 'request').json);
}

function valueOf({ text }: Answer): unknown {
  return text === '' ? undefined : JSON.parse(text);
}
