import type { Timer } from '../src/api.ts';

/** Timers that fire when the test says so. */
export class ManualTimer {
  #now = 0;
  readonly #waiting = new Set<{ readonly at: number; readonly callback: () => void }>();

  readonly set: Timer = (delay, callback) => {
    const entry = { at: this.#now + delay, callback };
    this.#waiting.add(entry);
    return () => this.#waiting.delete(entry);
  };

  get armed(): number {
    return this.#waiting.size;
  }

  pass(ms: number): void {
    const end = this.#now + ms;
    for (let next = this.#earliest(end); next !== undefined; next = this.#earliest(end)) {
      this.#waiting.delete(next);
      this.#now = next.at;
      next.callback();
    }
    this.#now = end;
  }

  #earliest(end: number) {
    return [...this.#waiting].filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0];
  }
}
