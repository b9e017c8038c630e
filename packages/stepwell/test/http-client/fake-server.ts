import { connectWith } from '../../src/http-client/connect.ts';
import type { ConnectOptions } from '../../src/http-client/index.ts';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  readonly body: unknown;
}

type Reply =
  | Response
  | Error
  | ((asked: Asked, signal: AbortSignal | undefined) => Response | Promise<Response>);

/** A server that gives one reply after the other, and a client of it whose pauses pass at once. */
export class FakeServer {
  readonly asked: Asked[] = [];
  /** Lengths of the pauses that the client has made (ms). */
  readonly pauses: number[] = [];
  /** Passes when a pause does. */
  time = 0;
  /** Watches over silence that have not been called off. */
  readonly silences = new Set<() => void>();
  readonly client;
  readonly #replies: Reply[] = [];

  /** @param page origin of the page in which the client runs */
  constructor(options: ConnectOptions = {}, page: string | null = null) {
    this.client = connectWith('http://fake/base/', options, {
      page,
      fetch: (url, init) => this.#answer(url as string, init ?? {}),
      now: () => this.time,
      random: () => 1,
      unique: () => `key-${this.asked.length}`,
      timer: (delay, callback) => this.#timer(delay, callback),
    });
  }

  replies(...replies: Reply[]): this {
    this.#replies.push(...replies);
    return this;
  }

  #timer(delay: number, callback: () => void): () => void {
    if (delay === 60_000) {
      this.silences.add(callback);
      return () => this.silences.delete(callback);
    }
    this.pauses.push(delay);
    this.time += delay;
    const immediate = setImmediate(callback);
    return () => clearImmediate(immediate);
  }

  async #answer(url: string, { method = 'GET', headers, body, signal }: RequestInit): Promise<Response> {
    const asked = {
      method,
      path: url.replace('http://fake/base', ''),
      headers: new Headers(headers),
      body: typeof body === 'string' ? (JSON.parse(body) as unknown) : body,
    };
    this.asked.push(asked);
    const reply = this.#replies.shift();
    if (reply === undefined) throw new Error(`Nobody said what ${method} ${url} is answered with.`);
    if (reply instanceof Error) throw reply;
    return typeof reply === 'function' ? reply(asked, signal ?? undefined) : reply;
  }
}

export function json(body: unknown, status = 200): Response {
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } });
}

export function problem(code: string, status: number, more: object = {}): Response {
  return new Response(JSON.stringify({ code, detail: `about ${code}`, ...more }), {
    status,
    headers: { 'content-type': 'application/problem+json' },
  });
}

/** As `fetch` of Node fails. */
export function broken(code = 'ECONNRESET'): Error {
  return new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) });
}

/** An event stream of these pieces, which then ends, breaks off, or stays open until it is aborted. */
export function stream(pieces: readonly string[], then: 'ends' | 'breaks' | 'stays' = 'ends') {
  return (_asked: Asked, signal: AbortSignal | undefined): Response => {
    const encoder = new TextEncoder();
    const left = [...pieces];
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        const piece = left.shift();
        if (piece !== undefined) return controller.enqueue(encoder.encode(piece));
        if (then === 'ends') return controller.close();
        if (then === 'breaks') return controller.error(broken());
        await new Promise((_resolve, reject) =>
          signal!.addEventListener('abort', () => reject(signal!.reason as Error)),
        );
      },
    });
    return new Response(body, { headers: { 'content-type': 'text/event-stream; charset=utf-8' } });
  };
}

export function frame(position: number): string {
  const data = JSON.stringify({ position, at: 0, event: { type: 'status', text: `é${position}` } });
  return `id: ${position}\nevent: status\ndata: ${data}\n\n`;
}

export const END = 'event: end\ndata: {"status":"succeeded"}\n\n';
