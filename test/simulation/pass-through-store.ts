import type { Failure } from '../../packages/stepwell/src/model/failure.ts';
import type { QueueChange } from '../../packages/stepwell/src/model/queue.ts';
import type { NewRun, RunKey } from '../../packages/stepwell/src/model/run.ts';
import type { ClaimRequest } from '../../packages/stepwell/src/store/claim.ts';
import type { CommitRequest } from '../../packages/stepwell/src/store/commit.ts';
import type { News, Store, TransactionWork } from '../../packages/stepwell/src/store/contract.ts';
import type { Delivery } from '../../packages/stepwell/src/store/delivery.ts';
import type { FeedRequest } from '../../packages/stepwell/src/store/feed.ts';
import type { RunCriteria, RunQuery } from '../../packages/stepwell/src/store/query.ts';
import type {
  ArtifactOwner,
  NewArtifact,
  NewRequest,
  ScheduleRecord,
  StoredRun,
  WorkerRecord,
} from '../../packages/stepwell/src/store/records.ts';

/** A store that hands every call on to another: the base of those that watch, spoil or delay some of them. */
export class PassThroughStore implements Store {
  readonly inner: Store;

  constructor(inner: Store) {
    this.inner = inner;
  }

  get kind(): string {
    return this.inner.kind;
  }

  start(runs: readonly NewRun[], owner?: string): ReturnType<Store['start']> {
    return this.inner.start(runs, owner);
  }

  commit(commits: readonly CommitRequest[]): ReturnType<Store['commit']> {
    return this.inner.commit(commits);
  }

  deliver(deliveries: readonly Delivery[]): ReturnType<Store['deliver']> {
    return this.inner.deliver(deliveries);
  }

  claim(request: ClaimRequest): ReturnType<Store['claim']> {
    return this.inner.claim(request);
  }

  facts(run: RunKey, after: number): ReturnType<Store['facts']> {
    return this.inner.facts(run, after);
  }

  register(worker: WorkerRecord): Promise<void> {
    return this.inner.register(worker);
  }

  heartbeat(worker: string, now: number, expiresAt: number): Promise<boolean> {
    return this.inner.heartbeat(worker, now, expiresAt);
  }

  retire(worker: string, now: number): Promise<void> {
    return this.inner.retire(worker, now);
  }

  expire(now: number): Promise<string[]> {
    return this.inner.expire(now);
  }

  workers(): Promise<WorkerRecord[]> {
    return this.inner.workers();
  }

  strand(now: number, error: Failure): Promise<number> {
    return this.inner.strand(now, error);
  }

  journal(run: RunKey, from: number, limit: number): ReturnType<Store['journal']> {
    return this.inner.journal(run, from, limit);
  }

  get(namespace: string, id: string): ReturnType<Store['get']> {
    return this.inner.get(namespace, id);
  }

  query(query: RunQuery): ReturnType<Store['query']> {
    return this.inner.query(query);
  }

  setQueue(change: QueueChange): Promise<void> {
    return this.inner.setQueue(change);
  }

  queues(namespace: string): ReturnType<Store['queues']> {
    return this.inner.queues(namespace);
  }

  schedules(namespace: string): ReturnType<Store['schedules']> {
    return this.inner.schedules(namespace);
  }

  saveSchedule(schedule: ScheduleRecord): Promise<boolean> {
    return this.inner.saveSchedule(schedule);
  }

  deleteSchedule(namespace: string, name: string): Promise<boolean> {
    return this.inner.deleteSchedule(namespace, name);
  }

  count(criteria: RunCriteria): ReturnType<Store['count']> {
    return this.inner.count(criteria);
  }

  purge(namespace: string, id: string): Promise<boolean> {
    return this.inner.purge(namespace, id);
  }

  feed(request: FeedRequest): ReturnType<Store['feed']> {
    return this.inner.feed(request);
  }

  beginRequest(request: NewRequest): ReturnType<Store['beginRequest']> {
    return this.inner.beginRequest(request);
  }

  answerRequest(request: Parameters<Store['answerRequest']>[0]): Promise<void> {
    return this.inner.answerRequest(request);
  }

  forgetRequests(before: number): Promise<number> {
    return this.inner.forgetRequests(before);
  }

  saveArtifact(artifact: NewArtifact): ReturnType<Store['saveArtifact']> {
    return this.inner.saveArtifact(artifact);
  }

  artifacts(namespace: string, run: string, name?: string): ReturnType<Store['artifacts']> {
    return this.inner.artifacts(namespace, run, name);
  }

  dropArtifacts(namespace: string, run: string): Promise<void> {
    return this.inner.dropArtifacts(namespace, run);
  }

  identity(): Promise<string> {
    return this.inner.identity();
  }

  artifactRuns(after: ArtifactOwner | null, limit: number): Promise<ArtifactOwner[]> {
    return this.inner.artifactRuns(after, limit);
  }

  transact(run: RunKey, key: string, work: TransactionWork): ReturnType<Store['transact']> {
    return this.inner.transact(run, key, work);
  }

  namespaces(): Promise<string[]> {
    return this.inner.namespaces();
  }

  dump(after: RunKey, limit: number): ReturnType<Store['dump']> {
    return this.inner.dump(after, limit);
  }

  load(runs: readonly StoredRun[]): Promise<number> {
    return this.inner.load(runs);
  }

  subscribe(listener: (news: News) => void): () => void {
    return this.inner.subscribe(listener);
  }

  close(): Promise<void> {
    return this.inner.close();
  }
}
