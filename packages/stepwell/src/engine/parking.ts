import type { RunKey } from '../model/run.ts';
import type { Activation } from './activation.ts';

/** Waiting runs that stay in memory, so that they go on without replay: the least recently parked leaves first. */
export class Parking {
  readonly #most: number;
  readonly #parked = new Map<RunKey, Activation>();

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#parked.size;
  }

  park(activation: Activation): void {
    this.#parked.set(activation.run.key, activation);
    if (this.#parked.size <= this.#most) return;
    const [oldest] = this.#parked.values();
    this.#parked.delete(oldest!.run.key);
    oldest!.evict();
  }

  /** The activation leaves its place, to go on or to be thrown away. */
  take(run: RunKey): Activation | null {
    const activation = this.#parked.get(run) ?? null;
    this.#parked.delete(run);
    return activation;
  }

  clear(): void {
    for (const activation of this.#parked.values()) activation.evict();
    this.#parked.clear();
  }
}
