import { StepwellError } from '../model/errors.ts';
import { failureOf } from '../model/failure.ts';
import type { Store } from '../store/contract.ts';
import type { System } from './system.ts';

/** How often within its time a lease is renewed: two renewals may be lost. */
const RENEWALS = 3;

/**
 * Keeps this worker's lease, and takes part in looking after the others': whose lease has run out loses its runs, and
 * runs that no worker fits are marked as stuck. The renewals come from the loop that does the work, so that a worker
 * whose loop hangs loses its lease.
 */
export class Lease {
  readonly #store: Store;
  readonly #system: System;
  readonly #worker: string;
  readonly #duration: number;
  readonly #lost: (error: StepwellError) => void;
  readonly #swept: () => void;
  #expiresAt: number;
  #stopped = false;
  #cancelTimer: (() => void) | null = null;

  /** @param swept called after each round, for whatever else is to be looked at now and then */
  constructor(
    store: Store,
    system: System,
    worker: { readonly id: string; readonly expiresAt: number; readonly duration: number },
    on: { lost: (error: StepwellError) => void; swept: () => void },
  ) {
    this.#store = store;
    this.#system = system;
    this.#worker = worker.id;
    this.#duration = worker.duration;
    this.#expiresAt = worker.expiresAt;
    this.#lost = on.lost;
    this.#swept = on.swept;
  }

  start(): void {
    this.#cancelTimer = this.#system.timer(this.#duration / RENEWALS, () => void this.#round(), 'background');
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelTimer?.();
  }

  async #round(): Promise<void> {
    try {
      const kept = await this.#renew();
      if (this.#stopped) return;
      if (!kept) return this.#lose();
      await this.sweep();
    } catch {
      // The store does not answer: the lease may still be kept by a later renewal, while it lasts.
      if (!this.#stopped && this.#system.now() >= this.#expiresAt) return this.#lose();
    }
    if (this.#stopped) return;
    this.#swept();
    this.start();
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

  #lose(): void {
    this.#stopped = true;
    this.#lost(
      new StepwellError(
        'STORE_FAILED',
        `The worker ${this.#worker} has lost its lease; its runs go on elsewhere.`,
      ),
    );
  }
}

const NOBODY_FITS = new StepwellError(
  'NO_WORKER',
  'No worker has this workflow in this version. Start one that has; the run then goes on by itself.',
);
