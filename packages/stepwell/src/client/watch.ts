import type { System } from '../engine/system.ts';
import { StepwellError } from '../model/errors.ts';
import type { RunKey } from '../model/run.ts';
import type { RunEnd } from '../store/commit.ts';
import type { News, Store } from '../store/contract.ts';

/** News may be lost: whoever waits for a run looks again after this long (ms). */
const LOOK_AGAIN = 5_000;

/** Ends of runs that are remembered, so that whoever starts a run need not look it up to know that it goes on. */
const ENDS_KEPT = 4_096;

/** A run that this process has started, and how many ends it had heard of by then. */
export interface Started {
  readonly key: RunKey;
  readonly ends: number;
}

interface Listener {
  heard(news: Extract<News, { type: 'journal' }>): void;
  lookAgain(): void;
  closed(error: StepwellError): void;
}

/** In place of a run's key, which is never negative: whoever listens here waits for any run. */
const ANY_RUN = -1;

/** Tells those who wait for a run, or for any, when its journal has grown. */
export class Watch {
  readonly #system: System;
  readonly #listeners = new Map<RunKey, Set<Listener>>();
  readonly #unsubscribe: () => void;
  /** Two sets that take turns: to delete the oldest of one, each time, took 2 µs. */
  #ended = new Set<RunKey>();
  #endedBefore: ReadonlySet<RunKey> = new Set();
  #ends = 0;
  #cancelRound: (() => void) | null = null;
  #closed = false;

  constructor(store: Store, system: System) {
    this.#system = system;
    this.#unsubscribe = store.subscribe((news) => this.hear(news));
  }

  /** News of the store, also those that came by another way than the store's own. */
  hear(news: News): void {
    if (news.type === 'missed') return this.#missed();
    if (news.type !== 'journal') return;
    if (news.ended) this.#keepEnd(news.run);
    this.#tell(news.run, news);
    this.#tell(ANY_RUN, news);
  }

  #tell(run: RunKey, news: Extract<News, { type: 'journal' }>): void {
    const listeners = this.#listeners.get(run);
    if (listeners !== undefined) for (const listener of [...listeners]) listener.heard(news);
  }

  /** Any run may have grown or ended. */
  #missed(): void {
    this.#ends += ENDS_KEPT;
    for (const listeners of this.#listeners.values()) for (const listener of listeners) listener.lookAgain();
  }

  #keepEnd(run: RunKey): void {
    this.#ends++;
    this.#ended.add(run);
    if (this.#ended.size < ENDS_KEPT) return;
    this.#endedBefore = this.#ended;
    this.#ended = new Set();
  }

  /** To be called as soon as the start of a run is answered. */
  started(key: RunKey): Started {
    return { key, ends: this.#ends };
  }

  /** False: no news has come of the run's end. */
  mayHaveEnded({ key, ends }: Started): boolean {
    return this.#ended.has(key) || this.#endedBefore.has(key) || this.#ends - ends >= ENDS_KEPT;
  }

  /**
   * Watches a run from now on. `next` resolves at the first growth since the last call (with `endOnly`: at the run's
   * end), or after a while without news; it rejects with the signal's reason, or `ENGINE_CLOSED`.
   */
  open(run: RunKey, endOnly: boolean): Watcher {
    const watcher = new Watcher(endOnly, () => this.#remove(run, watcher));
    if (this.#closed) watcher.closed(engineClosed());
    else this.#add(run, watcher);
    return watcher;
  }

  /** As `open`, of all runs: `next` resolves when any journal has grown. */
  openAny(): Watcher {
    return this.open(ANY_RUN, false);
  }

  #add(run: RunKey, listener: Listener): void {
    const listeners = this.#listeners.get(run);
    if (listeners === undefined) this.#listeners.set(run, new Set([listener]));
    else listeners.add(listener);
    this.#cancelRound ??= this.#system.timer(LOOK_AGAIN, () => this.#round(), 'background');
  }

  /** One for all who wait: a timer of its own for each was 2 % of the cost of a short run. */
  #round(): void {
    for (const listeners of this.#listeners.values()) for (const listener of listeners) listener.lookAgain();
    this.#cancelRound = this.#system.timer(LOOK_AGAIN, () => this.#round(), 'background');
  }

  #remove(run: RunKey, listener: Listener): void {
    const listeners = this.#listeners.get(run);
    listeners?.delete(listener);
    if (listeners?.size === 0) this.#listeners.delete(run);
    if (this.#listeners.size > 0) return;
    this.#cancelRound?.();
    this.#cancelRound = null;
  }

  close(): void {
    this.#closed = true;
    this.#cancelRound?.();
    this.#unsubscribe();
    for (const listeners of this.#listeners.values())
      for (const listener of listeners) listener.closed(engineClosed());
    this.#listeners.clear();
  }
}

export function engineClosed(): StepwellError {
  return new StepwellError(
    'ENGINE_CLOSED',
    'The engine has been closed. The runs go on when one is opened on the same store.',
  );
}

/** One who waits for a run. */
export class Watcher implements Listener {
  readonly #endOnly: boolean;
  readonly #close: () => void;
  #heard = false;
  #end: RunEnd | null = null;
  #error: Error | null = null;
  #wake: (() => void) | null = null;

  constructor(endOnly: boolean, close: () => void) {
    this.#endOnly = endOnly;
    this.#close = close;
  }

  heard({ ended, end }: Extract<News, { type: 'journal' }>): void {
    if (this.#endOnly && !ended) return;
    this.#heard = true;
    this.#end = end ?? null;
    this.#wake?.();
  }

  lookAgain(): void {
    // Also if nobody waits right now: what is being read may be from before.
    this.#heard = true;
    this.#wake?.();
  }

  closed(error: Error): void {
    this.#error = error;
    this.#wake?.();
  }

  /** The answer is how the run has ended, if that is what was heard. */
  async next(signal: AbortSignal | undefined): Promise<RunEnd | null> {
    signal?.throwIfAborted();
    const abort = () => this.closed(reasonOf(signal!));
    signal?.addEventListener('abort', abort, { once: true });
    if (!this.#heard && this.#error === null) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    signal?.removeEventListener('abort', abort);
    this.#wake = null;
    this.#heard = false;
    if (this.#error !== null) throw this.#error;
    return this.#end;
  }

  close(): void {
    this.#close();
  }
}

function reasonOf({ reason }: AbortSignal): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
