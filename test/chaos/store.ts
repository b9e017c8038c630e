// Everything here that depends on the kind of store: which processes there are and what they open, and what befalls the
// store besides killed engines. Another kind joins by another StoreUnderChaos, and by what its engines open
// (engine-store.ts).

import type { Chance } from '../simulation/chance.ts';
import type { Booking } from './bookings.ts';

/** What is seen from outside, as counts and lists that only grow. */
export interface Witness {
  /** Engines that were started. */
  readonly lives: () => number;
  /** What the store refused: to users, and to anybody, in words. */
  readonly refusedCalls: () => number;
  readonly refusals: () => readonly string[];
  readonly readsWhileStruck: () => number;
  /** Ids of runs whose starts were acknowledged, and the number of results that were told. */
  readonly acknowledged: () => readonly string[];
  readonly told: () => number;
  /** Commits of engines that were stopped for a while, and were refused. */
  readonly lateCommitsRefused: () => number;
}

/** What befalls a store. */
export interface Adversity {
  /** For people: what it is, and how it is done here. */
  readonly name: string;
  /** Strikes again and again until then, and leaves the store as it should be. */
  strike(until: number): Promise<void>;
  /** Whether it has struck, and the store has not been put right yet. */
  readonly isStriking: boolean;
  /** Whether somebody may be told this code since then; `reads`: also one who only reads. */
  explains(code: string | null, since: number): boolean;
  readonly refusesReads: boolean;
  /** Whether a call that was refused in these words may have been carried out all the same. */
  leavesOpen(message: string): boolean;
  /** Each of them must be above 0. */
  readonly figures: Readonly<Record<string, number>>;
  /** What of it went wrong. */
  readonly surprises: readonly string[];
}

/**
 * How the life of an engine ends: at any moment, while it starts up, in the middle of a body, around a stop (SIGSTOP), or
 * when it is asked to leave (SIGTERM).
 */
export type End = 'sometime' | 'startup' | 'body' | 'stop' | 'farewell';

export interface Span {
  readonly least: number;
  readonly most: number;
}

/** A place at which one engine after the other lives. */
export interface Post {
  readonly name: string;
  /** What its engines open. */
  readonly address: string;
  /** What the last of them opens, if the others are given something that is wrong. */
  readonly soundAddress?: string;
  /** Of its worker, in milliseconds; null: it has none. */
  readonly leaseMs: number | null;
  /** Whether users talk to it. */
  readonly isFront: boolean;
  /** Its clock is so far off, ahead and behind by turns. */
  readonly clockOffMs: number;
  /** In turn. */
  readonly ends: readonly [End, ...End[]];
  readonly lifeMs: Span;
  readonly stopMs: Span;
  /** What it takes an engine to get ready. Where it takes longer, all else does too, and all these times are longer. */
  readonly usualStartMs: number;
}

export interface StoreUnderChaos {
  /** For people. */
  readonly name: string;
  readonly posts: readonly Post[];
  /** So long after it was put right, what a worker says may still be due to it (ms): it may have been stopped. */
  readonly aftermathMs: number;
  adversity(chance: Chance, witness: Witness): Adversity;
  /** Where it is read when all is over; crashes a last time before, if it can. */
  finalAddress(): Promise<string>;
  /** What workflows wrote into their own table there. */
  bookings(): Promise<readonly Booking[]>;
  close(): Promise<void>;
}
