import type { Api } from '../api.ts';
import { Feed, type FeedFilter } from './feed.ts';
import { Places } from './places.ts';
import { Pulse } from './pulse.ts';
import { Reader, type Sink } from './reader.ts';
import { RunTails } from './runs.ts';

/** What is read: the journal of one run, after a position; or those of all runs, after a cursor. */
export type Wanted =
  | { readonly run: string; readonly after: string | null }
  | { readonly feed: FeedFilter; readonly after: string | null };

/** All streams of a server, and what they share. */
export class Streams {
  readonly places: Places;
  readonly pulse: Pulse;
  readonly #api: Api;
  readonly #runs: RunTails;
  readonly #feed: Feed;

  constructor(api: Api) {
    this.#api = api;
    this.places = new Places(api.limits.streams);
    this.pulse = new Pulse(api.timer, api.closing);
    this.#runs = new RunTails(api);
    this.#feed = new Feed(api);
  }

  /** Whether a run has ended, and with the event at that position. @throws StepwellError `STORE_…` */
  isLast(run: string, position: number): Promise<boolean> {
    return this.#runs.isLast(run, position);
  }

  /**
   * The answer begins to read for a sink. It is to be called, or closed.
   * @throws StepwellError `RUN_NOT_FOUND`, `RUN_PURGED`, `CURSOR_INVALID`, `STORE_…`
   */
  async open(wanted: Wanted): Promise<OpenStream> {
    const { after } = wanted;
    const opened =
      'run' in wanted
        ? { source: await this.#runs.open(wanted.run, after), after }
        : await this.#feed.open(wanted.feed, after);
    return {
      read: (sink) => new Reader(opened.source, opened.after, sink, this.#api.log),
      close: () => opened.source.close(),
    };
  }
}

export interface OpenStream {
  read(sink: Sink): Reader;
  close(): void;
}
