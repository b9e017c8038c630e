import { Random } from '../../packages/stepwell/src/workflow/random.ts';

/** Seeded chance. Each purpose has a stream of its own, so that one more draw here does not change what happens there. */
export class Chance {
  readonly #seed: string;
  readonly #random: Random;

  constructor(seed: string) {
    this.#seed = seed;
    this.#random = new Random(seed);
  }

  stream(purpose: string): Chance {
    return new Chance(`${this.#seed}/${purpose}`);
  }

  /** Uniform in [0, 1). */
  number(): number {
    return this.#random.number();
  }

  uuid(): string {
    return this.#random.uuid();
  }

  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.number() * (most - least + 1));
  }

  happens(probability: number): boolean {
    return this.number() < probability;
  }

  oneOf<T>(choices: readonly T[]): T {
    return choices[this.between(0, choices.length - 1)]!;
  }
}
