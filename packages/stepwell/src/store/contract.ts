import type { Payload } from '../model/codec.ts';
import type { Commit } from '../model/event.ts';
import type { NumberedFact } from '../model/fact.ts';
import type { Failure } from '../model/failure.ts';
import type { QueueChange, QueueRecord } from '../model/queue.ts';
import type { NewRun, RunKey, RunRecord, RunStatus } from '../model/run.ts';
import type { ClaimAnswer, ClaimRequest } from './claim.ts';
import type { CommitAnswer, CommitRequest, RunEnd } from './commit.ts';
import type { DeliverAnswer, Delivery } from './delivery.ts';
import type { FeedPage, FeedRequest } from './feed.ts';
import type { RunCriteria, RunQuery } from './query.ts';
import type {
  ArtifactOwner,
  ArtifactRecord,
  NewArtifact,
  NewRequest,
  RequestState,
  ScheduleRecord,
  StoredRun,
  WorkerRecord,
} from './records.ts';

/**
 * What the engine asks of a store. Every method is atomic and durable when its promise resolves; the items of one
 * call are independent of each other, and their answers come in the order of the items. A method rejects with a
 * StepwellError (`STORE_…`) when nothing of the call was done, or when it is not known whether it was.
 * Times are milliseconds since 1970. `test/conformance/` is the executable form of this page.
 */
export interface Store {
  /** Short name for messages and benchmarks: `sqlite`, `memory`, `postgres`. */
  readonly kind: string;

  /**
   * The time that all who use the store go by, in milliseconds since 1970, if it has a clock of its own: the machines
   * whose processes share it may have clocks that are minutes apart.
   */
  readonly now?: () => number;

  /**
   * Puts new runs in. A run whose (namespace, id) exists is left as it is, and the existing one is the answer.
   * A run with a `parent` whose key is unknown (purged) is put in all the same.
   * `owner`: a worker that has room gets the runs at once, without a claim: those that are ready when they are created,
   * have no concurrency key and no debounce, and are of a queue without settings, provided that the worker is registered.
   * `debounce`: if a run of the same namespace, workflow and debounce key has not begun, nor has a cancel in its inbox,
   * that run is the answer (`moved`), whatever the ids. All of it but key, id, parent and createdAt becomes as in the new
   * start, with status `queued`; `readyAt` is at most its createdAt + `maxWait`, but not before the new createdAt, and
   * `beginBy` is moved to the same extent. It gets another turn.
   */
  start(runs: readonly NewRun[], owner?: string): Promise<StartAnswer[]>;

  /**
   * Appends commits to journals: the only way a journal grows.
   * `refused`: a commit of that run has this position already, or the run was purged, or a callback to be closed has been completed meanwhile;
   * nothing of that commit was done. The other commits stand.
   */
  commit(commits: readonly CommitRequest[]): Promise<CommitAnswer[]>;

  /** Puts facts into inboxes and makes the runs ready (see {@link Delivery}). */
  deliver(deliveries: readonly Delivery[]): Promise<DeliverAnswer[]>;

  /**
   * Gives ready runs to a worker: unowned, `readyAt` reached, of a queue and a kind that it serves; the most urgent
   * first (priority, then `readyAt`, then age). Of queues with settings only what their rules allow (queue-rules.ts).
   * A run with a concurrency key is given only while fewer runs of that key than its limit have begun and not ended; it
   * stays queued until one of them ends. A child that is put in while the run that awaits it has a slot of the same key has
   * that slot too. If that run ends before it, it has one of its own from then on, or needs one if it has not begun.
   * Out of turn, without slots and whatever the settings of their queue, are given:
   * - to any worker, whatever its kinds and queues: a run with a forced cancel in its inbox; a run that has not begun by
   *   `beginBy`, also a stuck one: its `startedAt` stays null, and it is to be ended. (Of its order: without a `readyAt`, `beginBy`.)
   * - to a worker that it fits: a run that had not begun when a cancel was delivered to it.
   * A worker that is not registered is given nothing: nobody would notice that it is gone.
   */
  claim(request: ClaimRequest): Promise<ClaimAnswer>;

  /** The facts of a run with a number above `after`, in order. */
  facts(run: RunKey, after: number): Promise<NumberedFact[]>;

  /**
   * Announces a worker, or renews its lease. Announcing makes the stuck runs that it fits (kind and queue) ready again,
   * with status `queued`; renewing does so only for those that it did not fit before.
   */
  register(worker: WorkerRecord): Promise<void>;
  /** Renews a lease. False: the worker is not (or no longer) known, all that it owned is lost to it. */
  heartbeat(worker: string, now: number, expiresAt: number): Promise<boolean>;
  /** A worker leaves, or those leave whose lease has run out: what they own becomes ready at once. The answer is the workers that left. */
  retire(worker: string, now: number): Promise<void>;
  expire(now: number): Promise<string[]>;
  workers(): Promise<WorkerRecord[]>;
  /**
   * Marks as stuck the ready, unowned runs that no registered worker fits, with the reason `no worker`; the answer is
   * how many. Runs with a forced cancel are left alone.
   */
  strand(now: number, error: Failure): Promise<number>;

  /** Commits of a run from the one that holds position `from`; at most `limit` commits. */
  journal(run: RunKey, from: number, limit: number): Promise<Commit[]>;
  /**
   * A queued run says in `waitingFor` what holds it: its queue (`holdsOf` in queue-rules.ts), a concurrency key without a
   * slot; a waiting one with a `readyAt` adds that of its queue which holds runs that have begun. {@link Store.query} says it too.
   */
  get(namespace: string, id: string): Promise<RunRecord | null>;
  /** Runs that match, newest first. */
  query(query: RunQuery): Promise<RunRecord[]>;
  /** Changes the settings of a queue; they hold from the next claim on. Runs that are owned stay so. */
  setQueue(change: QueueChange): Promise<void>;
  /** The queues that have settings or runs, by name. */
  queues(namespace: string): Promise<QueueRecord[]>;
  /** The number of runs of each status, of those that match. */
  count(filter: RunCriteria): Promise<Partial<Record<RunStatus, number>>>;
  /** Deletes a run that has ended, with its journal and inbox. False: it does not exist or has not ended. */
  purge(namespace: string, id: string): Promise<boolean>;

  /**
   * The commits of all journals, in an order in which none is missed and none comes twice, however many write and however
   * long their transactions stay open; those of one run in the order of its journal. A page may be empty, and there be more.
   * What is loaded is written anew.
   * @throws StepwellError `CURSOR_INVALID` of a cursor that this store has not made, or has made in a state that was lost
   */
  feed(request: FeedRequest): Promise<FeedPage>;

  /**
   * Remembers that a request of that key has begun. One that began before is told of instead: with its answer, or null
   * while it has none. It begins again if it has expired, or has had no answer for 60 s.
   */
  beginRequest(request: NewRequest): Promise<RequestState>;
  /** The answer of a request that has begun; null: it is given up, and can be begun again at once. */
  answerRequest(request: {
    readonly namespace: string;
    readonly key: string;
    readonly answer: string | null;
  }): Promise<void>;
  /** Forgets the requests that expired before a time; the answer is how many. */
  forgetRequests(before: number): Promise<number>;

  /**
   * Records a version of an artifact; the run need not exist yet. The newest version is the answer instead if it has the
   * same content and type; null if it does not have the number that was expected.
   */
  saveArtifact(artifact: NewArtifact): Promise<ArtifactRecord | null>;
  /** All versions of a run's artifacts, or of one name, by name, the newest of each first. */
  artifacts(namespace: string, run: string, name?: string): Promise<ArtifactRecord[]>;
  /** They go with the run that is purged, too. */
  dropArtifacts(namespace: string, run: string): Promise<void>;
  /** Whose artifacts there are records of, by namespace and id, those after one. */
  artifactRuns(after: ArtifactOwner | null, limit: number): Promise<ArtifactOwner[]>;

  /**
   * What tells this store from all others: made with its tables, the same for all who have it open. A backup has it too;
   * what is copied with `dump` and `load` has not.
   */
  identity(): Promise<string>;

  /** Schedules by name. What a record's value says is for those who keep schedules (`packages/schedules`). */
  schedules(namespace: string): Promise<ScheduleRecord[]>;
  /** Puts a schedule in, or a new revision of it. False: the revision is not the next one, so somebody else was faster. */
  saveSchedule(schedule: ScheduleRecord): Promise<boolean>;
  /** False: there is none. */
  deleteSchedule(namespace: string, name: string): Promise<boolean>;

  /**
   * Does work in a transaction of the store's own database, and keeps its outcome in it, under a key of the run. If an
   * outcome is kept there already, that is the answer, and nothing is done. What `work` throws is thrown, and nothing of
   * what it wrote stays. What it is given is the store's own: a client of `pg`; {@link SqliteTransaction}, where it must
   * not be async; nothing in memory.
   */
  transact(run: RunKey, key: string, work: TransactionWork): Promise<Payload | undefined>;

  /**
   * `start` and `deliver` inside a transaction that is the caller's own: they take effect when it is committed, or not at
   * all. Nobody hears of it before. Absent where a store cannot do that.
   * @param client what the transaction was begun with
   */
  inTransaction?(client: unknown): Pick<Store, 'start' | 'deliver'>;

  /** All that have runs, queues with settings, or schedules, in the order of their names. */
  namespaces(): Promise<string[]>;
  /**
   * All that is kept of the runs with a key above `after`, in the order of their keys, at most `limit` of them: to be
   * loaded into another store. None of them may be owned.
   */
  dump(after: RunKey, limit: number): Promise<StoredRun[]>;
  /**
   * Puts dumped runs in, under the keys that they had. One whose key, or namespace and id, exists is left as it is. The
   * answer is how many were put in. Keys of new runs are above all of them.
   */
  load(runs: readonly StoredRun[]): Promise<number>;

  /** News of what this store has made durable; the answer ends the subscription. News may be lost, doubled or late. */
  subscribe(listener: (news: News) => void): () => void;

  close(): Promise<void>;
}

export type StartAnswer =
  | { readonly created: true; readonly key: RunKey; readonly owned: boolean }
  /** `moved`: by its debounce key; `existing` is how it is now. */
  | { readonly created: false; readonly existing: RunRecord; readonly moved?: true };

export type TransactionWork = (tx: unknown) => Payload | undefined | Promise<Payload | undefined>;

export type News =
  /** Runs became ready, or places or slots for them free, now or at a time. */
  | { readonly type: 'ready'; readonly at: number }
  /** A fact arrived for a run that is owned. */
  | { readonly type: 'fact'; readonly run: RunKey }
  /** A journal grew. `ended`: by the run's end; `end` is how, where that is at hand. */
  | { readonly type: 'journal'; readonly run: RunKey; readonly ended: boolean; readonly end?: RunEnd }
  /** Others of any kind may have been missed: whoever waits for something looks for it. */
  | { readonly type: 'missed' };
