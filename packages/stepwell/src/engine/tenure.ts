import { isEnd, type Commit } from '../model/event.ts';
import type { NumberedFact } from '../model/fact.ts';
import { recordOf, type NewRun, type RunKey, type RunRecord } from '../model/run.ts';
import type { ClaimedRun } from '../store/claim.ts';
import type { News, StartAnswer } from '../store/contract.ts';
import { kindOf } from '../store/fit.ts';
import { Activation } from './activation.ts';
import { Claims } from './claims.ts';
import { Committer } from './committer.ts';
import { Lease } from './lease.ts';
import { Parking } from './parking.ts';
import { Refusals } from './refusals.ts';
import type { Over, Surroundings } from './surroundings.ts';
import type { WorkerParts, WorkerSettings } from './worker-parts.ts';

/** What a worker is told of its tenure. */
export interface TenureEvents {
  /** The store takes commits, and the lease is kept. */
  readonly healthy: () => void;
  /** The store failed or the lease is lost: what the tenure owns has to be given back. */
  readonly failed: (error: unknown) => void;
}

/**
 * The time in which a worker owns runs under one id:
 *
 *   open ──drain──▶ draining ──end──▶ ended
 *     └───────────────end───────────────▲
 *
 * Open, it claims what is ready and carries it on. Draining, it lets bodies come to their end and begins nothing new.
 * Ended, nothing of it runs any more; what it still owns in the store is given back by retiring its id.
 */
export class Tenure {
  readonly id: string;
  readonly #parts: WorkerParts;
  readonly #settings: WorkerSettings;
  readonly #kinds: ReadonlySet<string>;
  readonly #events: TenureEvents;
  readonly #surroundings: Surroundings;
  readonly #committer: Committer;
  readonly #claims: Claims;
  readonly #lease: Lease;
  readonly #parking: Parking;
  readonly #active = new Map<RunKey, Activation>();
  /** Runs for which a fact came while a claim or a start was on its way that may bring them here. */
  readonly #early = new Set<RunKey>();
  readonly #refusals = new Refusals();
  #state: 'open' | 'draining' | 'ended' = 'open';
  /** Places that are kept for runs which are being started. */
  #offered = 0;
  #emptied: (() => void) | null = null;

  private constructor(
    id: string,
    expiresAt: number,
    parts: WorkerParts,
    settings: WorkerSettings,
    events: TenureEvents,
  ) {
    const { store, system, runtime } = parts;
    const kinds = runtime.kinds();
    this.id = id;
    this.#parts = parts;
    this.#settings = settings;
    this.#kinds = new Set(kinds);
    this.#events = events;
    this.#parking = new Parking(settings.parked);
    const on = { written: events.healthy, failed: (error: unknown) => this.#fail(error) };
    this.#committer = new Committer(store, system, on, parts.instruments);
    this.#surroundings = {
      ...parts,
      worker: id,
      requestCommit: (activation) => this.#committer.request(activation),
      over: (activation, how) => this.#over(activation, how),
    };
    this.#claims = new Claims(
      store,
      system,
      { worker: id, kinds, queues: settings.queues, most: Math.ceil(settings.concurrency / 2) },
      {
        room: () => settings.concurrency - this.#active.size - this.#offered,
        claimed: (runs, heardAt) => this.#claimed(runs, heardAt),
        failed: (error) => this.#fail(error),
      },
      parts.instruments,
    );
    const lease = { id, expiresAt, duration: settings.lease };
    this.#lease = new Lease(store, system, lease, {
      writingSince: () => this.#committer.writingSince,
      lost: (error) => this.#fail(error),
      swept: () => {
        events.healthy();
        this.#lookAround();
      },
    });
  }

  /** Announces the worker under a new id. @throws StepwellError `STORE_…` */
  static async enlist(parts: WorkerParts, settings: WorkerSettings, events: TenureEvents): Promise<Tenure> {
    const { store, system, runtime } = parts;
    const id = system.uuid();
    const startedAt = system.now();
    const expiresAt = startedAt + settings.lease;
    const { name, queues } = settings;
    await store.register({
      id,
      name,
      kinds: runtime.kinds(),
      queues,
      startedAt,
      heartbeatAt: startedAt,
      expiresAt,
    });
    return new Tenure(id, expiresAt, parts, settings, events);
  }

  /** Begins to work. @throws StepwellError `STORE_…` */
  async begin(): Promise<void> {
    await this.#lease.sweep();
    if (this.#state !== 'open') return;
    this.#lease.start();
    this.#claims.look();
  }

  get activeCount(): number {
    return this.#active.size;
  }

  get parkedCount(): number {
    return this.#parking.size;
  }

  /** Whether a new run can be owned from its start, without a claim. The place is kept until `adopt` or `refuse`. */
  offer({ workflow, version, queue }: NewRun): boolean {
    const { queues, concurrency } = this.#settings;
    const fits = this.#kinds.has(kindOf(workflow, version)) && (queues === null || queues.includes(queue));
    if (this.#state !== 'open' || !fits || this.#claims.backlog) return false;
    if (this.#active.size + this.#offered >= concurrency) return false;
    this.#offered++;
    return true;
  }

  /** A run that was offered a place has been started; it is this worker's if `owned`. */
  adopt(run: NewRun, answer: StartAnswer): void {
    this.#offered--;
    // What an ended tenure still owns is given back when its id retires.
    if (!answer.created || !answer.owned || this.#state === 'ended') return;
    this.#activate({ run: ownedRecordOf(run, answer.key, this.id), journal: [], facts: [] }, 0);
    if (this.#early.delete(answer.key)) this.#fetchFacts(answer.key);
  }

  /** Whether a run that was offered a place has been started is not known: as with a commit, everything is given back. */
  refuse(error: unknown): void {
    this.#offered--;
    this.#fail(error);
  }

  hear(news: News): void {
    if (this.#state === 'ended') return;
    if (news.type === 'ready') this.#claims.ready(news.at);
    else if (news.type === 'fact') this.#fetchFacts(news.run);
    else if (news.type === 'missed') this.#lookAround();
  }

  #fetchFacts(run: RunKey): void {
    const heardAt = this.#parts.instruments?.now() ?? 0;
    const activation = this.#active.get(run);
    if (activation === undefined) {
      if (this.#claims.busy || this.#offered > 0) this.#early.add(run);
      return;
    }
    this.#parts.store.facts(run, activation.facts.lastKnown).then(
      (facts) => {
        if (this.#active.get(run) === activation) activation.receive(facts, heardAt);
      },
      (error: unknown) => this.#parts.report(error),
    );
  }

  /** News may be lost: now and then everything is looked at without news. */
  #lookAround(): void {
    this.#claims.look();
    for (const run of this.#active.keys()) this.#fetchFacts(run);
  }

  #claimed(runs: readonly ClaimedRun[], heardAt: number): void {
    if (this.#state === 'ended') return;
    for (const claimed of runs) this.#activate(claimed, heardAt);
    const early = [...this.#early];
    this.#early.clear();
    for (const run of early) this.#fetchFacts(run);
  }

  /** @param heardAt when the facts that come with it were heard of, by the clock of the instruments */
  #activate(claimed: ClaimedRun, heardAt: number): void {
    const { key } = claimed.run;
    const parked = this.#parking.take(key);
    if (parked !== null && claimed.journal === null) {
      this.#active.set(key, parked);
      parked.resume(claimed.run, claimed.facts, heardAt);
      return;
    }
    parked?.evict();
    if (claimed.journal === null) void this.#activateFromStore(claimed, heardAt);
    else this.#open(claimed, claimed.journal, heardAt);
  }

  async #activateFromStore(claimed: ClaimedRun, heardAt: number): Promise<void> {
    try {
      const journal = await this.#parts.store.journal(claimed.run.key, 0, Number.MAX_SAFE_INTEGER);
      // Read after the claim: whoever took the run over meanwhile may have ended it.
      if (this.#state !== 'ended' && !hasEnded(journal, claimed.facts)) this.#open(claimed, journal, heardAt);
    } catch (error) {
      this.#fail(error);
    }
  }

  #open(claimed: ClaimedRun, journal: readonly Commit[], heardAt: number): void {
    const activation = new Activation(this.#surroundings, claimed, journal, heardAt);
    activation.closing = this.#state === 'draining';
    this.#active.set(claimed.run.key, activation);
    void activation.open();
  }

  #over(activation: Activation, how: Over): void {
    const { key } = activation.run;
    const isCurrent = this.#active.get(key) === activation;
    if (isCurrent) this.#active.delete(key);
    if (this.#state === 'open') {
      if (isCurrent && how === 'waiting') this.#parking.park(activation);
      if (isCurrent && how === 'refused') this.#refused(activation);
      else this.#refusals.forget(key);
      this.#claims.roomAgain();
    }
    if (this.#active.size === 0) this.#emptied?.();
  }

  #refused({ run, hasCommitted }: Activation): void {
    const pause = this.#refusals.pauseOf(run.key, hasCommitted);
    if (pause === 0) {
      void this.#takeUpAgain(run);
      return;
    }
    this.#parts.system.timer(pause, () => {
      if (this.#state === 'open') void this.#takeUpAgain(run);
    });
  }

  /**
   * A refused commit does not say whose the run is. Often it is another's by now; but if a callback was completed just as
   * it was to be closed, or the last commit of an owner before was on its way at our claim, it is still ours, and nobody
   * else would ever go on with it: it begins again from what is durable.
   */
  async #takeUpAgain({ namespace, id, key }: RunRecord): Promise<void> {
    const { store, instruments } = this.#parts;
    const heardAt = instruments?.now() ?? 0;
    try {
      const journal = await store.journal(key, 0, Number.MAX_SAFE_INTEGER);
      const facts = await store.facts(key, 0);
      // Last: meanwhile it may have been claimed once more, here or elsewhere, and have ended.
      const run = await store.get(namespace, id);
      if (run?.key !== key || run.owner !== this.id || this.#state !== 'open' || this.#active.has(key))
        return;
      // It has ended, and is ours by a claim that came after these reads: that claim's own answer brings it here.
      if (hasEnded(journal, facts)) return;
      this.#open({ run, journal, facts }, journal, heardAt);
      this.#fetchFacts(key);
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#state === 'open') this.#events.failed(error);
  }

  /** No new claims, nothing new is begun; resolves when no body runs any more, or after `grace` milliseconds. */
  async drain(grace: number): Promise<void> {
    if (this.#state !== 'open') return;
    this.#state = 'draining';
    await this.#claims.stop();
    for (const activation of this.#active.values()) activation.closing = true;
    if (this.#active.size === 0 || grace === 0) return;
    await new Promise<void>((resolve) => {
      const cancelTimer = this.#parts.system.timer(grace, resolve);
      this.#emptied = () => {
        cancelTimer();
        resolve();
      };
    });
  }

  /** Stops everything at once. */
  end(reason: unknown): void {
    this.#state = 'ended';
    void this.#claims.stop();
    this.#lease.stop();
    for (const activation of [...this.#active.values()]) activation.drop(reason);
    this.#parking.clear();
    this.#emptied?.();
  }
}

function hasEnded(journal: readonly Commit[], facts: readonly NumberedFact[]): boolean {
  const last = journal.at(-1)?.events.at(-1);
  return last !== undefined && isEnd(last) && !facts.some(({ fact }) => fact.type === 'reopen');
}

/** A run as it is in the store when its start gave it to a worker. */
function ownedRecordOf(run: NewRun, key: RunKey, owner: string): RunRecord {
  return { ...recordOf(run, key), status: 'running', owner, readyAt: null, startedAt: run.createdAt };
}
