import type { Ending, Frame } from './frame.ts';

/** One who goes along with a tail. */
export interface Follower {
  /** There is something new. */
  ready(): void;
}

export interface TailParts {
  /** Called when the last follower has left. */
  readonly abandoned: () => void;
  /** Called for each event that all followers have been told of, if there are any. */
  readonly handedOver: (frame: Frame) => void;
}

/**
 * The newest events of a run, or of all, read once for all who follow.
 *
 *      first                    next
 *        │ kept, so many bytes    │
 *     ───┴────────────────────────┴──▶ numbers of events
 *
 * A follower has a number, and no buffer: it takes from here what comes after it, as fast as its client does. One whose
 * number is below `first` has been too slow and reads from the store by itself until it is here again. So neither the
 * readers nor the memory grow with the slowest.
 */
export class Tail {
  readonly #bytes: number;
  readonly #followers = new Set<Follower>();
  readonly #parts: TailParts;
  #frames: Frame[] = [];
  #first: number;
  #size = 0;
  /** The number of the first event that followers have not been told of. */
  #untold: number;
  #fresh = 0;
  #waking = false;
  #ending: Ending | null = null;

  /**
   * @param first number of the first event that will be pushed
   * @param bytes how much is kept, roughly
   */
  constructor(first: number, bytes: number, parts: TailParts) {
    this.#first = first;
    this.#untold = first;
    this.#bytes = bytes;
    this.#parts = parts;
  }

  get first(): number {
    return this.#first;
  }

  get next(): number {
    return this.#first + this.#frames.length;
  }

  /** Null: more may come. */
  get ending(): Ending | null {
    return this.#ending;
  }

  /** Of a number from `first` on and below `next`. */
  frame(number: number): Frame {
    return this.#frames[number - this.#first]!;
  }

  /** The number of the event with that id, if it is kept. */
  find(id: string): number | null {
    const index = this.#frames.findLastIndex((frame) => frame.id === id);
    return index === -1 ? null : this.#first + index;
  }

  push(frame: Frame): void {
    this.#frames.push(frame);
    this.#size += frame.size;
    this.#fresh += frame.size;
    this.#wakeSoon();
  }

  finish(ending: Ending): void {
    this.#ending ??= ending;
    this.#wakeSoon();
  }

  /** To be awaited between events: so many of them at once would leave even those behind who are quick. */
  async settled(): Promise<void> {
    if (this.#fresh < this.#bytes / 2) return;
    // The first lets the followers take what is new, the second is after they have.
    for (let turn = 0; turn < 2; turn++) await new Promise(setImmediate);
  }

  follow(follower: Follower): void {
    this.#followers.add(follower);
  }

  leave(follower: Follower): void {
    if (this.#followers.delete(follower) && this.#followers.size === 0) this.#parts.abandoned();
  }

  /** Once for all events that are read together: each reader is written to once. */
  #wakeSoon(): void {
    if (this.#waking) return;
    this.#waking = true;
    setImmediate(() => {
      this.#waking = false;
      this.#fresh = 0;
      const told = this.#followers.size > 0;
      for (const follower of [...this.#followers]) follower.ready();
      for (; this.#untold < this.next; this.#untold++)
        if (told) this.#parts.handedOver(this.frame(this.#untold));
      this.#trim();
    });
  }

  /** The newest stays, however large it is. */
  #trim(): void {
    let dropped = 0;
    while (this.#size > this.#bytes && dropped < this.#frames.length - 1) {
      this.#size -= this.#frames[dropped]!.size;
      dropped++;
    }
    if (dropped === 0) return;
    this.#frames = this.#frames.slice(dropped);
    this.#first += dropped;
  }
}
