import { StepwellError } from '../model/errors.ts';
import type { Limits } from '../model/limits.ts';
import type { Payloads } from '../model/payload.ts';
import type { RunKey } from '../model/run.ts';
import type { ClaimedRun, News, Store } from '../store/contract.ts';
import { Activation, type Over, type Surroundings } from './activation.ts';
import { Claims } from './claims.ts';
import { Committer } from './committer.ts';
import { Lease } from './lease.ts';
import { Parking } from './parking.ts';
import type { Runtime } from './runtime.ts';
import type { System } from './system.ts';

export interface WorkerSettings {
  /** For people: who this worker is. */
  readonly name: string;
  readonly queues: readonly string[] | null;
  /** Runs that are active at once. */
  readonly concurrency: number;
  /** Waiting runs that stay in memory. */
  readonly parked: number;
  /** Milliseconds. */
  readonly lease: number;
}

export interface WorkerParts {
  readonly store: Store;
  readonly runtime: Runtime;
  readonly system: System;
  readonly payloads: Payloads;
  readonly limits: Limits;
  /** Something went wrong that no caller hears of, and the worker goes on. */
  readonly report: (error: unknown) => void;
}

/** Pauses before a worker that lost its store enlists again (ms): doubled each time up to the longest. */
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 5_000;

/**
 * Activates runs: `enlisted` under an id with a lease, it claims what is ready and carries it on. If the store fails or
 * the lease is lost, it throws its activations away (what is durable stands, others or it itself go on from there) and
 * enlists again under another id.
 */
export class Worker {
  readonly #parts: WorkerParts;
  readonly #settings: WorkerSettings;
  readonly #committer: Committer;
  readonly #active = new Map<RunKey, Activation>();
  readonly #parking: Parking;
  /** Runs for which a fact came while a claim was on its way that may hold them. */
  readonly #early = new Set<RunKey>();
  #surroundings: Surroundings | null = null;
  #claims: Claims | null = null;
  #lease: Lease | null = null;
  #unsubscribe: (() => void) | null = null;
  #state: 'new' | 'enlisted' | 'failed' | 'closing' | 'closed' = 'new';
  #pause = FIRST_PAUSE;
  #cancelTimer: (() => void) | null = null;
  #emptied: (() => void) | null = null;

  constructor(parts: WorkerParts, settings: WorkerSettings) {
    this.#parts = parts;
    this.#settings = settings;
    this.#parking = new Parking(settings.parked);
    this.#committer = new Committer(parts.store, parts.system, (error) => this.#fail(error));
  }

  /** Id under which the worker owns runs at present. */
  get id(): string | null {
    return this.#surroundings?.worker ?? null;
  }

  get activeCount(): number {
    return this.#active.size;
  }

  get parkedCount(): number {
    return this.#parking.size;
  }

  /** @throws StepwellError `STORE_…` */
  async open(): Promise<void> {
    this.#unsubscribe = this.#parts.store.subscribe((news) => this.#hear(news));
    await this.#enlist();
  }

  async #enlist(): Promise<void> {
    const { store, system, runtime } = this.#parts;
    const { name, queues, lease: duration } = this.#settings;
    const id = system.uuid();
    const kinds = runtime.kinds();
    const startedAt = system.now();
    const expiresAt = startedAt + duration;
    await store.register({ id, name, kinds, queues, startedAt, heartbeatAt: startedAt, expiresAt });
    if (this.#state === 'closing' || this.#state === 'closed') return store.retire(id, system.now());
    this.#surroundings = {
      ...this.#parts,
      worker: id,
      requestCommit: (activation) => this.#committer.request(activation),
      over: (activation, how) => this.#over(activation, how),
    };
    this.#claims = new Claims(
      store,
      system,
      { worker: id, kinds, queues },
      {
        room: () => this.#settings.concurrency - this.#active.size,
        claimed: (runs) => this.#claimed(runs),
        failed: (error) => this.#fail(error),
      },
    );
    this.#lease = new Lease(
      store,
      system,
      { id, expiresAt, duration },
      {
        lost: (error) => this.#fail(error),
        swept: () => this.#lookAround(),
      },
    );
    this.#state = 'enlisted';
    await this.#lease.sweep();
    this.#pause = FIRST_PAUSE;
    this.#lease.start();
    this.#claims.look();
  }

  #hear(news: News): void {
    if (this.#state !== 'enlisted' && this.#state !== 'closing') return;
    if (news.type === 'ready') this.#claims?.ready(news.at);
    else if (news.type === 'fact') this.#fetchFacts(news.run);
  }

  #fetchFacts(run: RunKey): void {
    const activation = this.#active.get(run);
    if (activation === undefined) {
      if (this.#claims?.busy === true) this.#early.add(run);
      return;
    }
    this.#parts.store.facts(run, activation.lastKnownFact).then(
      (facts) => {
        if (this.#active.get(run) === activation) activation.receive(facts);
      },
      (error: unknown) => this.#parts.report(error),
    );
  }

  /** News may be lost: now and then everything is looked at without news. */
  #lookAround(): void {
    this.#claims?.look();
    for (const run of this.#active.keys()) this.#fetchFacts(run);
  }

  #claimed(runs: readonly ClaimedRun[]): void {
    for (const claimed of runs) this.#activate(claimed);
    for (const run of this.#early) this.#fetchFacts(run);
    this.#early.clear();
  }

  #activate(claimed: ClaimedRun): void {
    const { key } = claimed.run;
    const parked = this.#parking.take(key);
    if (parked !== null && claimed.journal === null) {
      this.#active.set(key, parked);
      parked.resume(claimed.run, claimed.facts);
      return;
    }
    parked?.evict();
    if (claimed.journal === null) void this.#activateFromStore(claimed);
    else this.#open(claimed, claimed.journal);
  }

  async #activateFromStore(claimed: ClaimedRun): Promise<void> {
    const surroundings = this.#surroundings;
    try {
      const journal = await this.#parts.store.journal(claimed.run.key, 0, Number.MAX_SAFE_INTEGER);
      if (this.#surroundings === surroundings && this.#state === 'enlisted') this.#open(claimed, journal);
    } catch (error) {
      this.#fail(error);
    }
  }

  #open(claimed: ClaimedRun, journal: NonNullable<ClaimedRun['journal']>): void {
    const activation = new Activation(this.#surroundings!, claimed, journal);
    activation.closing = this.#state === 'closing';
    this.#active.set(claimed.run.key, activation);
    void activation.open();
  }

  #over(activation: Activation, how: Over): void {
    const { key } = activation.run;
    if (this.#active.get(key) === activation) this.#active.delete(key);
    if (how === 'waiting' && this.#state === 'enlisted' && activation.around === this.#surroundings) {
      this.#parking.park(activation);
    }
    if (this.#state === 'enlisted') this.#claims?.roomAgain();
    if (this.#active.size === 0) this.#emptied?.();
  }

  #fail(error: unknown): void {
    if (this.#state !== 'enlisted') return;
    this.#state = 'failed';
    this.#parts.report(error);
    const left = this.id!;
    this.#letGo(error);
    this.#enlistLater(left);
  }

  #letGo(reason: unknown): void {
    void this.#claims?.stop();
    this.#lease?.stop();
    for (const activation of [...this.#active.values()]) activation.drop(reason);
    this.#parking.clear();
    this.#early.clear();
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
          if (this.#state !== 'failed' && this.#state !== 'enlisted') return;
          this.#state = 'failed';
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
    const enlisted = this.#state === 'enlisted';
    this.#state = 'closing';
    this.#cancelTimer?.();
    await this.#claims?.stop();
    for (const activation of this.#active.values()) activation.closing = true;
    if (enlisted && this.#active.size > 0 && grace > 0) await this.#drain(grace);
    this.#stop(new StepwellError('ENGINE_CLOSED', 'The worker stops.'));
    if (this.id !== null)
      await this.#parts.store.retire(this.id, this.#parts.system.now()).catch(this.#parts.report);
  }

  async #drain(grace: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#emptied = resolve;
      this.#cancelTimer = this.#parts.system.timer(grace, resolve);
    });
    this.#cancelTimer?.();
  }

  /** Stops without a word to anybody, as a crash would. */
  kill(): void {
    this.#stop(new StepwellError('ENGINE_CLOSED', 'The worker was killed.'));
  }

  #stop(reason: StepwellError): void {
    this.#state = 'closed';
    this.#cancelTimer?.();
    this.#unsubscribe?.();
    this.#letGo(reason);
  }
}
