import type { ErrorLog } from '../api.ts';
import { isFault } from '../problem.ts';
import type { Ending, Frame } from './frame.ts';
import type { Follower, Tail } from './tail.ts';

/** Characters that a reader hands over at once, roughly; one event may have more. */
const CHUNK = 16 * 1024;

/** Commits that are read at once at first, and at most. */
const FIRST_COMMITS = 16;
const MOST_COMMITS = 200;

/**
 * How many commits a reader asks for, so that they make about a chunk: what is beyond it is read again with the next one,
 * and until then the reader does not keep it.
 */
export class PageSize {
  #commits = FIRST_COMMITS;

  get commits(): number {
    return this.#commits;
  }

  /** @param frames all that was read */
  learn(frames: readonly Frame[]): void {
    const size = frames.reduce((sum, frame) => sum + frame.size, 0);
    const factor = Math.min(2, CHUNK / Math.max(size, 1));
    this.#commits = Math.min(MOST_COMMITS, Math.max(1, Math.round(this.#commits * factor)));
  }
}

/** As many of the events as make a chunk; null: all of them. */
export function chunkOf(frames: readonly Frame[]): readonly Frame[] | null {
  let size = 0;
  const end = frames.findIndex((frame) => (size += frame.size) >= CHUNK);
  return end === -1 || end === frames.length - 1 ? null : frames.slice(0, end + 1);
}

/** Where a reader's events go: a connection. */
export interface Sink {
  /** False: what it was given has not been taken. It calls {@link Reader.ready} once it has. */
  readonly wants: boolean;
  send(frames: readonly Frame[]): void;
  /** Nothing comes after this. */
  end(ending: Ending): void;
}

/** A place in a tail: what comes next is the event with that number. */
export interface Place {
  readonly tail: Tail;
  readonly number: number;
}

/** What a reader reads from the store by itself. */
export interface Page {
  readonly frames: readonly Frame[];
  /** The id by which it goes on. */
  readonly after: string | null;
  /** How it goes on: there is more in the store, or with the tail (called at once, or never), or not at all. */
  readonly next: 'more' | (() => Place) | Ending;
}

/** What is read: a run, or some of all runs. */
export interface Source {
  /** For people. */
  readonly name: string;
  /** The place after an event, if the tail has it. */
  locate(after: string | null): Place | null;
  /** @throws what the engine throws */
  page(after: string | null): Promise<Page>;
  /** Whether an event of the tail is meant. */
  passes(frame: Frame): boolean;
  close(): void;
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

  /** The sink takes something now. */
  ready(): void {
    while (!this.#closed && !this.#reading && this.#sink.wants) {
      const place = this.#place ?? this.#follow(this.#source.locate(this.#after));
      if (place === null) void this.#read();
      else if (place.number < place.tail.first) this.#leave();
      else if (!this.#take(place)) return;
    }
  }

  wake(): void {
    this.ready();
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
    this.#reading = false;
    if (this.#closed) return;
    const { frames, after, next } = page;
    this.#after = after;
    if (frames.length > 0) this.#sink.send(frames);
    if (typeof next === 'function') this.#follow(next());
    else if (next !== 'more') return this.close(next);
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
