/** Random choices that a seed decides (mulberry32): the same seed, the same choices. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** A whole number from 0, below the limit. */
  readonly below = (limit: number): number => Math.floor(this.#next() * limit);

  readonly chance = (probability: number): boolean => this.#next() < probability;

  readonly pick = <T>(items: readonly T[]): T => items[this.below(items.length)] as T;

  /** Each item with a chance of one half, in order. */
  readonly some = <T>(items: readonly T[]): T[] => items.filter(() => this.chance(0.5));

  readonly weighted = <T>(items: readonly (readonly [weight: number, item: T])[]): T => {
    let rest = this.#next() * items.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, item] of items) {
      rest -= weight;
      if (rest < 0) return item;
    }
    throw new Error('there is nothing to pick from');
  };

  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }
}
