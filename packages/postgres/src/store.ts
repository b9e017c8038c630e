import { StepwellError } from 'stepwell';
import type {
  ArtifactOwner,
  ArtifactRecord,
  ClaimAnswer,
  ClaimRequest,
  Commit,
  CommitAnswer,
  CommitRequest,
  DeliverAnswer,
  Delivery,
  Failure,
  FeedPage,
  FeedRequest,
  NewArtifact,
  NewRequest,
  NewRun,
  News,
  Newsroom,
  NumberedFact,
  Payload,
  QueueChange,
  QueueRecord,
  RequestState,
  RunCriteria,
  RunKey,
  RunQuery,
  RunRecord,
  RunStatus,
  ScheduleRecord,
  StartAnswer,
  Store,
  StoredRun,
  TransactionWork,
  WorkerRecord,
} from 'stepwell/engine';
import { Artifacts } from './artifacts.ts';
import { Claims } from './claims.ts';
import type { DatabaseClock } from './clock.ts';
import type { Database } from './database.ts';
import { Feed } from './feed.ts';
import type { Started } from './flush.ts';
import { demandClient, JoinedTransaction } from './joined-transaction.ts';
import { Lanes } from './lanes.ts';
import { Leases } from './leases.ts';
import type { NewsChannel } from './news-channel.ts';
import { Queues } from './queues.ts';
import { Reads } from './reads.ts';
import { Requests } from './requests.ts';
import { Schedules } from './schedules.ts';
import { transact } from './transact.ts';
import { Transfer } from './transfer.ts';
import { Writes } from './writes.ts';

/** How often a run may be purged just as another of its id is to be started. */
const MOST_TRIES = 10;

export interface PostgresStoreParts {
  readonly database: Database;
  readonly clock: DatabaseClock;
  readonly channel: NewsChannel;
  readonly newsroom: Newsroom;
  readonly soon: (callback: () => void) => void;
  readonly report: (error: unknown) => void;
}

/** A store in a schema of a PostgreSQL database. Opened by {@link openPostgresStore}, which makes its tables. */
export class PostgresStore implements Store {
  readonly kind = 'postgres';
  readonly #parts: PostgresStoreParts;
  readonly #lanes: Lanes;
  readonly #writes: Writes;
  readonly #claims: Claims;
  readonly #leases: Leases;
  readonly #reads: Reads;
  readonly #queues: Queues;
  readonly #schedules: Schedules;
  readonly #feed: Feed;
  readonly #requests: Requests;
  readonly #artifacts: Artifacts;
  readonly #transfer: Transfer;

  constructor(parts: PostgresStoreParts) {
    const { database, soon, report } = parts;
    const lanes = new Lanes(database);
    const publish = (news: readonly News[]) => this.#publish(news);
    this.#parts = parts;
    this.#lanes = lanes;
    this.#writes = new Writes({ database, lanes, soon, publish, report });
    this.#claims = new Claims(database, lanes);
    this.#leases = new Leases(database);
    this.#queues = new Queues(database);
    this.#reads = new Reads(database, lanes, this.#queues);
    this.#schedules = new Schedules(database);
    this.#feed = new Feed(database, lanes);
    this.#requests = new Requests(database);
    this.#artifacts = new Artifacts(database);
    this.#transfer = new Transfer(database, lanes, this.#artifacts);
  }

  readonly now = (): number => this.#parts.clock.now();

  async start(runs: readonly NewRun[], owner?: string): Promise<StartAnswer[]> {
    // One may move the run that another has named: each is answered as things are before the next.
    if (runs.length > 1 && runs.some(({ debounce }) => debounce !== undefined)) {
      const answers: StartAnswer[] = [];
      for (const run of runs) answers.push(...(await this.start([run], owner)));
      return answers;
    }
    const started = await this.#writes.start(runs, owner ?? null);
    return Promise.all(started.map((one, index) => this.#startAnswer(runs[index]!, one, owner)));
  }

  async #startAnswer(
    run: NewRun,
    started: Started,
    owner: string | undefined,
    tries = MOST_TRIES,
  ): Promise<StartAnswer> {
    if (started !== 'exists') {
      if (!('moved' in started)) return { created: true, ...started };
      const existing = await this.#reads.byKey(started.moved);
      if (existing !== null) return { created: false, existing, moved: true };
    }
    const existing = await this.get(run.namespace, run.id);
    if (existing !== null) return { created: false, existing };
    // Purged meanwhile: its id is free again.
    const [again] = await this.#writes.start([run], owner ?? null);
    if (again !== 'exists' || tries > 1) return this.#startAnswer(run, again!, owner, tries - 1);
    throw nameWithoutRun(run);
  }

  commit(commits: readonly CommitRequest[]): Promise<CommitAnswer[]> {
    return this.#writes.commit(commits);
  }

  deliver(deliveries: readonly Delivery[]): Promise<DeliverAnswer[]> {
    return this.#writes.deliver(deliveries);
  }

  claim(request: ClaimRequest): Promise<ClaimAnswer> {
    return this.#claims.claim(request);
  }

  facts(run: RunKey, after: number): Promise<NumberedFact[]> {
    return this.#reads.facts(run, after);
  }

  async register(worker: WorkerRecord): Promise<void> {
    if (await this.#leases.register(worker)) this.#publish([{ type: 'ready', at: worker.heartbeatAt }]);
  }

  heartbeat(worker: string, now: number, expiresAt: number): Promise<boolean> {
    return this.#leases.renew(worker, now, expiresAt);
  }

  async retire(worker: string, now: number): Promise<void> {
    if (await this.#leases.retire(worker, now)) this.#publish([{ type: 'ready', at: now }]);
  }

  async expire(now: number): Promise<string[]> {
    const { workers, freed } = await this.#leases.expire(now);
    if (freed) this.#publish([{ type: 'ready', at: now }]);
    return workers;
  }

  workers(): Promise<WorkerRecord[]> {
    return this.#reads.workers();
  }

  strand(now: number, error: Failure): Promise<number> {
    return this.#leases.strand(now, error);
  }

  journal(run: RunKey, from: number, limit: number): Promise<Commit[]> {
    return this.#reads.journal(run, from, limit);
  }

  get(namespace: string, id: string): Promise<RunRecord | null> {
    return this.#reads.get(namespace, id);
  }

  query(query: RunQuery): Promise<RunRecord[]> {
    return this.#reads.find(query);
  }

  count(criteria: RunCriteria): Promise<Partial<Record<RunStatus, number>>> {
    return this.#reads.count(criteria);
  }

  async setQueue(change: QueueChange): Promise<void> {
    await this.#queues.set(change);
    this.#publish([{ type: 'ready', at: change.now }]);
  }

  queues(namespace: string): Promise<QueueRecord[]> {
    return this.#queues.all(namespace);
  }

  feed(request: FeedRequest): Promise<FeedPage> {
    return this.#feed.read(request);
  }

  beginRequest(request: NewRequest): Promise<RequestState> {
    return this.#requests.begin(request);
  }

  answerRequest(request: Parameters<Store['answerRequest']>[0]): Promise<void> {
    return this.#requests.answer(request);
  }

  forgetRequests(before: number): Promise<number> {
    return this.#requests.forget(before);
  }

  saveArtifact(artifact: NewArtifact): Promise<ArtifactRecord | null> {
    return this.#artifacts.save(artifact);
  }

  artifacts(namespace: string, run: string, name?: string): Promise<ArtifactRecord[]> {
    const owner = { namespace, run };
    return name === undefined ? this.#artifacts.of([owner]) : this.#artifacts.named(owner, name);
  }

  dropArtifacts(namespace: string, run: string): Promise<void> {
    return this.#artifacts.drop({ namespace, run });
  }

  artifactRuns(after: ArtifactOwner | null, limit: number): Promise<ArtifactOwner[]> {
    return this.#artifacts.owners(after, limit);
  }

  async identity(): Promise<string> {
    const { database } = this.#parts;
    const [row] = await database.read<{ value: string }>(`select value from ${database.schema}.identity`);
    return row!.value;
  }

  schedules(namespace: string): Promise<ScheduleRecord[]> {
    return this.#schedules.all(namespace);
  }

  saveSchedule(schedule: ScheduleRecord): Promise<boolean> {
    return this.#schedules.save(schedule);
  }

  deleteSchedule(namespace: string, name: string): Promise<boolean> {
    return this.#schedules.delete(namespace, name);
  }

  transact(run: RunKey, key: string, work: TransactionWork): Promise<Payload | undefined> {
    return transact(this.#parts.database, run, key, work);
  }

  inTransaction(client: unknown): JoinedTransaction {
    const { database } = this.#parts;
    return new JoinedTransaction({ client: demandClient(client), database, lanes: this.#lanes });
  }

  namespaces(): Promise<string[]> {
    return this.#transfer.namespaces();
  }

  dump(after: RunKey, limit: number): Promise<StoredRun[]> {
    return this.#transfer.dump(after, limit);
  }

  load(runs: readonly StoredRun[]): Promise<number> {
    return this.#transfer.load(runs);
  }

  async purge(namespace: string, id: string): Promise<boolean> {
    const { database } = this.#parts;
    const [row] = await database.write<{ purged: boolean }>(
      `select ${database.schema}.purge($1, $2) as purged`,
      [namespace, id],
    );
    return row!.purged;
  }

  subscribe(listener: (news: News) => void): () => void {
    return this.#parts.newsroom.subscribe(listener);
  }

  async close(): Promise<void> {
    await this.#writes.settled();
    await this.#parts.channel.close();
    await this.#parts.database.close();
  }

  /** Here at once, and to all other processes. */
  #publish(news: readonly News[]): void {
    this.#parts.newsroom.publish(news);
    this.#parts.channel.tell(news);
  }
}

/** Somebody has deleted rows of `run` by hand. */
function nameWithoutRun({ namespace, id }: NewRun): StepwellError {
  return new StepwellError(
    'STORE_DAMAGED',
    `The id "${id}" of namespace "${namespace}" is taken in the table run_name, but its run is not in the table run. Restore a backup, or delete that row.`,
  );
}
