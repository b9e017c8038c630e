import type { ErrorLog } from '../api.ts';
import { isFault } from '../problem.ts';
import type { Ending, Frame } from './frame.ts';
import { CHUNK, type Page, type Place, type Source } from './source.ts';
import type { Follower } from './tail.ts';

/** Where a reader's events go: a connection. */
export interface Sink {
  /** False: what it was given has not been taken. It calls {@link Reader.ready} once it has. */
  readonly wants: boolean;
  send(frames: readonly Frame[]): void;
  /** Nothing comes after this. */
  end(ending: Ending): void;
}

/**
 * Brings the events of a source to a sink, each once and in order, as fast as the sink takes them:
 *
 *     reading ──has caught up──▶ following a tail ──ends──▶ closed
 *        ▲                              │
 *        └──────has been too slow───────┘
 *
 * It keeps nothing but the id of the last event.
 */
export class Reader implements Follower {
  readonly #source: Source;
  readonly #sink: Sink;
  readonly #log: ErrorLog;
  #after: string | null;
  #place: Place | null = null;
  #reading = false;
  #closed = false;

  /** @param after id of the last event that is not wanted any more; null: there is none */
  constructor(source: Source, after: string | null, sink: Sink, log: ErrorLog) {
    this.#source = source;
    this.#after = after;
    this.#sink = sink;
    this.#log = log;
  }

  /** By which a reader goes on that has had all that was sent. */
  get after(): string | null {
    return this.#after;
  }

  /** The sink takes something now, or there is something new. */
  ready(): void {
    while (!this.#closed && !this.#reading && this.#sink.wants) {
      const place = this.#place ?? this.#follow(this.#source.locate(this.#after));
      if (place === null) void this.#read();
      else if (place.number < place.tail.first) this.#leave();
      else if (!this.#take(place)) return;
    }
  }

  /** False: there is nothing yet. */
  #take({ tail, number }: Place): boolean {
    const frames: Frame[] = [];
    let next = number;
    for (let size = 0; next < tail.next && size < CHUNK; next++) {
      const frame = tail.frame(next);
      this.#after = frame.id;
      if (!this.#source.passes(frame)) continue;
      frames.push(frame);
      size += frame.size;
    }
    this.#place = { tail, number: next };
    if (frames.length > 0) this.#sink.send(frames);
    else if (next < tail.next) return true;
    else if (tail.ending === null) return false;
    else this.close(tail.ending);
    return true;
  }

  async #read(): Promise<void> {
    this.#reading = true;
    let page: Page;
    try {
      page = await this.#source.page(this.#after);
    } catch (error) {
      if (!this.#closed && isFault(error)) this.#log(`The stream of ${this.#source.name} broke off.`, error);
      return this.close({ type: 'closed' });
    }
    if (this.#closed) return;
    const { frames, after, next } = page;
    this.#after = after;
    if (frames.length > 0) this.#sink.send(frames);
    if (typeof next === 'function') this.#follow(next());
    // A store may answer at once, and a quick client take without end: others have their turn in between.
    else if (next === 'more') await new Promise(setImmediate);
    else return this.close(next);
    this.#reading = false;
    this.ready();
  }

  #follow(place: Place | null): Place | null {
    this.#place = place;
    place?.tail.follow(this);
    return place;
  }

  #leave(): void {
    this.#place?.tail.leave(this);
    this.#place = null;
  }

  /** The client takes nothing: it is told from where to go on. */
  cut(): void {
    this.close({ type: 'lagging', after: this.#after });
  }

  close(ending: Ending): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#leave();
    this.#source.close();
    this.#sink.end(ending);
  }
}
