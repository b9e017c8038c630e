/** What has been seen so far, and whoever waits to see something. */
export class Observed<T> {
  readonly #seen: T[] = [];
  readonly #waiting = new Set<(item: T) => void>();

  get all(): readonly T[] {
    return this.#seen;
  }

  add(item: T): void {
    this.#seen.push(item);
    for (const look of this.#waiting) look(item);
  }

  /** The first that is as wanted; at once if it has been seen already. */
  first(isWanted: (item: T) => boolean): Promise<T> {
    const { promise, resolve } = Promise.withResolvers<T>();
    const look = (item: T): void => {
      if (!isWanted(item)) return;
      this.#waiting.delete(look);
      resolve(item);
    };
    this.#waiting.add(look);
    for (const item of this.#seen) look(item);
    return promise;
  }
}
