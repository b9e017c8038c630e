import { performance } from 'node:perf_hooks';

/**
 * The clock of the database, as far as it can be known from here. All who share a store go by it: the clocks of their
 * machines may be minutes off. Between two looks at it the time is carried on by this process's own steady clock, which
 * nobody sets.
 */
export class DatabaseClock {
  #ahead: number | null = null;

  /** What the database said, and when it was asked and answered (`performance.now()`). */
  learn(time: number, asked: number, answered: number): void {
    const least = time - answered;
    const most = time - asked;
    const known = this.#ahead ?? (least + most) / 2;
    // As long as it may be right it stays: a clock that trembles with the network would go back now and then.
    this.#ahead = Math.min(Math.max(known, least), most);
  }

  /** Milliseconds since 1970. */
  now(): number {
    return Math.floor(performance.now() + (this.#ahead ?? performance.timeOrigin));
  }
}
