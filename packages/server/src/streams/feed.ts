import type { FeedEvent } from 'stepwell';
import type { Api } from '../api.ts';
import { isFault } from '../problem.ts';
import { Frame } from './frame.ts';
import { overheadOf } from './overhead.ts';
import { chunkOf, type Page, PageSize, type Place, type Source } from './source.ts';
import { Tail } from './tail.ts';

/** Of the feed, in characters: who comes back after a short while finds here where it was. */
const KEPT = 1024 * 1024;

/** Commits that are read at once. */
const COMMITS_AT_ONCE = 100;

/** Stands that are remembered: who came just now goes along from there, without a reading of its own. */
const STANDS_KEPT = 100;

/** Which runs; left out: all. */
export interface FeedFilter {
  readonly workflow?: string;
  readonly tag?: string;
}

/**
 * The one tail of the feed of all runs, there while somebody reads it.
 *
 * A cursor says what came before it, and only to the store: which of two is the later one cannot be told. So a reader
 * joins in one of two ways: the tail has the event that it had last, or it reads by itself up to the cursor at which the
 * tail stands (`until`), which the tail has taken after the reader came; there the two are at the same place.
 */
export class Feed {
  readonly #api: Api;
  #reading: FeedReading | null = null;

  constructor(api: Api) {
    this.#api = api;
  }

  /**
   * @param after null: from now on
   * @throws StepwellError `CURSOR_INVALID`, `NAME_INVALID`, `STORE_…`
   */
  async open(filter: FeedFilter, after: string | null): Promise<{ source: Source; after: string }> {
    const reading = (this.#reading ??= new FeedReading(this.#api, (gone) => {
      if (this.#reading === gone) this.#reading = null;
    }));
    reading.readers++;
    try {
      await reading.started;
      const source = new FeedSource(this.#api, reading, filter);
      // What is wrong with names or cursor must be told before the stream begins: afterwards there is no status to say it with.
      const isKnown = after !== null && source.locate(after) !== null;
      if (!isKnown) await this.#api.well.parts.feedPage({ ...filter, after, limit: 1 });
      return { source, after: after ?? reading.stand.cursor };
    } catch (error) {
      reading.leave();
      throw error;
    }
  }
}

/** Where the tail has stood: after all that the cursor says, before the event of that number. */
interface Stand {
  readonly cursor: string;
  readonly number: number;
}

class FeedReading {
  readonly tail: Tail;
  /** Resolves when the tail stands somewhere. */
  readonly started: Promise<void>;
  readers = 0;

  readonly #api: Api;
  readonly #gone: (reading: FeedReading) => void;
  readonly #stop = new AbortController();
  #stands: Stand[] = [];
  /** Those who wait for a pass that begins after they came. */
  #waiting: PromiseWithResolvers<void>[] = [];
  #hurry = Promise.withResolvers<void>();

  constructor(api: Api, gone: (reading: FeedReading) => void) {
    this.#api = api;
    this.#gone = gone;
    this.tail = new Tail(0, KEPT, { abandoned: () => {}, handedOver: overheadOf(api) });
    this.started = this.#start();
    this.started.then(
      () => void this.#read(),
      () => this.#gone(this),
    );
  }

  /** Of the last time when it had read all that there was. */
  get stand(): Stand {
    return this.#stands.at(-1)!;
  }

  /** The number of the event that comes after that one, or after that stand; null: it is not known here. */
  numberAfter(cursor: string): number | null {
    const number = this.tail.find(cursor);
    if (number !== null) return number + 1;
    return this.#stands.find((stand) => stand.cursor === cursor)?.number ?? null;
  }

  async #start(): Promise<void> {
    const { cursor } = await this.#api.well.parts.feedPage({ after: null, limit: 1 });
    this.#stands.push({ cursor, number: 0 });
  }

  async #read(): Promise<void> {
    const { well, log } = this.#api;
    const { signal } = this.#stop;
    const watcher = well.parts.watchAll();
    let news: Promise<unknown> | null = null;
    try {
      while (!signal.aborted) {
        this.#hurry = Promise.withResolvers();
        const waiting = this.#waiting;
        this.#waiting = [];
        await this.#pass().catch((error: unknown) => {
          this.#waiting.push(...waiting);
          throw error;
        });
        for (const { resolve } of waiting) resolve();
        news ??= watcher.next(signal).then(() => (news = null));
        await Promise.race([news, this.#hurry.promise]);
      }
    } catch (error) {
      if (!signal.aborted && isFault(error)) log('The stream of all runs broke off.', error);
    }
    watcher.close();
    this.#gone(this);
    this.tail.finish({ type: 'closed' });
    for (const { resolve } of this.#waiting) resolve();
  }

  async #pass(): Promise<void> {
    let after = this.stand.cursor;
    for (let more = true; more; ) {
      const page = await this.#api.well.parts.feedPage({ after, limit: COMMITS_AT_ONCE });
      for (const event of page.events) this.tail.push(frameOf(event));
      ({ cursor: after, more } = page);
      if (!more) this.#standAt(after);
      // A store may answer at once: others have their turn in between.
      else await new Promise(setImmediate);
      await this.tail.settled();
    }
  }

  #standAt(cursor: string): void {
    if (cursor === this.stand.cursor) return;
    this.#stands.push({ cursor, number: this.tail.next });
    if (this.#stands.length > STANDS_KEPT) this.#stands.shift();
  }

  /** Resolves when the tail stands after all that was there when this was called, or has ended. */
  fresh(): Promise<void> {
    if (this.tail.ending !== null) return Promise.resolve();
    const pass = Promise.withResolvers<void>();
    this.#waiting.push(pass);
    this.#hurry.resolve();
    return pass.promise;
  }

  leave(): void {
    this.readers--;
    if (this.readers > 0) return;
    this.#gone(this);
    this.#stop.abort();
  }
}

/** Events of all runs, or of some; ids are cursors. */
class FeedSource implements Source {
  readonly name = 'all runs';
  readonly #api: Api;
  readonly #reading: FeedReading;
  readonly #filter: FeedFilter;
  readonly #size = new PageSize();
  #isFresh = false;

  constructor(api: Api, reading: FeedReading, filter: FeedFilter) {
    this.#api = api;
    this.#reading = reading;
    this.#filter = filter;
  }

  locate(after: string): Place | null {
    const { tail } = this.#reading;
    // Nothing more comes: it is told so there.
    const number = tail.ending === null ? this.#reading.numberAfter(after) : tail.next;
    return number === null || number < tail.first ? null : { tail, number };
  }

  async page(after: string): Promise<Page> {
    // The cursor may be newer than the tail: another server has told it.
    if (!this.#isFresh) await this.#reading.fresh();
    this.#isFresh = true;
    const { tail, stand } = this.#reading;
    const { parts } = this.#api.well;
    const bounds = { after, until: stand.cursor, limit: this.#size.commits };
    const page = await parts.feedPage({ ...this.#filter, ...bounds });
    const frames = page.events.map(frameOf);
    this.#size.learn(frames);
    const chunk = chunkOf(frames);
    if (chunk !== null) return { frames: chunk, after: chunk.at(-1)!.id, next: 'more' };
    // Never ahead of a tail that is fresh; were it so, going along with the tail would show events twice.
    if (page.cursor !== stand.cursor) this.#isFresh = page.more;
    if (page.cursor !== stand.cursor) return { frames, after: page.cursor, next: 'more' };
    return { frames, after: stand.cursor, next: () => ({ tail, number: stand.number }) };
  }

  passes(frame: Frame): boolean {
    const { workflow, tag } = this.#filter;
    if (!(frame instanceof FeedFrame)) return false;
    return (
      (workflow === undefined || frame.workflow === workflow) &&
      (tag === undefined || frame.tags.includes(tag))
    );
  }

  close(): void {
    this.#reading.leave();
  }
}

class FeedFrame extends Frame {
  readonly workflow: string;
  readonly tags: readonly string[];

  constructor(id: string, data: object, { workflow, tags, at, event }: FeedEvent) {
    super(id, event.type, at, data);
    this.workflow = workflow;
    this.tags = tags;
  }
}

function frameOf(event: FeedEvent): FeedFrame {
  const { cursor, ...data } = event;
  return new FeedFrame(cursor, data, event);
}
