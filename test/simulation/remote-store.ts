import { StepwellError } from '../../packages/stepwell/src/model/errors.ts';
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
import type { Fate, Faults } from './faults.ts';
import type { Scheduler } from './scheduler.ts';
import type { SimProcess } from './sim-process.ts';
import { summaryOf } from './summary.ts';
import type { Trace } from './trace.ts';

/**
 * The shared store as one process sees it: over a network that delays calls, answers and news, and loses some.
 *
 *   call ──(arrival)──▶ done in the store ──(answer)──▶ resolved
 *     │ caller dies          │ caller dies, or the answer is lost: done, and nobody knows
 *     └ fails: not done, and nobody knows
 */
export class RemoteStore implements Store {
  readonly #process: SimProcess;
  readonly #backend: Store;
  readonly #world: { scheduler: Scheduler; faults: Faults; trace: Trace };
  readonly #listeners = new Set<(news: News) => void>();
  #calls = 0;

  constructor(
    process: SimProcess,
    backend: Store,
    world: { scheduler: Scheduler; faults: Faults; trace: Trace },
  ) {
    this.#process = process;
    this.#backend = backend;
    this.#world = world;
    const unsubscribe = backend.subscribe((news) => {
      if (process.alive) this.#spread(news);
    });
    process.died.catch(unsubscribe);
  }

  get kind(): string {
    return this.#backend.kind;
  }

  start(runs: readonly NewRun[], owner?: string): ReturnType<Store['start']> {
    return this.#call('start', runs, (store, runs) => store.start(runs, owner));
  }

  commit(commits: readonly CommitRequest[]): ReturnType<Store['commit']> {
    return this.#call('commit', commits, (store, commits) => store.commit(commits));
  }

  deliver(deliveries: readonly Delivery[]): ReturnType<Store['deliver']> {
    return this.#call('deliver', deliveries, (store, deliveries) => store.deliver(deliveries));
  }

  claim(request: ClaimRequest): ReturnType<Store['claim']> {
    return this.#call('claim', request, (store, request) => store.claim(request));
  }

  facts(run: RunKey, after: number): ReturnType<Store['facts']> {
    return this.#call('facts', run, (store, run) => store.facts(run, after));
  }

  register(worker: WorkerRecord): Promise<void> {
    this.#process.worker = worker.id;
    return this.#call('register', worker, (store, worker) => store.register(worker));
  }

  heartbeat(worker: string, now: number, expiresAt: number): Promise<boolean> {
    return this.#call('heartbeat', worker, (store, worker) => store.heartbeat(worker, now, expiresAt));
  }

  retire(worker: string, now: number): Promise<void> {
    return this.#call('retire', worker, (store, worker) => store.retire(worker, now));
  }

  expire(now: number): Promise<string[]> {
    return this.#call('expire', now, (store, now) => store.expire(now));
  }

  workers(): Promise<WorkerRecord[]> {
    return this.#call('workers', null, (store) => store.workers());
  }

  strand(now: number, error: Failure): Promise<number> {
    return this.#call('strand', now, (store, now) => store.strand(now, error));
  }

  journal(run: RunKey, from: number, limit: number): ReturnType<Store['journal']> {
    return this.#call('journal', run, (store, run) => store.journal(run, from, limit));
  }

  get(namespace: string, id: string): ReturnType<Store['get']> {
    return this.#call('get', id, (store, id) => store.get(namespace, id));
  }

  query(query: RunQuery): ReturnType<Store['query']> {
    return this.#call('query', query, (store, query) => store.query(query));
  }

  count(criteria: RunCriteria): ReturnType<Store['count']> {
    return this.#call('count', criteria, (store, criteria) => store.count(criteria));
  }

  setQueue(change: QueueChange): Promise<void> {
    return this.#call('setQueue', change, (store, change) => store.setQueue(change));
  }

  queues(namespace: string): ReturnType<Store['queues']> {
    return this.#call('queues', namespace, (store, namespace) => store.queues(namespace));
  }

  purge(namespace: string, id: string): Promise<boolean> {
    return this.#call('purge', id, (store, id) => store.purge(namespace, id));
  }

  schedules(namespace: string): ReturnType<Store['schedules']> {
    return this.#call('schedules', namespace, (store, namespace) => store.schedules(namespace));
  }

  saveSchedule(schedule: ScheduleRecord): Promise<boolean> {
    return this.#call('saveSchedule', schedule, (store, schedule) => store.saveSchedule(schedule));
  }

  deleteSchedule(namespace: string, name: string): Promise<boolean> {
    return this.#call('deleteSchedule', name, (store, name) => store.deleteSchedule(namespace, name));
  }

  feed(request: FeedRequest): ReturnType<Store['feed']> {
    return this.#call('feed', request, (store, request) => store.feed(request));
  }

  beginRequest(request: NewRequest): ReturnType<Store['beginRequest']> {
    return this.#call('beginRequest', request, (store, request) => store.beginRequest(request));
  }

  answerRequest(request: Parameters<Store['answerRequest']>[0]): Promise<void> {
    return this.#call('answerRequest', request, (store, request) => store.answerRequest(request));
  }

  forgetRequests(before: number): Promise<number> {
    return this.#call('forgetRequests', before, (store, before) => store.forgetRequests(before));
  }

  saveArtifact(artifact: NewArtifact): ReturnType<Store['saveArtifact']> {
    return this.#call('saveArtifact', artifact, (store, artifact) => store.saveArtifact(artifact));
  }

  artifacts(namespace: string, run: string, name?: string): ReturnType<Store['artifacts']> {
    return this.#call('artifacts', run, (store, run) => store.artifacts(namespace, run, name));
  }

  dropArtifacts(namespace: string, run: string): Promise<void> {
    return this.#call('dropArtifacts', run, (store, run) => store.dropArtifacts(namespace, run));
  }

  identity(): Promise<string> {
    return this.#call('identity', null, (store) => store.identity());
  }

  artifactRuns(after: ArtifactOwner | null, limit: number): Promise<ArtifactOwner[]> {
    return this.#call('artifactRuns', after, (store, after) => store.artifactRuns(after, limit));
  }

  transact(run: RunKey, key: string, work: TransactionWork): ReturnType<Store['transact']> {
    return this.#call('transact', key, (store, key) => store.transact(run, key, work));
  }

  namespaces(): Promise<string[]> {
    return this.#call('namespaces', null, (store) => store.namespaces());
  }

  dump(after: RunKey, limit: number): ReturnType<Store['dump']> {
    return this.#call('dump', after, (store, after) => store.dump(after, limit));
  }

  load(runs: readonly StoredRun[]): Promise<number> {
    return this.#call('load', runs, (store, runs) => store.load(runs));
  }

  subscribe(listener: (news: News) => void): () => void {
    const own = (news: News) => listener(news);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  async close(): Promise<void> {}

  #call<A, T>(method: string, argument: A, perform: (store: Store, argument: A) => Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const { faults, scheduler, trace } = this.#world;
    const caller = this.#process;
    if (!caller.alive) return promise;
    const label = `${method} #${++this.#calls}`;
    const fate = faults.ofCall(caller, method);
    // As it is now: the caller may go on to change what it handed over.
    const sent = structuredClone(argument);
    trace.write(caller.name, `${label} ${summaryOf(method, sent)}`);
    if (fate.crash === 'before') {
      caller.crash(`before ${label}`);
      this.#struck(fate);
    }
    if (fate.pauses > 0) caller.pause(fate.pauses);
    if (fate.fails) {
      caller.schedule(fate.arrival, () => {
        trace.write(caller.name, `${label} failed`);
        this.#struck(fate);
        reject(lost(label));
      });
      return promise;
    }
    scheduler.after(fate.arrival, () => {
      if (!caller.alive && !faults.fires('call of a dead process arrives')) return;
      scheduler.hold(perform(this.#backend, sent)).then(
        (answer) => this.#answer(label, fate, answer, resolve, reject),
        (error: unknown) => caller.schedule(fate.answer, () => reject(error)),
      );
    });
    return promise;
  }

  #answer<T>(
    label: string,
    fate: Fate,
    answer: T,
    resolve: (answer: T) => void,
    reject: (error: Error) => void,
  ): void {
    const { trace } = this.#world;
    const caller = this.#process;
    trace.write(caller.name, `${label} is done${caller.alive ? '' : ', though its caller is dead'}`);
    if (fate.crash === 'after') {
      caller.crash(`after ${label}`);
      this.#struck(fate);
    }
    caller.schedule(fate.answer, () => {
      trace.write(
        caller.name,
        `${label} ${fate.answerLost ? 'answer lost' : `= ${summaryOf('answer', answer)}`}`,
      );
      if (!fate.answerLost) return resolve(answer);
      this.#struck(fate);
      reject(lost(label));
    });
  }

  #struck({ planned }: Fate): void {
    if (planned) this.#world.faults.struck();
  }

  #spread(news: News): void {
    for (const delay of this.#world.faults.newsDelays())
      this.#process.schedule(delay, () => {
        for (const listener of this.#listeners) listener(news);
      });
  }
}

function lost(label: string): StepwellError {
  return new StepwellError('STORE_FAILED', `The simulated store did not answer ${label}.`);
}
