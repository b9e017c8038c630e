import { StepwellError } from '../model/errors.ts';
import { isEnd, type Commit } from '../model/event.ts';
import type { NumberedFact } from '../model/fact.ts';
import type { Limits } from '../model/limits.ts';
import type { Payloads } from '../model/payload.ts';
import type { NewRun, RunKey, RunRecord } from '../model/run.ts';
import { kindOf, type ClaimedRun, type News, type StartAnswer, type Store } from '../store/contract.ts';
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
  readonly #kinds: ReadonlySet<string>;
  /** Runs for which a fact came while a claim or a start was on its way that may bring them here. */
  readonly #early = new Set<RunKey>();
  #surroundings: Surroundings | null = null;
  #claims: Claims | null = null;
  #lease: Lease | null = null;
  #unsubscribe: (() => void) | null = null;
  #state: 'new' | 'enlisted' | 'failed' | 'closing' | 'closed' = 'new';
  /** Places that are kept for runs which are being started. */
  #offered = 0;
  #pause = FIRST_PAUSE;
  #cancelTimer: (() => void) | null = null;
  #emptied: (() => void) | null = null;

  constructor(parts: WorkerParts, settings: WorkerSettings) {
    this.#parts = parts;
    this.#settings = settings;
    this.#parking = new Parking(settings.parked);
    this.#kinds = new Set(parts.runtime.kinds());
    this.#committer = new Committer(parts.store, parts.system, {
      // Not sooner: a store that takes a worker back and then no commit would be asked for everything ten times a second.
      written: () => (this.#pause = FIRST_PAUSE),
      failed: (error) => this.#fail(error),
    });
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
        room: () => this.#settings.concurrency - this.#active.size - this.#offered,
        // An answer that comes when the worker has failed: what it brings is given back when `id` retires.
        claimed: (runs) => {
          if (this.id === id && (this.#state === 'enlisted' || this.#state === 'closing'))
            this.#claimed(runs);
        },
        failed: (error) => this.#fail(error),
      },
    );
    this.#lease = new Lease(
      store,
      system,
      { id, expiresAt, duration },
      {
        lost: (error) => this.#fail(error),
        swept: () => {
          this.#pause = FIRST_PAUSE;
          this.#lookAround();
        },
      },
    );
    this.#state = 'enlisted';
    await this.#lease.sweep();
    this.#lease.start();
    this.#claims.look();
  }

  /**
   * The id under which a new run can be owned from its start, without a claim; null if it has to wait its turn. The
   * place is kept for it until `adopt` or `refuse`.
   */
  offer({ workflow, version, queue }: NewRun): string | null {
    const { queues, concurrency } = this.#settings;
    const fits = this.#kinds.has(kindOf(workflow, version)) && (queues === null || queues.includes(queue));
    if (this.#state !== 'enlisted' || !fits || this.#claims?.backlog !== false) return null;
    if (this.#active.size + this.#offered >= concurrency) return null;
    this.#offered++;
    return this.id;
  }

  /** A run that was offered a place has been started; it is this worker's if `owned`. */
  adopt(run: NewRun, answer: StartAnswer, owner: string): void {
    this.#offered--;
    // If the worker has enlisted anew meanwhile, what the old id owned is given back by its retirement.
    if (!answer.created || !answer.owned || owner !== this.id || this.#state !== 'enlisted') return;
    this.#activate({ run: recordOf(run, answer.key, owner), journal: [], facts: [] });
    if (this.#early.delete(answer.key)) this.#fetchFacts(answer.key);
  }

  /** Whether a run that was offered a place has been started is not known: as with a commit, everything is given back. */
  refuse(error: unknown): void {
    this.#offered--;
    this.#fail(error);
  }

  #hear(news: News): void {
    if (this.#state !== 'enlisted' && this.#state !== 'closing') return;
    if (news.type === 'ready') this.#claims?.ready(news.at);
    else if (news.type === 'fact') this.#fetchFacts(news.run);
  }

  #fetchFacts(run: RunKey): void {
    const activation = this.#active.get(run);
    if (activation === undefined) {
      if (this.#claims?.busy === true || this.#offered > 0) this.#early.add(run);
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
    const early = [...this.#early];
    this.#early.clear();
    for (const run of early) this.#fetchFacts(run);
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
      if (this.#surroundings !== surroundings || this.#state !== 'enlisted') return;
      // Read after the claim: whoever took the run over meanwhile may have ended it.
      if (!hasEnded(journal, claimed.facts)) this.#open(claimed, journal);
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
    const isCurrent = this.#active.get(key) === activation;
    if (isCurrent) this.#active.delete(key);
    if (isCurrent && this.#state === 'enlisted' && activation.around === this.#surroundings) {
      if (how === 'waiting') this.#parking.park(activation);
      if (how === 'refused') void this.#takeUpAgain(activation.run);
    }
    if (this.#state === 'enlisted') this.#claims?.roomAgain();
    if (this.#active.size === 0) this.#emptied?.();
  }

  /**
   * A refused commit does not say whose the run is. Often it is another's by now; but if a callback was completed just as
   * it was to be closed, or the last commit of an owner before was on its way at our claim, it is still ours, and nobody
   * else would ever go on with it: it begins again from what is durable.
   */
  async #takeUpAgain({ namespace, id, key }: RunRecord): Promise<void> {
    const surroundings = this.#surroundings;
    const { store } = this.#parts;
    try {
      const journal = await store.journal(key, 0, Number.MAX_SAFE_INTEGER);
      const facts = await store.facts(key, 0);
      // Last: meanwhile it may have been claimed once more, here or elsewhere, and have ended.
      const run = await store.get(namespace, id);
      if (run?.key !== key || run.owner !== surroundings!.worker) return;
      if (this.#surroundings !== surroundings || this.#state !== 'enlisted' || this.#active.has(key)) return;
      this.#open({ run, journal, facts }, journal);
      this.#fetchFacts(key);
    } catch (error) {
      this.#fail(error);
    }
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
          // It has another id by now: it had come back when it failed, and may have claimed runs.
          if (this.id !== left) return this.#fail(error);
          if (this.#state !== 'failed') return;
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

function hasEnded(journal: readonly Commit[], facts: readonly NumberedFact[]): boolean {
  const last = journal.at(-1)?.events.at(-1);
  return last !== undefined && isEnd(last) && !facts.some(({ fact }) => fact.type === 'reopen');
}

/** A run as it is in the store when its start gave it to a worker. */
function recordOf({ journal: _, ...run }: NewRun, key: RunKey, owner: string): RunRecord {
  return {
    ...run,
    key,
    status: 'running',
    owner,
    readyAt: null,
    output: undefined,
    error: undefined,
    progress: undefined,
    statusText: undefined,
    waitingFor: [],
    continuedBy: null,
    delivered: 0,
    startedAt: run.createdAt,
    endedAt: null,
  };
}
