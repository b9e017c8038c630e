import type { ClaimAnswer, ClaimedRun } from '../store/claim.ts';
import type { Store } from '../store/contract.ts';
import type { Instruments } from './instruments.ts';
import type { System } from './system.ts';

/** Claims look again after at most this long (ms), in case news was lost. */
const SLOWEST = 60_000;

export interface ClaimOptions {
  readonly worker: string;
  readonly kinds: readonly string[];
  readonly queues: readonly string[] | null;
  /** Runs that are asked for at once. Fewer than there is room for, so that the store looks for some while others run. */
  readonly most: number;
}

/** Asks the store for ready runs whenever there is room and reason: news, a time that was announced, room that became free. */
export class Claims {
  readonly #store: Store;
  readonly #system: System;
  readonly #options: ClaimOptions;
  readonly #room: () => number;
  readonly #claimed: (runs: readonly ClaimedRun[], heardAt: number) => void;
  readonly #failed: (error: unknown) => void;
  readonly #instruments: Instruments | null;
  /** When a reason to look was heard of for which there was room, by the clock of the instruments. */
  #wantedAt: number | null = null;
  #wanted = false;
  #busy = false;
  #stopped = false;
  #looksSoon = false;
  #nextAt: number | null = null;
  #cancelTimers = () => {};
  #idle: (() => void) | null = null;

  constructor(
    store: Store,
    system: System,
    options: ClaimOptions,
    on: {
      room: () => number;
      claimed: (runs: readonly ClaimedRun[], heardAt: number) => void;
      failed: (error: unknown) => void;
    },
    instruments: Instruments | null,
  ) {
    this.#store = store;
    this.#system = system;
    this.#options = options;
    this.#room = on.room;
    this.#claimed = on.claimed;
    this.#failed = on.failed;
    this.#instruments = instruments;
  }

  /** Whether the answer of a claim is on its way. */
  get busy(): boolean {
    return this.#busy;
  }

  /** Whether runs may be ready that are not claimed yet: a new one has to wait its turn then. */
  get backlog(): boolean {
    return this.#busy || this.#wanted;
  }

  /** Runs are, or will be, ready at a time. */
  ready(at: number): void {
    if (at <= this.#system.now()) this.look();
    else if (this.#nextAt === null || at < this.#nextAt) this.#wait(at);
  }

  /** There may be something to claim now. */
  look(): void {
    this.#wanted = true;
    if (this.#instruments !== null && this.#room() > 0) this.#wantedAt ??= this.#instruments.now();
    if (!this.#busy && !this.#stopped && this.#room() > 0) void this.#claim();
  }

  /** Room became free: looked at only if there was more than there was room for, and once for all that ends now. */
  roomAgain(): void {
    if (!this.#wanted || this.#busy || this.#looksSoon) return;
    this.#looksSoon = true;
    this.#system.soon(() => {
      this.#looksSoon = false;
      if (this.#wanted) this.look();
    });
  }

  /** Resolves when no claim is on its way; none will follow. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTimers();
    if (this.#busy) await new Promise<void>((resolve) => (this.#idle = resolve));
  }

  async #claim(): Promise<void> {
    this.#busy = true;
    this.#wanted = false;
    const { most, ...who } = this.#options;
    const limit = Math.min(this.#room(), most);
    const heardAt = this.#wantedAt ?? 0;
    this.#wantedAt = null;
    const since = this.#instruments?.now() ?? 0;
    try {
      const answer = await this.#store.claim({ ...who, limit, now: this.#system.now() });
      this.#busy = false;
      const { length: runs } = answer.runs;
      this.#instruments?.tell({ type: 'claimed', runs, milliseconds: this.#instruments.now() - since });
      this.#take(answer, limit, heardAt);
    } catch (error) {
      this.#busy = false;
      if (!this.#stopped) this.#failed(error);
    }
    this.#idle?.();
  }

  #take({ runs, nextReadyAt }: ClaimAnswer, limit: number, heardAt: number): void {
    if (runs.length > 0) this.#claimed(runs, heardAt);
    if (this.#stopped) return;
    if (runs.length === limit) this.#wanted = true;
    this.#wait(nextReadyAt ?? Number.POSITIVE_INFINITY);
    this.roomAgain();
  }

  #wait(until: number): void {
    this.#cancelTimers();
    this.#nextAt = until;
    const look = () => {
      this.#nextAt = null;
      this.look();
    };
    const cancelRound = this.#system.timer(SLOWEST, look, 'background');
    const delay = Math.max(0, until - this.#system.now());
    const cancelTimer = until === Number.POSITIVE_INFINITY ? () => {} : this.#system.timer(delay, look);
    this.#cancelTimers = () => {
      cancelRound();
      cancelTimer();
    };
  }
}
