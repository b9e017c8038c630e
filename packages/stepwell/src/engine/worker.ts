import { StepwellError } from '../model/errors.ts';
import type { NewRun } from '../model/run.ts';
import type { News, StartAnswer } from '../store/contract.ts';
import { Tenure } from './tenure.ts';
import type { WorkerParts, WorkerSettings } from './worker-parts.ts';

/** A new run's place with a worker, until its start is answered. */
export interface Place {
  /** Id of the worker that is to own the run. */
  readonly owner: string;
  adopt(run: NewRun, answer: StartAnswer): void;
  refuse(error: unknown): void;
}

/** Pauses before a worker that lost its store enlists again (ms): doubled each time up to the longest. */
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 5_000;

/**
 * Activates runs, in one tenure after another: if the store fails or the lease is lost, it throws its activations away
 * (what is durable stands, others or it itself go on from there), and enlists again under another id.
 */
export class Worker {
  readonly #parts: WorkerParts;
  readonly #settings: WorkerSettings;
  #tenure: Tenure | null = null;
  #unsubscribe: (() => void) | null = null;
  #closed = false;
  #pause = FIRST_PAUSE;
  #cancelTimer: (() => void) | null = null;

  constructor(parts: WorkerParts, settings: WorkerSettings) {
    this.#parts = parts;
    this.#settings = settings;
  }

  /** Id under which the worker owns runs at present. */
  get id(): string | null {
    return this.#tenure?.id ?? null;
  }

  get activeCount(): number {
    return this.#tenure?.activeCount ?? 0;
  }

  get parkedCount(): number {
    return this.#tenure?.parkedCount ?? 0;
  }

  /** @throws StepwellError `STORE_…` */
  async open(): Promise<void> {
    this.#unsubscribe = this.#parts.store.subscribe((news: News) => this.#tenure?.hear(news));
    await this.#enlist();
  }

  async #enlist(): Promise<void> {
    const { store, system } = this.#parts;
    const tenure: Tenure = await Tenure.enlist(this.#parts, this.#settings, {
      // Not sooner: a store that takes a worker back and then no commit would be asked for everything ten times a second.
      healthy: () => (this.#pause = FIRST_PAUSE),
      failed: (error) => this.#fail(tenure, error),
    });
    if (this.#closed) return store.retire(tenure.id, system.now());
    this.#tenure = tenure;
    await tenure.begin();
  }

  /** A place for a new run, so that it can be owned from its start; null if it has to wait its turn. */
  offer(run: NewRun): Place | null {
    const tenure = this.#tenure;
    if (tenure?.offer(run) !== true) return null;
    return {
      owner: tenure.id,
      adopt: (started, answer) => tenure.adopt(started, answer),
      refuse: (error) => tenure.refuse(error),
    };
  }

  #fail(tenure: Tenure, error: unknown): void {
    if (this.#tenure !== tenure || this.#closed) return;
    this.#tenure = null;
    this.#parts.report(error);
    tenure.end(error);
    this.#enlistLater(tenure.id);
  }

  #enlistLater(left: string): void {
    const { system, store, report } = this.#parts;
    const pause = this.#pause;
    this.#pause = Math.min(2 * pause, LONGEST_PAUSE);
    this.#cancelTimer = system.timer(pause, () => {
      this.#cancelTimer = null;
      store
        .retire(left, system.now())
        .then(() => this.#enlist())
        .catch((error: unknown) => {
          // It has another tenure by now: it had come back when the store failed again, and may have claimed runs.
          if (this.#tenure !== null) return this.#fail(this.#tenure, error);
          if (this.#closed) return;
          report(error);
          this.#enlistLater(left);
        });
    });
  }

  /**
   * Stops: no new claims; bodies that run may end within `grace` milliseconds; what is left is given back at once.
   * Never rejects: what cannot be given back now is taken over when the lease runs out.
   */
  async close(grace: number): Promise<void> {
    const tenure = this.#tenure;
    this.#closed = true;
    this.#cancelTimer?.();
    await tenure?.drain(grace);
    this.#stop(new StepwellError('ENGINE_CLOSED', 'The worker stops.'));
    const { store, system, report } = this.#parts;
    if (tenure !== null) await store.retire(tenure.id, system.now()).catch(report);
  }

  /** Stops without a word to anybody, as a crash would. */
  kill(): void {
    this.#closed = true;
    this.#stop(new StepwellError('ENGINE_CLOSED', 'The worker was killed.'));
  }

  #stop(reason: StepwellError): void {
    this.#cancelTimer?.();
    this.#unsubscribe?.();
    this.#tenure?.end(reason);
  }
}
