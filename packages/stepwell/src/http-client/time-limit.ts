import type { Outside } from './outside.ts';

/** A server says something every 15 s. One that is silent for so long (ms) has gone, although its connection has not. */
const LONGEST_SILENCE = 60_000;

/** Aborts a request when nobody wants its answer any more, or when the server has said nothing for a minute. */
export class TimeLimit {
  readonly signal: AbortSignal;
  readonly #outside: Outside;
  readonly #abort = new AbortController();
  #isOver = false;
  #cancel = () => {};

  /** @param wanted aborts when nobody wants the answer any more */
  constructor(outside: Outside, wanted: AbortSignal | undefined) {
    this.#outside = outside;
    this.signal = wanted === undefined ? this.#abort.signal : AbortSignal.any([this.#abort.signal, wanted]);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** From now on the server has a minute. */
  start(): void {
    this.stop();
    this.#cancel = this.#outside.timer(LONGEST_SILENCE, () => {
      this.#isOver = true;
      this.#abort.abort();
    });
  }

  stop(): void {
    this.#cancel();
    this.#cancel = () => {};
  }

  /** Nobody wants more of the answer. */
  end(): void {
    this.stop();
    this.#abort.abort();
  }
}
