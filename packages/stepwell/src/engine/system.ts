/** What comes into the engine from outside, so that a simulator can give it instead. */
export interface System {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** A new id that sorts by time (UUID version 7). */
  readonly uuid: () => string;
  /**
   * Calls back once after so many milliseconds; the answer prevents it. `background`: a round that looks after things
   * now and then, which no run waits for: a clock that is moved by hand need not stop for it.
   */
  readonly timer: (delay: number, callback: () => void, background?: 'background') => () => void;
  /** Calls back once the work that is at hand is done: this is how calls of one moment come together in one write. */
  readonly soon: (callback: () => void) => void;
  /** Calls back once no promise that is settled by now has a reaction left to run: all functions are blocked. */
  readonly settled: (callback: () => void) => void;
}
