import type { DatabaseSync } from 'node:sqlite';
import type { Payload } from '../../model/codec.ts';
import type { Commit } from '../../model/event.ts';
import { StepwellError } from '../../model/errors.ts';
import type { NumberedFact } from '../../model/fact.ts';
import type { Failure } from '../../model/failure.ts';
import type { QueueChange, QueueRecord } from '../../model/queue.ts';
import type { NewRun, RunKey, RunRecord, RunStatus } from '../../model/run.ts';
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
import { Artifacts } from './artifacts.ts';
import { Callbacks } from './callbacks.ts';
import { Claims } from './claim.ts';
import { Commits } from './commit.ts';
import { explain } from './errors.ts';
import { Feed } from './feed.ts';
import { Inboxes } from './inboxes.ts';
import { Journals } from './journal.ts';
import { Lanes } from './lanes.ts';
import { Outcomes } from './outcomes.ts';
import { Queries } from './query.ts';
import { QueueList } from './queue-list.ts';
import { Queues } from './queues.ts';
import { Requests } from './requests.ts';
import { Runs } from './runs.ts';
import { Schedules } from './schedules.ts';
import { ConcurrencySlots } from './slots.ts';
import { Transfer } from './transfer.ts';
import { Tags } from './tags.ts';
import { GroupTransaction } from './transaction.ts';
import { Workers } from './workers.ts';

export interface SqliteStoreParts {
  readonly database: DatabaseSync;
  readonly path: string;
  readonly soon: (callback: () => void) => void;
  /** Gives the file back to others. */
  readonly unlock: () => void;
}

/** A store in one file. Opened by {@link openSqliteStore}, which takes the file and makes its tables. */
export class SqliteStore implements Store {
  readonly kind = 'sqlite';
  readonly #parts: SqliteStoreParts;
  readonly #news = new Newsroom();
  readonly #transaction: GroupTransaction;
  readonly #queries: Queries;
  readonly #queueList: QueueList;
  readonly #journals: Journals;
  readonly #queues: Queues;
  readonly #runs: Runs;
  readonly #inboxes: Inboxes;
  readonly #commits: Commits;
  readonly #claims: Claims;
  readonly #workers: Workers;
  readonly #schedules: Schedules;
  readonly #feed: Feed;
  readonly #requests: Requests;
  readonly #artifacts: Artifacts;
  readonly #outcomes: Outcomes;
  readonly #transfer: Transfer;

  constructor(parts: SqliteStoreParts) {
    const { database, path, soon } = parts;
    const news = this.#news;
    const lanes = new Lanes(database);
    const journals = new Journals(database);
    const callbacks = new Callbacks(database);
    const queues = new Queues(database, lanes, news);
    const tags = new Tags(database);
    const artifacts = new Artifacts(database);
    const slots = new ConcurrencySlots(database, lanes, queues, news);
    const inboxes = new Inboxes(database, callbacks, news);
    const runs = new Runs(database, lanes, journals, slots, queues, tags, artifacts, news);
    this.#parts = parts;
    this.#queries = new Queries(database, lanes);
    this.#queueList = new QueueList(database, lanes, queues);
    this.#queues = queues;
    this.#journals = journals;
    this.#inboxes = inboxes;
    this.#runs = runs;
    this.#commits = new Commits(database, { runs, journals, inboxes, callbacks, slots, queues, tags, news });
    this.#claims = new Claims(database, { lanes, queues, journals, inboxes, slots, news });
    this.#workers = new Workers(database, lanes, news);
    this.#schedules = new Schedules(database);
    this.#feed = new Feed(database, journals, lanes);
    this.#requests = new Requests(database);
    this.#artifacts = artifacts;
    this.#outcomes = new Outcomes(database);
    const outcomes = this.#outcomes;
    this.#transfer = new Transfer(database, {
      lanes,
      journals,
      inboxes,
      callbacks,
      outcomes,
      tags,
      artifacts,
    });
    this.#transaction = new GroupTransaction(database, {
      soon,
      explain: (thrown) => explain(thrown, path),
      committed: () => news.publish(news.take()),
      rolledBack: () => {
        news.forget();
        journals.reload();
        lanes.reload();
        queues.reload();
        callbacks.reload();
        this.#workers.reload();
      },
    });
  }

  start(runs: readonly NewRun[], owner?: string): Promise<StartAnswer[]> {
    return this.#write(() => {
      const known = owner !== undefined && this.#workers.has(owner) ? owner : null;
      return runs.map((run) => this.#runs.start(run, known));
    });
  }

  commit(commits: readonly CommitRequest[]): Promise<CommitAnswer[]> {
    return this.#write(() => commits.map((request) => this.#commits.append(request)));
  }

  deliver(deliveries: readonly Delivery[]): Promise<DeliverAnswer[]> {
    return this.#write(() => deliveries.map((delivery) => this.#inboxes.deliver(delivery)));
  }

  claim(request: ClaimRequest): Promise<ClaimAnswer> {
    return this.#write(() => this.#claims.claim(request));
  }

  facts(run: RunKey, after: number): Promise<NumberedFact[]> {
    return this.#read(() => this.#inboxes.after(run, after));
  }

  register(worker: WorkerRecord): Promise<void> {
    return this.#write(() => this.#workers.register(worker));
  }

  heartbeat(worker: string, now: number, expiresAt: number): Promise<boolean> {
    return this.#write(() => this.#workers.heartbeat(worker, now, expiresAt));
  }

  retire(worker: string, now: number): Promise<void> {
    return this.#write(() => this.#workers.retire(worker, now));
  }

  expire(now: number): Promise<string[]> {
    return this.#write(() => this.#workers.expire(now));
  }

  workers(): Promise<WorkerRecord[]> {
    return this.#read(() => this.#workers.all());
  }

  strand(now: number, error: Failure): Promise<number> {
    return this.#write(() => this.#workers.strand(now, error));
  }

  journal(run: RunKey, from: number, limit: number): Promise<Commit[]> {
    return this.#read(() => this.#journals.from(run, from, limit));
  }

  get(namespace: string, id: string): Promise<RunRecord | null> {
    return this.#read(() => this.#runs.get(namespace, id));
  }

  query(query: RunQuery): Promise<RunRecord[]> {
    return this.#read(() => this.#queries.find(query).map((row) => this.#runs.view(row)));
  }

  count(criteria: RunCriteria): Promise<Partial<Record<RunStatus, number>>> {
    return this.#read(() => this.#queries.count(criteria));
  }

  setQueue(change: QueueChange): Promise<void> {
    return this.#write(() => this.#queues.set(change));
  }

  queues(namespace: string): Promise<QueueRecord[]> {
    return this.#read(() => this.#queueList.of(namespace));
  }

  purge(namespace: string, id: string): Promise<boolean> {
    return this.#write(() => this.#runs.purge(namespace, id));
  }

  feed(request: FeedRequest): Promise<FeedPage> {
    return this.#read(() => this.#feed.read(request));
  }

  beginRequest(request: NewRequest): Promise<RequestState> {
    return this.#write(() => this.#requests.begin(request));
  }

  answerRequest(request: Parameters<Store['answerRequest']>[0]): Promise<void> {
    return this.#write(() => this.#requests.answer(request));
  }

  forgetRequests(before: number): Promise<number> {
    return this.#write(() => this.#requests.forget(before));
  }

  saveArtifact(artifact: NewArtifact): Promise<ArtifactRecord | null> {
    return this.#write(() => this.#artifacts.save(artifact));
  }

  artifacts(namespace: string, run: string, name?: string): Promise<ArtifactRecord[]> {
    return this.#read(() => this.#artifacts.of({ namespace, run }, name));
  }

  dropArtifacts(namespace: string, run: string): Promise<void> {
    return this.#write(() => this.#artifacts.drop({ namespace, run }));
  }

  artifactRuns(after: ArtifactOwner | null, limit: number): Promise<ArtifactOwner[]> {
    return this.#read(() => this.#artifacts.owners(after, limit));
  }

  identity(): Promise<string> {
    const { database } = this.#parts;
    return this.#read(() => String(database.prepare('select value from identity').get()!['value']));
  }

  schedules(namespace: string): Promise<ScheduleRecord[]> {
    return this.#read(() => this.#schedules.all(namespace));
  }

  saveSchedule(schedule: ScheduleRecord): Promise<boolean> {
    return this.#write(() => this.#schedules.save(schedule));
  }

  deleteSchedule(namespace: string, name: string): Promise<boolean> {
    return this.#write(() => this.#schedules.delete(namespace, name));
  }

  async transact(run: RunKey, key: string, work: TransactionWork): Promise<Payload | undefined> {
    const attempt = await this.#write(() => this.#outcomes.attempt(run, key, work));
    if (attempt.ok) return attempt.value;
    throw attempt.error;
  }

  namespaces(): Promise<string[]> {
    return this.#read(() => this.#transfer.namespaces());
  }

  dump(after: RunKey, limit: number): Promise<StoredRun[]> {
    return this.#read(() => this.#transfer.dump(after, limit));
  }

  load(runs: readonly StoredRun[]): Promise<number> {
    return this.#write(() => runs.filter((run) => this.#transfer.load(run)).length);
  }

  subscribe(listener: (news: News) => void): () => void {
    return this.#news.subscribe(listener);
  }

  async close(): Promise<void> {
    const { database, unlock } = this.#parts;
    if (!database.isOpen) return;
    this.#transaction.flush();
    database.close();
    unlock();
  }

  #write<T>(work: () => T): Promise<T> {
    return this.#parts.database.isOpen ? this.#transaction.write(work) : this.#refuseClosed();
  }

  #read<T>(work: () => T): Promise<T> {
    return this.#parts.database.isOpen ? this.#transaction.read(work) : this.#refuseClosed();
  }

  #refuseClosed(): Promise<never> {
    return Promise.reject(
      new StepwellError('STORE_FAILED', `The store ${this.#parts.path} has been closed.`),
    );
  }
}
