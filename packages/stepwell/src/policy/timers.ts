/** A time at which something is due. An entry whose subject has moved on is left in place and skipped when it comes up. */
export interface Timer<T> {
  readonly at: number;
  readonly subject: T;
}

interface Placed<T> extends Timer<T> {
  readonly number: number;
}

/**
 * Timers by time, those of one time in the order in which they were added: a binary heap, so that thousands of waits in
 * one run cost log n each.
 */
export class Timers<T> {
  readonly #heap: Placed<T>[] = [];
  #added = 0;
  readonly #isCurrent: (timer: Timer<T>) => boolean;

  /** @param isCurrent whether a timer still counts */
  constructor(isCurrent: (timer: Timer<T>) => boolean) {
    this.#isCurrent = isCurrent;
  }

  add(at: number, subject: T): void {
    const heap = this.#heap;
    let index = heap.push({ at, subject, number: this.#added++ }) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (isBefore(heap[parent]!, heap[index]!)) return;
      this.#swap(index, parent);
      index = parent;
    }
  }

  /** The earliest timer that still counts. */
  first(): Timer<T> | null {
    while (this.#heap.length > 0) {
      const first = this.#heap[0]!;
      if (this.#isCurrent(first)) return first;
      this.#removeFirst();
    }
    return null;
  }

  /** Takes out the earliest timer, if it is due. */
  takeDue(now: number): T | null {
    const first = this.first();
    if (first === null || first.at > now) return null;
    this.#removeFirst();
    return first.subject;
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    heap[0] = last;
    let index = 0;
    for (;;) {
      let smallest = index;
      for (const child of [2 * index + 1, 2 * index + 2]) {
        if (child < heap.length && isBefore(heap[child]!, heap[smallest]!)) smallest = child;
      }
      if (smallest === index) return;
      this.#swap(index, smallest);
      index = smallest;
    }
  }

  #swap(a: number, b: number): void {
    const heap = this.#heap;
    const kept = heap[a]!;
    heap[a] = heap[b]!;
    heap[b] = kept;
  }
}

function isBefore(a: Placed<unknown>, b: Placed<unknown>): boolean {
  return a.at < b.at || (a.at === b.at && a.number < b.number);
}
