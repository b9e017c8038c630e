import type { System } from './system.ts';

/** Rings once, at the time that it was set to last. */
export class Alarm {
  readonly #system: System;
  readonly #ring: () => void;
  #cancel: (() => void) | null = null;

  constructor(system: System, ring: () => void) {
    this.#system = system;
    this.#ring = ring;
  }

  /** @param at a time that has passed: as soon as possible; null: not at all */
  set(at: number | null): void {
    this.#cancel?.();
    this.#cancel = null;
    if (at === null) return;
    this.#cancel = this.#system.timer(Math.max(0, at - this.#system.now()), () => {
      this.#cancel = null;
      this.#ring();
    });
  }
}
