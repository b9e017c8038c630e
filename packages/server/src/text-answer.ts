import type { ServerResponse } from 'node:http';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';

type Headers = Readonly<Record<string, string>>;

/**
 * An answer whose whole text is known. To whoever looks at it it is a `Response` (made when somebody does); over a socket
 * it goes without one. The `Response` of Node has a stream inside, which costs 30 µs of CPU a request to fill and to read
 * again: a third of all that a start over HTTP takes.
 */
class TextAnswer {
  readonly status: number;
  readonly #text: string;
  readonly #headers: Headers;
  #made: Response | null = null;

  constructor(status: number, text: string, headers: Headers) {
    this.status = status;
    this.#text = text;
    this.#headers = headers;
  }

  get response(): Response {
    this.#made ??= new Response(this.#text === '' ? null : this.#text, {
      status: this.status,
      headers: this.#headers,
    });
    return this.#made;
  }

  /** False: somebody has had the `Response`, and may have changed it. */
  sendOver(outgoing: ServerResponse): boolean {
    if (this.#made !== null) return false;
    const length = String(Buffer.byteLength(this.#text));
    // A text goes out in one piece with the headers; bytes would be a second one.
    outgoing.writeHead(this.status, { ...this.#headers, 'Content-Length': length }).end(this.#text);
    return true;
  }
}

// All else that a Response has is that of the one which is made then.
for (const name of Object.getOwnPropertyNames(Response.prototype)) {
  if (Object.hasOwn(TextAnswer.prototype, name) || name === 'status') continue;
  Object.defineProperty(TextAnswer.prototype, name, {
    configurable: true,
    get(this: TextAnswer): unknown {
      const value: unknown = Reflect.get(this.response, name);
      return typeof value === 'function' ? (value.bind(this.response) as unknown) : value;
    },
  });
}
Object.setPrototypeOf(TextAnswer.prototype, Response.prototype);

/** A JSON answer. */
export function jsonAnswer(value: unknown, status: number, headers: Headers = {}): Response {
  const all = { 'Content-Type': 'application/json', ...headers };
  return new TextAnswer(status, JSON.stringify(value), all) as unknown as Response;
}

/** A response that Node's HTTP server need not send any more, if this one could be sent at once; else the same. */
export function sent(response: Response, outgoing: ServerResponse): Response {
  if (!((response as unknown) instanceof TextAnswer)) return response;
  return (response as unknown as TextAnswer).sendOver(outgoing) ? RESPONSE_ALREADY_SENT : response;
}
