import { randomUUID } from 'node:crypto';
import { isStepwellError, StepwellError, type Stepwell } from 'stepwell';
import type { EngineFact } from 'stepwell/engine';
import type { Timer } from '../api.ts';

/** How long the outcome of a write tells that the next one would have it too (ms). */
const GOOD_FOR = 5_000;
const BAD_FOR = 1_000;
/** A store that takes longer than this (ms) does not commit in any sense that helps. */
const PATIENCE = 3_000;
/** The probe is forgotten by itself after this (ms), should this process die in the middle of it. */
const PROBE_KEPT = 60_000;

/**
 * Whether the store can commit. Reading would say too little: a full disk and a standby can still be read. So the newest
 * outcome of the engine's own commits counts; if there was none in the last seconds, two small writes are made, an
 * insert and its deletion, however many probes ask meanwhile.
 */
export class Readiness {
  readonly #now: () => number;
  readonly #timer: Timer;
  readonly #key = `readyz/${randomUUID()}`;
  #outcome: { readonly error: StepwellError | null; readonly until: number } | null = null;
  #probing: Promise<void> | null = null;

  /** @param now milliseconds of a clock that never goes back */
  constructor(now: () => number, timer: Timer) {
    this.#now = now;
    this.#timer = timer;
  }

  tell(fact: EngineFact): void {
    if (fact.type === 'flushed' && fact.refused < fact.events.length) this.#keep(null);
    // For as long as a success counts: a probe that still fits on the disk does not prove that commits do.
    else if (fact.type === 'flush failed') this.#keep(asStepwellError(fact.error), GOOD_FOR);
  }

  /** @throws StepwellError why the store does not commit now: `STORE_…`, or `ENGINE_CLOSED` */
  async demand(well: Stepwell): Promise<void> {
    if (this.#outcome === null || this.#now() >= this.#outcome.until) {
      this.#probing ??= this.#probe(well).finally(() => (this.#probing = null));
      await this.#probing;
    }
    const error = this.#outcome?.error ?? null;
    if (error !== null) throw error;
  }

  async #probe(well: Stepwell): Promise<void> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const prevent = this.#timer(PATIENCE, () => reject(tooSlow()));
    try {
      await Promise.race([this.#write(well), late]);
      this.#keep(null);
    } catch (error) {
      this.#keep(asStepwellError(error));
    } finally {
      prevent();
    }
  }

  async #write(well: Stepwell): Promise<void> {
    const { store, system } = well.parts;
    const { namespace } = well;
    const key = this.#key;
    const now = system.now();
    await store.beginRequest({ namespace, key, fingerprint: '', now, expiresAt: now + PROBE_KEPT });
    await store.answerRequest({ namespace, key, answer: null });
  }

  #keep(error: StepwellError | null, forLong = error === null ? GOOD_FOR : BAD_FOR): void {
    this.#outcome = { error, until: this.#now() + forLong };
  }
}

function tooSlow(): StepwellError {
  return new StepwellError(
    'STORE_FAILED',
    `The store has not answered a small write within ${PATIENCE} ms. Look at its load, and at the network to it.`,
  );
}

function asStepwellError(error: unknown): StepwellError {
  return isStepwellError(error)
    ? error
    : new StepwellError('STORE_FAILED', `The store failed: ${String(error)}.`, { cause: error });
}
