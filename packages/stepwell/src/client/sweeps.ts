import type { System } from '../engine/system.ts';
import type { Artifacts } from './artifacts.ts';

/** Not at once: a process that has just been opened has other things to do. */
const FIRST_SWEEP = 10 * 60_000;
const SWEEP_AGAIN = 24 * 3_600_000;

/** Sweeps artifacts now and then. Any number of engines may do so. */
export class Sweeps {
  readonly #artifacts: Artifacts;
  readonly #system: System;
  readonly #report: (error: unknown) => void;
  #cancelTimer: () => void;
  #closed = false;

  constructor(artifacts: Artifacts, system: System, report: (error: unknown) => void) {
    this.#artifacts = artifacts;
    this.#system = system;
    this.#report = report;
    this.#cancelTimer = this.#next(FIRST_SWEEP);
  }

  #next(delay: number): () => void {
    return this.#system.timer(delay, () => void this.#sweep(), 'background');
  }

  async #sweep(): Promise<void> {
    try {
      await this.#artifacts.sweep();
    } catch (error) {
      if (!this.#closed) this.#report(error);
    }
    if (!this.#closed) this.#cancelTimer = this.#next(SWEEP_AGAIN);
  }

  close(): void {
    this.#closed = true;
    this.#cancelTimer();
  }
}
