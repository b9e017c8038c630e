import type { ReadableStreamDefaultController, UnderlyingSource } from 'node:stream/web';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Ending, Frame } from './frame.ts';
import { type Beating, type Pulse, QUIET_BEATS, STALLED_BEATS } from './pulse.ts';
import type { Reader, Sink } from './reader.ts';

type Controller = ReadableStreamDefaultController<Uint8Array>;

const encoder = new TextEncoder();
const KEEP_ALIVE = ': keep-alive\n\n';

interface EventStreamParts {
  readonly pulse: Pulse;
  /** The id that the client knows already. */
  readonly knows: string | null;
  /** What Node writes the stream to; undefined: somebody else does. */
  readonly response: ServerResponse | undefined;
  /** The stream has ended, in whatever way. */
  readonly done: () => void;
}

/**
 * Server-sent events, as a stream that is pulled: the reader is asked for something only when the client has taken what
 * it had before.
 *
 *     pull, drain               the reader sends; nothing there: a comment every 15 s, so that proxies leave the
 *                               connection open and a client that vanished is noticed
 *     nothing taken for 1 min   the reader is closed, `event: lagging` is the last; after another minute the
 *                               connection is broken
 *     cancel                    the client has gone
 */
export class EventStream implements UnderlyingSource<Uint8Array>, Sink, Beating {
  readonly #parts: EventStreamParts;
  #controller: Controller | null = null;
  #reader: Reader | null = null;
  #wants = false;
  #ended = false;
  #finished = false;
  #known: string | null;
  #quiet = 0;
  #stalled = 0;

  constructor(parts: EventStreamParts) {
    this.#parts = parts;
    this.#known = parts.knows;
  }

  /** @param reader what sends to this */
  begin(reader: Reader): void {
    this.#reader = reader;
  }

  get wants(): boolean {
    return this.#wants && !this.#ended;
  }

  start(controller: Controller): void {
    this.#controller = controller;
    this.#parts.pulse.add(this);
  }

  pull(): void {
    this.#wants = true;
    this.#stalled = 0;
    if (this.#ended) return this.#finish();
    // If the connection breaks before the first event, the client goes on from here.
    if (this.#known === null) this.#tellId();
    this.#reader?.ready();
  }

  cancel(): void {
    this.#ended = true;
    this.#finished = true;
    this.#leave();
    this.#reader?.close({ type: 'closed' });
  }

  send(frames: readonly Frame[]): void {
    this.#known = frames.at(-1)!.id;
    const { response } = this.#parts;
    // Made once for all readers: a response of Node's makes the three parts of a chunk for each, 15 ms instead of 10.
    if (this.#writesItself && response?.chunkedEncoding === true && response.socket !== null)
      this.#writeTo(response.socket, joined(frames.map(({ chunk }) => chunk)));
    else this.#write(joined(frames.map(({ bytes }) => bytes)));
  }

  end(ending: Ending): void {
    if (this.#ended) return;
    this.#ended = true;
    if (ending.type === 'closed') return this.#finish();
    // Without data a browser would not dispatch it; without an id the one that it knows stays the last event's.
    const { type, ...data } = ending;
    this.#write(encoder.encode(`event: ${type}\ndata: ${JSON.stringify(data)}\n\n`));
    if (this.#wants) this.#finish();
  }

  beat(): void {
    if (!this.#wants) {
      this.#stalled++;
      if (this.#stalled === STALLED_BEATS) this.#reader?.cut();
      if (this.#stalled === 2 * STALLED_BEATS) this.#break();
      return;
    }
    this.#quiet++;
    if (this.#quiet < QUIET_BEATS || this.#tellId()) return;
    this.#write(encoder.encode(KEEP_ALIVE));
  }

  close(): void {
    this.#reader?.close({ type: 'closed' });
  }

  /** Without an event the client would go on after the last one that was meant for it: all since then would be looked through again. */
  #tellId(): boolean {
    const id = this.#reader?.after ?? null;
    if (id === null || id === this.#known) return false;
    this.#known = id;
    this.#write(encoder.encode(`id: ${id}\n\n`));
    return true;
  }

  /**
   * Once the adapter has sent the headers and asks for more, it has written all that it was given. Written past it, an
   * event to a thousand readers takes 15 ms of CPU instead of 22.
   */
  get #writesItself(): boolean {
    return this.#wants && this.#parts.response?.headersSent === true;
  }

  #write(bytes: Uint8Array): void {
    if (this.#writesItself) return this.#writeTo(this.#parts.response!, bytes);
    this.#quiet = 0;
    this.#wants = false;
    this.#controller!.enqueue(bytes);
  }

  #writeTo(connection: ServerResponse | Socket, bytes: Uint8Array): void {
    this.#quiet = 0;
    this.#wants = connection.write(bytes);
    if (!this.#wants) connection.once('drain', () => this.pull());
  }

  #finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#leave();
    this.#controller!.close();
  }

  #break(): void {
    this.#finished = true;
    this.#leave();
    // Where Node writes, the adapter hears that the response is closed, and would log an error of the stream.
    const { response } = this.#parts;
    if (response === undefined) this.#controller!.error(new Error('The client took nothing.'));
    else response.destroy();
  }

  #leave(): void {
    this.#parts.pulse.remove(this);
    this.#parts.done();
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}
