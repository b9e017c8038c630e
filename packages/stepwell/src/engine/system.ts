/** What comes into the engine from outside, so that a simulator can give it instead. */
export interface System {
  /** Milliseconds since 1970. */
  now(): number;
  /** Uniform in [0, 1). */
  random(): number;
  /** A new id that sorts by time (UUID version 7). */
  uuid(): string;
  /** Calls back once after so many milliseconds; the answer prevents it. */
  timer(delay: number, callback: () => void): () => void;
  /** Calls back once the work that is at hand is done: this is how calls of one moment come together in one write. */
  soon(callback: () => void): void;
  /** Calls back once no promise that is settled by now has a reaction left to run: all functions are blocked. */
  settled(callback: () => void): void;
}
