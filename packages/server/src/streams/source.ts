import type { Ending, Frame } from './frame.ts';
import type { Tail } from './tail.ts';

/** A place in a tail: what comes next is the event with that number. */
export interface Place {
  readonly tail: Tail;
  readonly number: number;
}

/** What a reader reads from the store by itself. */
export interface Page {
  readonly frames: readonly Frame[];
  /** The id by which it goes on. */
  readonly after: string | null;
  /** How it goes on: there is more in the store, or with the tail (called at once, or never), or not at all. */
  readonly next: 'more' | (() => Place) | Ending;
}

/** What is read: a run, or some of all runs. */
export interface Source {
  /** For people. */
  readonly name: string;
  /** The place after an event, if the tail has it. */
  locate(after: string | null): Place | null;
  /** @throws what the engine throws */
  page(after: string | null): Promise<Page>;
  /** Whether an event of the tail is meant. */
  passes(frame: Frame): boolean;
  close(): void;
}

/** Characters that a reader hands over at once, roughly; one event may have more. */
export const CHUNK = 16 * 1024;

/** Commits that are read at once at first, and at most. */
const FIRST_COMMITS = 16;
const MOST_COMMITS = 200;

/**
 * How many commits a reader asks for, so that they make about a chunk: what is beyond it is read again with the next one,
 * and until then the reader does not keep it.
 */
export class PageSize {
  #commits = FIRST_COMMITS;

  get commits(): number {
    return this.#commits;
  }

  /** @param frames all that was read */
  learn(frames: readonly Frame[]): void {
    const size = frames.reduce((sum, frame) => sum + frame.size, 0);
    const factor = Math.min(2, CHUNK / Math.max(size, 1));
    this.#commits = Math.min(MOST_COMMITS, Math.max(1, Math.round(this.#commits * factor)));
  }
}

/** As many of the events as make a chunk; null: all of them. */
export function chunkOf(frames: readonly Frame[]): readonly Frame[] | null {
  let size = 0;
  const end = frames.findIndex((frame) => (size += frame.size) >= CHUNK);
  return end === -1 || end === frames.length - 1 ? null : frames.slice(0, end + 1);
}
