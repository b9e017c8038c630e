import type { Commit } from '../model/event.ts';
import type { Fact, NumberedFact } from '../model/fact.ts';
import type { Failure } from '../model/failure.ts';
import type { Payload } from '../model/codec.ts';
import type { QueueChange, QueueRecord } from '../model/queue.ts';
import type {
  FinalStatus,
  NewRun,
  Progress,
  RunKey,
  RunRecord,
  RunStatus,
  WaitReason,
} from '../model/run.ts';

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
  /** All versions of a run's artifacts, by name, the newest of each first. */
  artifacts(namespace: string, run: string): Promise<ArtifactRecord[]>;
  /** They go with the run that is purged, too. */
  dropArtifacts(namespace: string, run: string): Promise<void>;
  /** Whose artifacts there are records of, by namespace and id, those after one. */
  artifactRuns(after: ArtifactOwner | null, limit: number): Promise<ArtifactOwner[]>;

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

export interface CommitRequest {
  readonly run: RunKey;
  /** Position of the first of the events. */
  readonly position: number;
  readonly at: number;
  /** The events as the text of a JSON array; never empty. */
  readonly events: string;
  readonly count: number;
  /** Facts up to this number are now in the journal and leave the inbox; 0: none. */
  readonly taken: number;
  /** Callbacks that begin, and that end without having been completed. */
  readonly open: readonly OpenCallback[];
  readonly close: readonly string[];
  /** Child runs to start. One whose id exists is not started: instead its `refusal` goes into this run's inbox. */
  readonly starts: readonly ChildStart[];
  /** Facts for other runs. Those for runs that are gone or have ended are dropped. */
  readonly deliver: readonly { readonly run: RunKeyOrId; readonly fact: Fact }[];
  readonly change: RunChange | null;
}

export interface OpenCallback {
  readonly callback: string;
  readonly op: string;
}

export interface ChildStart {
  readonly run: NewRun;
  readonly refusal: Fact;
}

export type RunKeyOrId = { readonly key: RunKey } | { readonly namespace: string; readonly id: string };

/** What a commit changes in the run's row; an ordinary step's commit changes nothing there. */
export interface RunChange {
  readonly progress?: Progress;
  readonly statusText?: string;
  /** Tags to add to those that it has. */
  readonly tags?: readonly string[];
  /**
   * The owner gives the run up. `readyAt` null: only a fact makes it ready. If a fact that wakes it has been delivered
   * beyond `seen`, it is ready at once instead. `parked`: the worker keeps the activation in memory.
   */
  readonly release?: {
    readonly status: 'queued' | 'waiting' | 'paused' | 'stuck';
    readonly readyAt: number | null;
    readonly waitingFor: readonly WaitReason[];
    /** Number of the last fact that this activation knows. */
    readonly seen: number;
    readonly parkedBy: string | null;
    readonly error?: Failure;
  };
  /**
   * The run ends: its open callbacks are closed, the next of its concurrency key becomes ready. Of what is left in its
   * inbox, facts for its operations are dropped. The others go to the run that goes on for it, if there is one; events
   * of a run that failed, timed out or was cancelled stay, for a later retry; all else is dropped.
   */
  readonly end?: RunEnd;
}

export interface RunEnd {
  readonly status: FinalStatus;
  readonly output: Payload | undefined;
  readonly error: Failure | undefined;
  readonly continuedBy: string | null;
  readonly endedAt: number;
}

export type CommitAnswer = 'stored' | 'refused';

/**
 * A fact on its way to a run. It makes an unowned run ready (`readyAt` = `now`), except that a paused or stuck run is
 * made ready only by control facts (cancel, pause, resume, reopen), and one that has not begun only by a cancel: nothing
 * else cuts short the delay with which a run was started. A run that is ready already stays where it is in line. `reopen` is taken only by a run that has ended as
 * failed, cancelled or timed out, and makes it active again (status `queued`, output, error and endedAt empty);
 * all other facts only by a run that has not ended. A reopened run needs a slot of its concurrency key anew.
 */
export interface Delivery {
  readonly to: RunKeyOrId | { readonly callback: string };
  readonly now: number;
  readonly fact: Fact | CallbackFact;
}

/** A callback's completion or heartbeat: the store fills in which operation of which run. A completion closes the callback. */
export type CallbackFact =
  | Omit<Extract<Fact, { type: 'callback' }>, 'op'>
  | Omit<Extract<Fact, { type: 'heartbeat' }>, 'op'>;

export type DeliverAnswer =
  | { readonly delivered: true; readonly run: RunKey }
  /** `unknown`: no such run, or no open callback of that id. `ended` / `active`: the run's state does not take the fact. */
  | { readonly delivered: false; readonly because: 'unknown' | 'ended' | 'active' };

export interface ClaimRequest {
  readonly worker: string;
  /** `workflow@version`, see {@link kindOf}. */
  readonly kinds: readonly string[];
  /** Null: all queues. */
  readonly queues: readonly string[] | null;
  readonly limit: number;
  readonly now: number;
}

export interface ClaimAnswer {
  readonly runs: readonly ClaimedRun[];
  /**
   * When the next run that this worker fits becomes ready, after `now`; null: none is known. Runs of paused queues do not
   * count. A queue that the worker serves counts with the time at which its rate lets the next run begin, if this claim
   * has left none to begin now. An unowned run that has not begun counts, for every worker, with its `beginBy`.
   */
  readonly nextReadyAt: number | null;
}

export interface ClaimedRun {
  /** As it is after the claim: `running`, owned by the worker. */
  readonly run: RunRecord;
  /** The whole journal; null when the same worker parked the run and nobody has owned it since. */
  readonly journal: readonly Commit[] | null;
  readonly facts: readonly NumberedFact[];
}

export interface WorkerRecord {
  readonly id: string;
  /** For people: host and process. */
  readonly name: string;
  readonly kinds: readonly string[];
  readonly queues: readonly string[] | null;
  readonly startedAt: number;
  readonly heartbeatAt: number;
  readonly expiresAt: number;
}

export type TransactionWork = (tx: unknown) => Payload | undefined | Promise<Payload | undefined>;

/** Everything about one run. */
export interface StoredRun {
  /** As it is kept: without what {@link Store.get} computes, and without an owner. */
  readonly run: RunRecord;
  readonly journal: readonly StoredCommit[];
  readonly inbox: readonly NumberedFact[];
  /** Its open callbacks, in the order of their ids. */
  readonly callbacks: readonly OpenCallback[];
  /** What it has of its concurrency key: a slot, or that of the run that awaits it. */
  readonly slot: 'own' | 'shared' | null;
  /** While it has not begun: by which a further start puts it off. */
  readonly debounceKey: string | null;
  /** Of its transactions, in the order of their keys. */
  readonly outcomes: readonly TransactionOutcome[];
  readonly artifacts: readonly ArtifactRecord[];
}

export interface TransactionOutcome {
  readonly key: string;
  readonly value: Payload | undefined;
}

/** A commit of a journal, its events as they were written. */
export interface StoredCommit {
  readonly position: number;
  readonly at: number;
  readonly count: number;
  readonly events: string;
}

export interface FeedRequest {
  readonly namespace: string;
  readonly workflow?: string;
  /** Of runs that have it when they are read. */
  readonly tag?: string;
  /** Where to go on; the empty text: with the oldest that is kept; null: with what comes from now on. */
  readonly after: string | null;
  /** The cursor of an earlier answer: nothing that came later. */
  readonly until?: string;
  /** Of commits that are looked at. */
  readonly limit: number;
}

export interface FeedPage {
  readonly commits: readonly FeedCommit[];
  /** After all that was looked at. Without more it is `until`, if that is not behind `after`. */
  readonly cursor: string;
  /** There may be more at once. */
  readonly more: boolean;
}

export interface FeedCommit {
  readonly run: RunKey;
  readonly id: string;
  readonly workflow: string;
  readonly version: string;
  readonly tags: readonly string[];
  readonly commit: Commit;
  /** After this one. */
  readonly cursor: string;
}

/** How long a request may be without an answer before another may begin in its place (ms). */
export const REQUEST_PATIENCE = 60_000;

export interface NewRequest {
  readonly namespace: string;
  readonly key: string;
  /** Of what is asked for: whoever uses the key for something else can tell. */
  readonly fingerprint: string;
  readonly now: number;
  readonly expiresAt: number;
}

export type RequestState =
  | { readonly begun: true }
  | { readonly begun: false; readonly fingerprint: string; readonly answer: string | null };

export interface ArtifactOwner {
  readonly namespace: string;
  /** Id of a run. */
  readonly run: string;
}

/** What is known of one version of an artifact; its content is kept elsewhere. */
export interface ArtifactRecord extends ArtifactOwner {
  readonly name: string;
  /** 1, 2 … of that name. All are kept until the run is purged. */
  readonly number: number;
  /** Bytes. */
  readonly size: number;
  /** SHA-256 of the content, in hex. */
  readonly hash: string;
  readonly contentType: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

export interface NewArtifact extends Omit<ArtifactRecord, 'number'> {
  /** The number that the newest version must have; 0: there must be none. */
  readonly expected?: number;
}

export interface ScheduleRecord {
  readonly namespace: string;
  readonly name: string;
  /** 1 of a new one, and one more with each change. */
  readonly revision: number;
  readonly value: string;
}

/** Which runs; what is left out does not matter. */
export interface RunCriteria {
  readonly namespace: string;
  readonly workflow?: string;
  readonly version?: string;
  readonly statuses?: readonly RunStatus[];
  readonly queue?: string;
  readonly parent?: RunKey;
  readonly tag?: string;
  /** A text that is somewhere in the id, as it is written: to find it all ids of the namespace may be read. */
  readonly idContains?: string;
  readonly createdFrom?: number;
  readonly createdBefore?: number;
}

export interface RunQuery extends RunCriteria {
  /** Only runs with a key below this one: where the page before ended. */
  readonly below?: RunKey;
  readonly limit: number;
}

export type News =
  /** Runs became ready, or places or slots for them free, now or at a time. */
  | { readonly type: 'ready'; readonly at: number }
  /** A fact arrived for a run that is owned. */
  | { readonly type: 'fact'; readonly run: RunKey }
  /** A journal grew. `ended`: by the run's end; `end` is how, where that is at hand. */
  | { readonly type: 'journal'; readonly run: RunKey; readonly ended: boolean; readonly end?: RunEnd }
  /** Others of any kind may have been missed: whoever waits for something looks for it. */
  | { readonly type: 'missed' };

/** What a worker must have to run a run. */
export function kindOf(workflow: string, version: string): string {
  return `${workflow}@${version}`;
}
