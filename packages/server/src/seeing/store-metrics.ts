import { Gauge, type Registry } from 'prom-client';
import type { Stepwell } from 'stepwell';
import type { Timer } from '../api.ts';
import { FewValues } from './label.ts';

/** The store is not asked again before this (ms), however often somebody scrapes … */
const AT_MOST_EVERY = 5_000;
/** … and at most this part of the time is spent on asking: counting a million runs takes a while. */
const SHARE = 1 / 20;
/** A scrape waits no longer for the store than this (ms): what else there is to see matters most then. */
const PATIENCE = 2_000;
/** Queues that are shown one by one. */
const MOST_QUEUES = 100;

/** What the store is asked for when somebody scrapes: its queues and workers. */
export class StoreMetrics {
  readonly #now: () => number;
  readonly #timer: Timer;
  readonly #queues = new FewValues(MOST_QUEUES);
  readonly #runs;
  readonly #oldest;
  readonly #workers;
  readonly #up;
  #asking: Promise<void> | null = null;
  #nextAt = Number.NEGATIVE_INFINITY;

  /** @param now milliseconds of a clock that never goes back */
  constructor(registry: Registry, now: () => number, timer: Timer) {
    this.#now = now;
    this.#timer = timer;
    const gauge = <L extends string>(name: string, help: string, labelNames: L[] = []) =>
      new Gauge({ name, help, labelNames, registers: [registry] });
    this.#runs = gauge('stepwell_queue_runs', 'Runs of a queue that have not ended.', ['queue', 'state']);
    this.#oldest = gauge(
      'stepwell_queue_oldest_seconds',
      'Age of the oldest run that is queued; 0: none is.',
      ['queue'],
    );
    this.#workers = gauge('stepwell_workers', 'Workers that the store knows.');
    this.#up = gauge('stepwell_store_up', '1: the store answered when it was asked last.');
  }

  /** Brings the gauges up to date, unless they are. Never rejects. */
  async refresh(well: Stepwell): Promise<void> {
    if (this.#asking === null && this.#now() >= this.#nextAt) {
      this.#asking = this.#ask(well).finally(() => (this.#asking = null));
    }
    if (this.#asking === null) return;
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const prevent = this.#timer(PATIENCE, () => {
      this.#showNothing();
      resolve();
    });
    await Promise.race([this.#asking, late]);
    prevent();
  }

  async #ask(well: Stepwell): Promise<void> {
    const began = this.#now();
    try {
      const [queues, workers] = await Promise.all([well.queues(), well.workers()]);
      this.#show(queues, well.parts.system.now());
      this.#workers.set(workers.length);
      this.#up.set(1);
    } catch {
      this.#showNothing();
    }
    const took = this.#now() - began;
    this.#nextAt = this.#now() + Math.max(AT_MOST_EVERY, took / SHARE);
  }

  /** What is not known is not shown: an old number would look like a quiet store. */
  #showNothing(): void {
    this.#runs.reset();
    this.#oldest.reset();
    this.#workers.set(Number.NaN);
    this.#up.set(0);
  }

  #show(queues: Awaited<ReturnType<Stepwell['queues']>>, now: number): void {
    this.#runs.reset();
    this.#oldest.reset();
    const oldest = new Map<string, number>();
    for (const { name, counts, queuedSince } of queues) {
      const queue = this.#queues.of(name);
      for (const state of ['queued', 'active', 'waiting'] as const)
        this.#runs.inc({ queue, state }, counts[state]);
      const age = queuedSince === undefined ? 0 : Math.max(0, now - queuedSince) / 1_000;
      oldest.set(queue, Math.max(age, oldest.get(queue) ?? 0));
    }
    for (const [queue, age] of oldest) this.#oldest.set({ queue }, age);
  }
}
