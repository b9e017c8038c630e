import type { ReadableStreamDefaultController, UnderlyingSource } from 'node:stream/web';
import type { RunEvent } from 'stepwell';
import type { Api } from './api.ts';
import { isFault } from './problem.ts';

const KEEP_ALIVE_MS = 15_000;
const encoder = new TextEncoder();
const KEEP_ALIVE = encoder.encode(': keep-alive\n\n');

type Controller = ReadableStreamDefaultController<Uint8Array>;

/**
 * Where the bytes of one run's event stream come from.
 *
 * It is pulled: the next event is asked for only when the client has taken the one before, so that a slow client
 * costs one event and no queue. While an event is awaited, a comment goes out every 15 s: proxies leave the connection
 * open, and a client that vanished is noticed.
 *
 *     pull → next event of the journal
 *          → `event: end`, closed     the run has ended
 *          → closed                   server or engine closes, or reading failed: the client returns with its Last-Event-ID
 *     cancel                          the client has gone: reading is aborted
 */
export class RunEventSource implements UnderlyingSource<Uint8Array> {
  readonly #id: string;
  readonly #from: number;
  readonly #api: Api;
  readonly #reading = new AbortController();
  #events: AsyncIterator<RunEvent> | null = null;
  #finished = false;
  #clientGone = false;
  #stopComments = () => {};

  constructor(id: string, from: number, api: Api) {
    this.#id = id;
    this.#from = from;
    this.#api = api;
  }

  async pull(controller: Controller): Promise<void> {
    this.#commentWhileWaiting(controller);
    const frame = await this.#nextFrame();
    this.#stopComments();
    if (this.#clientGone) return;
    if (frame !== null) controller.enqueue(frame);
    if (this.#finished) {
      this.#stopReading();
      controller.close();
    }
  }

  cancel(): void {
    this.#clientGone = true;
    this.#stopComments();
    this.#stopReading();
  }

  /** Null: there is nothing more to say. Never rejects: an error of the stream would reach the client as text. */
  async #nextFrame(): Promise<Uint8Array | null> {
    try {
      this.#events ??= this.#beginReading();
      const next = await this.#events.next();
      if (next.done !== true) return frameOf(next.value);
      this.#finished = true;
      return this.#reading.signal.aborted ? null : await this.#endFrame();
    } catch (error) {
      this.#finished = true;
      if (!this.#reading.signal.aborted && isFault(error)) {
        this.#api.log(`The event stream of run "${this.#id}" broke off.`, error);
      }
      return null;
    }
  }

  async #endFrame(): Promise<Uint8Array> {
    const { status } = await this.#api.well.get(this.#id);
    // Without data a browser would not dispatch it; without an id the position that it knows stays the last event's.
    return encoder.encode(`event: end\ndata: ${JSON.stringify({ status })}\n\n`);
  }

  /** Not before the first pull: the answer to a HEAD request is never read, and never cancelled. */
  #beginReading(): AsyncIterator<RunEvent> {
    const { closing, well } = this.#api;
    if (closing.aborted) this.#reading.abort();
    closing.addEventListener('abort', this.#stopReading);
    return well.events(this.#id, { from: this.#from, signal: this.#reading.signal });
  }

  readonly #stopReading = (): void => {
    this.#api.closing.removeEventListener('abort', this.#stopReading);
    this.#reading.abort();
    // The signal reaches a reader that waits; one that has just handed over an event hears only this.
    this.#events?.return?.().catch(() => {});
  };

  #commentWhileWaiting(controller: Controller): void {
    this.#stopComments = this.#api.timer(KEEP_ALIVE_MS, () => {
      // Below 0 the comment before is still there: the client takes nothing.
      if (controller.desiredSize === 0) controller.enqueue(KEEP_ALIVE);
      this.#commentWhileWaiting(controller);
    });
  }
}

function frameOf({ position, at, event }: RunEvent): Uint8Array {
  return encoder.encode(
    `id: ${position}\nevent: ${event.type}\ndata: ${JSON.stringify({ position, at, event })}\n\n`,
  );
}
