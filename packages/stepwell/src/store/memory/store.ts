import type { Payload } from '../../model/codec.ts';
import type { Commit } from '../../model/event.ts';
import type { NumberedFact } from '../../model/fact.ts';
import type { Failure } from '../../model/failure.ts';
import type { Json } from '../../model/json.ts';
import type { QueueChange, QueueRecord } from '../../model/queue.ts';
import { isFinal, type NewRun, type RunKey, type RunRecord, type RunStatus } from '../../model/run.ts';
import type { ClaimAnswer, ClaimRequest } from '../claim.ts';
import type { CommitAnswer, CommitRequest } from '../commit.ts';
import type { News, StartAnswer, Store, TransactionWork } from '../contract.ts';
import type { DeliverAnswer, Delivery } from '../delivery.ts';
import type { FeedPage, FeedRequest } from '../feed.ts';
import type { RunCriteria, RunQuery } from '../query.ts';
import type {
  ArtifactOwner,
  ArtifactRecord,
  NewArtifact,
  NewRequest,
  RequestState,
  ScheduleRecord,
  StoredRun,
  WorkerRecord,
} from '../records.ts';
import { Newsroom } from '../newsroom.ts';
import { claim } from './claim.ts';
import { commit } from './commit.ts';
import { deliver } from './delivery.ts';
import { queues, setQueue } from './queues.ts';
import { start } from './start.ts';
import { commitsOf, factsOf } from './run.ts';
import { MemoryState } from './state.ts';
import { Requests } from './requests.ts';
import { Schedules } from './schedules.ts';
import { transact } from './transact.ts';
import { dump, load } from './transfer.ts';
import { expire, heartbeat, register, retire, strand } from './workers.ts';

/**
 * A store that lives as long as its process: for tests, for the simulator, and as the specification of the others.
 * Every method does its work at the call. `close` keeps everything: several engines may share one memory store,
 * and a simulated crash must find again what was stored.
 */
export class MemoryStore implements Store {
  readonly kind = 'memory';
  readonly #state = new MemoryState();
  // Not even a simulation can tell: it is only ever compared with itself.
  // oxlint-disable-next-line no-restricted-globals
  readonly #identity = crypto.randomUUID();
  readonly #schedules = new Schedules();
  readonly #requests = new Requests();
  readonly #news = new Newsroom();

  async start(runs: readonly NewRun[], owner?: string): Promise<StartAnswer[]> {
    return this.#written(runs.map((given) => start(this.#state, this.#news, given, owner)));
  }

  async commit(commits: readonly CommitRequest[]): Promise<CommitAnswer[]> {
    return this.#written(commits.map((request) => commit(this.#state, this.#news, request)));
  }

  async deliver(deliveries: readonly Delivery[]): Promise<DeliverAnswer[]> {
    return this.#written(deliveries.map((delivery) => deliver(this.#state, this.#news, delivery)));
  }

  async claim(request: ClaimRequest): Promise<ClaimAnswer> {
    return claim(this.#state, request);
  }

  async facts(run: RunKey, after: number): Promise<NumberedFact[]> {
    const found = this.#state.runs.get(run);
    return found === undefined ? [] : factsOf(found, after);
  }

  async register(worker: WorkerRecord): Promise<void> {
    this.#written(register(this.#state, this.#news, worker));
  }

  async heartbeat(worker: string, now: number, expiresAt: number): Promise<boolean> {
    return heartbeat(this.#state, worker, now, expiresAt);
  }

  async retire(worker: string, now: number): Promise<void> {
    this.#written(retire(this.#state, this.#news, worker, now));
  }

  async expire(now: number): Promise<string[]> {
    return this.#written(expire(this.#state, this.#news, now));
  }

  async workers(): Promise<WorkerRecord[]> {
    return structuredClone([...this.#state.workers.values()]).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }

  async strand(now: number, error: Failure): Promise<number> {
    return strand(this.#state, now, error);
  }

  async journal(run: RunKey, from: number, limit: number): Promise<Commit[]> {
    const found = this.#state.runs.get(run);
    return found === undefined ? [] : commitsOf(found, from, limit);
  }

  async get(namespace: string, id: string): Promise<RunRecord | null> {
    const run = this.#state.find(namespace, id);
    return run === undefined ? null : this.#state.view(run);
  }

  async query(query: RunQuery): Promise<RunRecord[]> {
    return [...this.#state.runs.values()]
      .filter(({ record }) => record.key < (query.below ?? Number.POSITIVE_INFINITY))
      .filter(({ record }) => matches(record, query))
      .toSorted((a, b) => b.record.key - a.record.key)
      .slice(0, query.limit)
      .map((run) => this.#state.view(run));
  }

  async count(filter: RunCriteria): Promise<Partial<Record<RunStatus, number>>> {
    const counts: Partial<Record<RunStatus, number>> = {};
    for (const { record } of this.#state.runs.values()) {
      if (matches(record, filter)) counts[record.status] = (counts[record.status] ?? 0) + 1;
    }
    return counts;
  }

  async setQueue(change: QueueChange): Promise<void> {
    this.#written(setQueue(this.#state, this.#news, change));
  }

  async queues(namespace: string): Promise<QueueRecord[]> {
    return queues(this.#state, namespace);
  }

  async purge(namespace: string, id: string): Promise<boolean> {
    const run = this.#state.find(namespace, id);
    if (run === undefined || !isFinal(run.record.status)) return false;
    this.#state.delete(run);
    return true;
  }

  async feed(request: FeedRequest): Promise<FeedPage> {
    return this.#state.feed.read(request);
  }

  async beginRequest(request: NewRequest): Promise<RequestState> {
    return this.#requests.begin(request);
  }

  async answerRequest(request: Parameters<Store['answerRequest']>[0]): Promise<void> {
    return this.#requests.answer(request);
  }

  async forgetRequests(before: number): Promise<number> {
    return this.#requests.forget(before);
  }

  async saveArtifact(artifact: NewArtifact): Promise<ArtifactRecord | null> {
    return this.#state.artifacts.save(artifact);
  }

  async artifacts(namespace: string, run: string, name?: string): Promise<ArtifactRecord[]> {
    return this.#state.artifacts.of({ namespace, run }, name);
  }

  async dropArtifacts(namespace: string, run: string): Promise<void> {
    return this.#state.artifacts.drop({ namespace, run });
  }

  async artifactRuns(after: ArtifactOwner | null, limit: number): Promise<ArtifactOwner[]> {
    return this.#state.artifacts.owners(after, limit);
  }

  async identity(): Promise<string> {
    return this.#identity;
  }

  async schedules(namespace: string): Promise<ScheduleRecord[]> {
    return this.#schedules.all(namespace);
  }

  async saveSchedule(schedule: ScheduleRecord): Promise<boolean> {
    return this.#schedules.save(schedule);
  }

  async deleteSchedule(namespace: string, name: string): Promise<boolean> {
    return this.#schedules.delete(namespace, name);
  }

  async transact(run: RunKey, key: string, work: TransactionWork): Promise<Payload | undefined> {
    return transact(this.#state, run, key, work);
  }

  async namespaces(): Promise<string[]> {
    const used = [...this.#state.runs.values()].map(({ record }) => record.namespace);
    const set = [...this.#state.queues.values()].map(({ namespace }) => namespace);
    return [...new Set([...used, ...set, ...this.#schedules.namespaces()])].toSorted();
  }

  async dump(after: RunKey, limit: number): Promise<StoredRun[]> {
    return dump(this.#state, after, limit);
  }

  async load(runs: readonly StoredRun[]): Promise<number> {
    return runs.filter((run) => load(this.#state, run)).length;
  }

  subscribe(listener: (news: News) => void): () => void {
    return this.#news.subscribe(listener);
  }

  async close(): Promise<void> {}

  /** All that is stored about runs, as plain data. */
  snapshot(): Json {
    return this.#state.snapshot();
  }

  /** News go out after the call, as those of a real store do: a listener never runs inside the call that it hears of. */
  #written<T>(answer: T): T {
    const news = this.#news.take();
    if (news.length > 0) queueMicrotask(() => this.#news.publish(news));
    return answer;
  }
}

export function openMemoryStore(): MemoryStore {
  return new MemoryStore();
}

function matches(run: RunRecord, query: RunCriteria): boolean {
  return (
    run.namespace === query.namespace &&
    (query.workflow === undefined || run.workflow === query.workflow) &&
    (query.version === undefined || run.version === query.version) &&
    (query.statuses === undefined || query.statuses.includes(run.status)) &&
    (query.queue === undefined || run.queue === query.queue) &&
    (query.parent === undefined || run.parent?.key === query.parent) &&
    (query.tag === undefined || run.tags.includes(query.tag)) &&
    (query.idContains === undefined || run.id.includes(query.idContains)) &&
    (query.createdFrom === undefined || run.createdAt >= query.createdFrom) &&
    (query.createdBefore === undefined || run.createdAt < query.createdBefore)
  );
}
