/** What stands for all values of a label that are not shown one by one. */
export const OTHER = 'other';

/** Keeps the values of a label few: those that come first are shown, up to a number. */
export class FewValues {
  readonly #shown = new Set<string>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  of(value: string): string {
    if (this.#shown.has(value)) return value;
    if (this.#shown.size >= this.#most) return OTHER;
    this.#shown.add(value);
    return value;
  }
}
