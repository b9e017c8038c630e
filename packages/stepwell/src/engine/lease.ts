import { StepwellError } from '../model/errors.ts';
import { failureOf } from '../model/failure.ts';
import type { Store } from '../store/contract.ts';
import type { System } from './system.ts';

/** How often within its time a lease is renewed: two renewals may be lost. */
const RENEWALS = 3;

interface LeaseEvents {
  /** Since when the store has been busy with a write of this worker; null: it is not. */
  readonly writingSince: () => number | null;
  readonly lost: (error: StepwellError) => void;
  /** Called after each round, for whatever else is to be looked at now and then. */
  readonly swept: () => void;
}

/**
 * Keeps this worker's lease, and takes part in looking after the others': whose lease has run out loses its runs, and
 * runs that no worker fits are marked as stuck. The renewals come from the loop that does the work, and end when the
 * store has not finished a write within the time of a lease, so that a worker that does not get on loses its runs.
 */
export class Lease {
  readonly #store: Store;
  readonly #system: System;
  readonly #worker: string;
  readonly #duration: number;
  readonly #on: LeaseEvents;
  #renewing = false;
  #expiresAt: number;
  #stopped = false;
  #cancelTimer: (() => void) | null = null;

  constructor(
    store: Store,
    system: System,
    worker: { readonly id: string; readonly expiresAt: number; readonly duration: number },
    on: LeaseEvents,
  ) {
    this.#store = store;
    this.#system = system;
    this.#worker = worker.id;
    this.#duration = worker.duration;
    this.#expiresAt = worker.expiresAt;
    this.#on = on;
  }

  start(): void {
    this.#cancelTimer = this.#system.timer(this.#duration / RENEWALS, () => this.#tick(), 'background');
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelTimer?.();
  }

  #tick(): void {
    const now = this.#system.now();
    const writingSince = this.#on.writingSince() ?? now;
    const isUnanswered = this.#renewing && now >= this.#expiresAt;
    if (isUnanswered || now - writingSince >= this.#duration) return this.#lose();
    this.start();
    if (!this.#renewing) void this.#round();
  }

  async #round(): Promise<void> {
    this.#renewing = true;
    try {
      const kept = await this.#renew();
      if (this.#stopped) return;
      if (!kept) return this.#lose();
      await this.sweep();
    } catch (error) {
      // The store refuses: the lease may still be kept by a later renewal, while it lasts.
      if (!this.#stopped && this.#system.now() >= this.#expiresAt) return this.#lose(error);
    }
    this.#renewing = false;
    if (!this.#stopped) this.#on.swept();
  }

  async #renew(): Promise<boolean> {
    const now = this.#system.now();
    const kept = await this.#store.heartbeat(this.#worker, now, now + this.#duration);
    if (kept) this.#expiresAt = now + this.#duration;
    return kept;
  }

  async sweep(): Promise<void> {
    const now = this.#system.now();
    await this.#store.expire(now);
    await this.#store.strand(now, failureOf(NOBODY_FITS));
  }

  /** @param cause why it could not be renewed, if the store said so */
  #lose(cause?: unknown): void {
    this.stop();
    this.#on.lost(
      new StepwellError(
        'STORE_FAILED',
        `The worker ${this.#worker} has lost its lease; its runs go on elsewhere.`,
        cause === undefined ? {} : { cause },
      ),
    );
  }
}

const NOBODY_FITS = new StepwellError(
  'NO_WORKER',
  'No worker has this workflow in this version. Start one that has; the run then goes on by itself.',
);
