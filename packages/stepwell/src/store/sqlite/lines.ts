import { allowance, byUrgency, type Line, type QueueState } from '../queue-rules.ts';
import type { Head, Heads } from './heads.ts';
import type { Lane } from './lanes.ts';

/** Reads a page of runs; what it gave before has been given to a worker or blocked by then, and is not in it. */
class Pages {
  #page: Head[] = [];
  #isLast = false;

  next(read: () => { page: Head[]; isLast: boolean }): Head | null {
    while (this.#page.length === 0 && !this.#isLast) {
      const { page, isLast } = read();
      this.#page = page.toReversed();
      this.#isLast = isLast;
    }
    return this.#page.at(-1) ?? null;
  }

  shift(): void {
    this.#page.pop();
  }
}

interface OpenLineParts {
  /** Runs that are given to any worker. */
  readonly first: readonly Head[];
  readonly now: number;
  readonly limit: number;
}

/** The runs of queues without settings, and those that are given out of turn. */
export class OpenLine implements Line<Head> {
  readonly #pages = new Pages();
  readonly #read: () => { page: Head[]; isLast: boolean };

  /** @param all those lanes, and those of queues with settings */
  constructor(
    heads: Heads,
    lanes: readonly Lane[],
    all: readonly Lane[],
    { first, now, limit }: OpenLineParts,
  ) {
    let outOfTurn = first;
    this.#read = () => {
      const passes = heads.first(all, 'pass', now, limit);
      const ready = heads.first(lanes, 'ready', now, limit);
      const found = new Map([...ready, ...passes, ...outOfTurn].map((head) => [head.key, head]));
      const page = [...found.values()].toSorted(byUrgency).slice(0, limit);
      const taken = new Set(page.map(({ key }) => key));
      outOfTurn = outOfTurn.filter(({ key }) => !taken.has(key));
      return { page, isLast: found.size === page.length && page.length < limit };
    };
  }

  first(): Head | null {
    return this.#pages.next(this.#read);
  }

  shift(): void {
    this.#pages.shift();
  }
}

interface QueueLineParts {
  readonly state: QueueState;
  readonly now: number;
  readonly limit: number;
  /** Runs that are in line, but do not wait there. */
  readonly outOfTurn: ReadonlySet<number>;
}

/** The runs that wait in the line of a queue with settings, as far as the queue lets them go. */
export class QueueLine implements Line<Head> {
  readonly #left: { places: number; beginnings: number };
  readonly #outOfTurn: ReadonlySet<number>;
  readonly #pages = new Pages();
  readonly #read: () => { page: Head[]; isLast: boolean };

  constructor(heads: Heads, lanes: readonly Lane[], { state, now, limit, outOfTurn }: QueueLineParts) {
    this.#left = allowance(state, now);
    this.#outOfTurn = outOfTurn;
    const size = limit + outOfTurn.size;
    this.#read = () => {
      const way = this.#left.beginnings > 0 ? 'line' : 'begun';
      const page = heads
        .first(lanes, way, now, size)
        .toSorted((a, b) => b.priority - a.priority || a.turn! - b.turn! || byUrgency(a, b));
      return { page, isLast: page.length < size };
    };
  }

  first(): Head | null {
    if (this.#left.places <= 0) return null;
    for (;;) {
      const head = this.#pages.next(this.#read);
      if (head === null) return null;
      const waits = !this.#outOfTurn.has(head.key) && (head.turn === 0 || this.#left.beginnings > 0);
      if (waits) return head;
      this.#pages.shift();
    }
  }

  shift(): void {
    this.#pages.shift();
  }

  /** A run of the queue was given to a worker, from here or out of turn. */
  gave(begins: boolean): void {
    this.#left.places--;
    if (begins) this.#left.beginnings--;
  }
}
