import { EventStreamReader, type Message } from './event-stream.ts';
import type { Http } from './http.ts';
import { Patience } from './patience.ts';
import { TimeLimit } from './time-limit.ts';
import { cutOff, type Trouble, troubleOf, troubleWith } from './trouble.ts';

/** A connection that lasted so long (ms) was a good one, also if nothing happened meanwhile. */
const GOOD = 10_000;

/**
 * The messages of an event stream until it says `event: end`. A connection that breaks off is taken up again after the
 * last message that came.
 *
 * @param lastId the id after which it begins
 * @throws StepwellError what the server says; `SERVER_UNREACHABLE`; the signal's reason
 */
export async function* resumedMessages(
  http: Http,
  path: string,
  lastId: string | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<Message, void> {
  const patience = new Patience(http, signal);
  let last = lastId;
  for (;;) {
    const connection = await Connection.open(http, path, last, signal);
    if (connection === null) return;
    if ('kind' in connection) {
      await patience.wait(connection);
      continue;
    }
    const openedAt = http.outside.now();
    patience.reached();
    try {
      let next = await connection.next();
      for (; !('kind' in next); next = await connection.next()) {
        patience.ok();
        if (next.event === 'end') return;
        yield next;
      }
      last = connection.lastId;
      if (http.outside.now() - openedAt >= GOOD) patience.ok();
      await patience.wait(next);
    } finally {
      connection.close();
    }
  }
}

/** One connection to an event stream. */
class Connection {
  readonly #server: string;
  readonly #body: ReadableStreamDefaultReader<Uint8Array>;
  readonly #limit: TimeLimit;
  readonly #signal: AbortSignal | undefined;
  readonly #reader: EventStreamReader;
  readonly #decoder = new TextDecoder();
  #ready: Message[] = [];

  private constructor(
    server: string,
    body: ReadableStream<Uint8Array>,
    limit: TimeLimit,
    signal: AbortSignal | undefined,
    lastId: string | undefined,
  ) {
    this.#server = server;
    this.#body = body.getReader();
    this.#limit = limit;
    this.#signal = signal;
    this.#reader = new EventStreamReader(lastId);
  }

  /** Null: nothing comes after that id. */
  static async open(
    http: Http,
    path: string,
    lastId: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Connection | Trouble | null> {
    const limit = new TimeLimit(http.outside, signal);
    const headers = {
      Accept: 'text/event-stream',
      ...(lastId !== undefined && { 'Last-Event-ID': lastId }),
    };
    limit.start();
    try {
      const response = await http.open({ method: 'GET', path, headers, signal: limit.signal });
      if ('kind' in response) return response;
      const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
      if (isStream && response.body !== null)
        return new Connection(http.server, response.body, limit, signal, lastId);
      limit.end();
      return response.status === 204 ? null : troubleOf(http.server, response.status, '');
    } catch (cause) {
      signal?.throwIfAborted();
      return limit.isOver ? silent(http.server) : troubleWith(http.server, cause);
    } finally {
      limit.stop();
    }
  }

  /** The id of what has been read, all of which has been handed over once `next` tells of trouble. */
  get lastId(): string | undefined {
    return this.#reader.lastId;
  }

  /** The next message, or why there is none. @throws the signal's reason */
  async next(): Promise<Message | Trouble> {
    while (this.#ready.length === 0) {
      const piece = await this.#read();
      if (typeof piece !== 'string') return piece;
      this.#ready = this.#reader.push(piece);
    }
    return this.#ready.shift()!;
  }

  async #read(): Promise<string | Trouble> {
    this.#limit.start();
    try {
      const { done, value } = await this.#body.read();
      return done
        ? cutOff(this.#server, 'it ended the stream')
        : this.#decoder.decode(value, { stream: true });
    } catch (cause) {
      this.#signal?.throwIfAborted();
      return this.#limit.isOver ? silent(this.#server) : troubleWith(this.#server, cause);
    } finally {
      this.#limit.stop();
    }
  }

  /** Nobody wants more of it. */
  close(): void {
    this.#limit.end();
  }
}

function silent(server: string): Trouble {
  return cutOff(server, 'it has fallen silent');
}
