import type { Commit, JournalEvent } from '../../packages/stepwell/src/model/event.ts';
import type { NumberedFact } from '../../packages/stepwell/src/model/fact.ts';
import type { Failure } from '../../packages/stepwell/src/model/failure.ts';
import type { QueueChange } from '../../packages/stepwell/src/model/queue.ts';
import type { NewRun, RunKey, RunRecord, RunStatus } from '../../packages/stepwell/src/model/run.ts';
import type { ClaimAnswer, ClaimRequest } from '../../packages/stepwell/src/store/claim.ts';
import type { CommitAnswer, CommitRequest } from '../../packages/stepwell/src/store/commit.ts';
import type { StartAnswer, Store } from '../../packages/stepwell/src/store/contract.ts';
import type { DeliverAnswer, Delivery } from '../../packages/stepwell/src/store/delivery.ts';
import type { RunCriteria, RunQuery } from '../../packages/stepwell/src/store/query.ts';
import type { WorkerRecord } from '../../packages/stepwell/src/store/records.ts';
import { PassThroughStore } from '../simulation/pass-through-store.ts';
import type { Exercised } from './exercised.ts';
import { JournalPromises } from './journal-promises.ts';
import { checkAwake } from './promises.ts';
import { traceClaim } from './trace-claim.ts';
import { commitOf, traceCommit } from './trace-commit.ts';
import {
  checkCount,
  checkFacts,
  checkJournal,
  checkQuery,
  checkShown,
  checkWorkers,
  compareAll,
} from './trace-reads.ts';
import { traceDelivery, tracePurge, traceStart } from './trace-runs.ts';
import { traceExpire, traceHeartbeat, traceRegister, traceRetire, traceStrand } from './trace-workers.ts';
import { notModelled, TracedStore } from './traced-store.ts';
import { Violation } from './violation.ts';

/** `store`: only what the store does; `store and engine`: also what the engine promises of its commits. */
export type Checks = 'nothing' | 'store' | 'store and engine';

/**
 * A store beside which the model goes: each call that has been executed, with its answer, is a step of it. After each
 * step the runs that it changed must be shown as the model has them.
 */
export class CheckedStore extends PassThroughStore {
  readonly #traced = new TracedStore();
  readonly #promises = new JournalPromises();
  readonly #report: (what: string) => never;
  readonly #checks: Checks;

  /** @param report is told of what the model does not allow */
  constructor(inner: Store, report: (what: string) => never, checks: Checks) {
    super(inner);
    this.#report = report;
    this.#checks = checks;
  }

  get exercised(): Exercised {
    return this.#traced.exercised;
  }

  override async start(runs: readonly NewRun[], owner?: string): Promise<StartAnswer[]> {
    const answers = await this.inner.start(runs, owner);
    await this.#step(runs[0]?.createdAt, () => {
      for (const [n, run] of runs.entries()) traceStart(this.#traced, run, owner, answers[n]!);
    });
    return answers;
  }

  override commit(commits: readonly CommitRequest[]): Promise<CommitAnswer[]> {
    return this.commitBy('somebody', commits);
  }

  /** @param process whose commits they are: two of them never go on with one activation */
  async commitBy(process: string, commits: readonly CommitRequest[]): Promise<CommitAnswer[]> {
    const answers = await this.inner.commit(commits);
    await this.#step(commits[0]?.at, () => {
      for (const [n, request] of commits.entries()) this.#commit(process, request, answers[n]!);
    });
    return answers;
  }

  #commit(process: string, request: CommitRequest, answer: CommitAnswer): void {
    const events = JSON.parse(request.events) as JournalEvent[];
    const commit = commitOf(request, events, process);
    this.#traced.latest = Math.max(this.#traced.latest, request.at);
    const before = traceCommit(this.#traced, request, commit, answer);
    if (before !== null && this.#checks === 'store and engine')
      this.#promises.stored(this.#traced.byKey(request.run)!, before, commit, events);
  }

  override async deliver(deliveries: readonly Delivery[]): Promise<DeliverAnswer[]> {
    const answers = await this.inner.deliver(deliveries);
    await this.#step(deliveries[0]?.now, () => {
      for (const [n, delivery] of deliveries.entries()) traceDelivery(this.#traced, delivery, answers[n]!);
    });
    return answers;
  }

  override async claim(request: ClaimRequest): Promise<ClaimAnswer> {
    const answer = await this.inner.claim(request);
    await this.#step(request.now, () => traceClaim(this.#traced, request, answer));
    return answer;
  }

  override async register(worker: WorkerRecord): Promise<void> {
    await this.inner.register(worker);
    await this.#step(worker.heartbeatAt, () => traceRegister(this.#traced, worker));
  }

  override async heartbeat(worker: string, now: number, expiresAt: number): Promise<boolean> {
    const answer = await this.inner.heartbeat(worker, now, expiresAt);
    await this.#step(now, () => traceHeartbeat(this.#traced, worker, expiresAt, answer));
    return answer;
  }

  override async retire(worker: string, now: number): Promise<void> {
    await this.inner.retire(worker, now);
    await this.#step(now, () => traceRetire(this.#traced, worker, now));
  }

  override async expire(now: number): Promise<string[]> {
    const answer = await this.inner.expire(now);
    await this.#step(now, () => traceExpire(this.#traced, now, answer));
    return answer;
  }

  override async strand(now: number, error: Failure): Promise<number> {
    const answer = await this.inner.strand(now, error);
    await this.#step(now, () => traceStrand(this.#traced, now, answer));
    return answer;
  }

  override async purge(namespace: string, id: string): Promise<boolean> {
    const answer = await this.inner.purge(namespace, id);
    await this.#step(undefined, () => tracePurge(this.#traced, namespace, id, answer));
    return answer;
  }

  override async setQueue(change: QueueChange): Promise<void> {
    await this.inner.setQueue(change);
    this.#look(() => {
      throw notModelled(`the settings of queue "${change.queue}"`);
    });
  }

  override async facts(run: RunKey, after: number): Promise<NumberedFact[]> {
    const answer = await this.inner.facts(run, after);
    const traced = this.#traced.byKey(run);
    this.#look(() => traced !== undefined && checkFacts(traced, answer, after));
    if (answer.length > 0) this.exercised.note('facts: some');
    return answer;
  }

  override async journal(run: RunKey, from: number, limit: number): Promise<Commit[]> {
    const answer = await this.inner.journal(run, from, limit);
    const traced = this.#traced.byKey(run);
    this.#look(() => traced !== undefined && checkJournal(traced, answer, from, limit));
    if (answer.length > 0) this.exercised.note('journal: some');
    return answer;
  }

  override async get(namespace: string, id: string): Promise<RunRecord | null> {
    const answer = await this.inner.get(namespace, id);
    this.#look(() => checkShown(this.#traced, namespace, id, answer));
    return answer;
  }

  override async query(query: RunQuery): Promise<RunRecord[]> {
    const answer = await this.inner.query(query);
    this.#look(() => checkQuery(this.#traced, query, answer));
    return answer;
  }

  override async workers(): Promise<WorkerRecord[]> {
    const answer = await this.inner.workers();
    this.#look(() => checkWorkers(this.#traced, answer));
    return answer;
  }

  override async count(criteria: RunCriteria): Promise<Partial<Record<RunStatus, number>>> {
    const answer = await this.inner.count(criteria);
    this.#look(() => checkCount(this.#traced, criteria, answer));
    return answer;
  }

  /** When all is over: everything that the store shows is compared with the model. */
  async compareAll(): Promise<void> {
    if (this.#checks === 'nothing') return;
    try {
      await compareAll(this.#traced, this.inner);
    } catch (error) {
      this.#refuse(error);
    }
  }

  async #step(now: number | undefined, move: () => void): Promise<void> {
    if (this.#checks === 'nothing') return;
    const traced = this.#traced;
    traced.touched = new Set();
    traced.latest = Math.max(traced.latest, now ?? 0);
    try {
      move();
      for (const run of traced.touched) {
        const { namespace, id } = run.given;
        checkAwake(`"${id}"`, run, traced.latest);
        checkShown(traced, namespace, id, await this.inner.get(namespace, id));
      }
    } catch (error) {
      this.#refuse(error);
    }
  }

  #look(check: () => unknown): void {
    if (this.#checks === 'nothing') return;
    try {
      check();
    } catch (error) {
      this.#refuse(error);
    }
  }

  #refuse(error: unknown): never {
    if (!(error instanceof Violation)) throw error;
    return this.#report(`the model says: ${error.message}`);
  }
}
