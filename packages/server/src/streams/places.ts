import { StepwellError } from 'stepwell';

/** How many streams there may be at once, of all kinds together. */
export class Places {
  readonly taken = { sse: 0, websocket: 0 };
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  /**
   * The answer gives the place back.
   * @throws StepwellError `TOO_MANY_STREAMS`
   */
  take(kind: 'sse' | 'websocket'): () => void {
    if (this.taken.sse + this.taken.websocket >= this.#most) {
      throw new StepwellError(
        'TOO_MANY_STREAMS',
        `The server has ${this.#most} open streams, which is its limit. Try again in a while, or raise the limit "streams".`,
        { data: { limit: this.#most } },
      );
    }
    this.taken[kind]++;
    let given = false;
    return () => {
      if (!given) this.taken[kind]--;
      given = true;
    };
  }
}
