import type { Timer } from '../api.ts';

/** How often all connections are looked at (ms). */
const BEAT = 5_000;

/** After so many beats in which nothing was sent, a comment or a ping goes out: every 15 s. */
export const QUIET_BEATS = 3;
/** After so many in which the client took nothing of what there was, it is cut off: a minute. */
export const STALLED_BEATS = 12;

/** A connection that is looked at. */
export interface Beating {
  beat(): void;
  /** The server closes. */
  close(): void;
}

/** One timer for all connections: with one each, a thousand readers would set a thousand of them anew at each event. */
export class Pulse {
  readonly #timer: Timer;
  readonly #closing: AbortSignal;
  readonly #beating = new Set<Beating>();
  #stop: (() => void) | null = null;

  constructor(timer: Timer, closing: AbortSignal) {
    this.#timer = timer;
    this.#closing = closing;
    closing.addEventListener('abort', () => {
      for (const one of [...this.#beating]) one.close();
    });
  }

  add(one: Beating): void {
    if (this.#closing.aborted) return one.close();
    this.#beating.add(one);
    this.#stop ??= this.#timer(BEAT, () => this.#beat());
  }

  remove(one: Beating): void {
    this.#beating.delete(one);
    if (this.#beating.size > 0) return;
    this.#stop?.();
    this.#stop = null;
  }

  #beat(): void {
    this.#stop = this.#timer(BEAT, () => this.#beat());
    for (const one of [...this.#beating]) one.beat();
  }
}
