/**
 * What the model knows of a store, as plain data. The search (search.ts) builds small ones of it, a state at a time; the
 * trace checker (trace-model.ts) keeps one beside the real store. Both move it by the same rules (store-rules.ts).
 * Times are numbers: milliseconds in a trace, 0 (now) and 1 (later) in the search.
 */
export interface ModelStore<R extends ModelRun = ModelRun> {
  readonly runs: R[];
  /** Those that are registered. */
  workers: ModelWorker[];
}

/** An id in a trace, a number in the search. */
export type WorkerId = string | number;

export interface ModelWorker {
  readonly id: WorkerId;
  expiresAt: number;
}

export interface ModelRun {
  status: ModelStatus;
  owner: WorkerId | null;
  /** When it next wants to be given to a worker; null: only when a fact arrives. */
  readyAt: number | null;
  /** It has been given to a worker. */
  begun: boolean;
  /** Its callbacks that are open. */
  open: string[];
  /** Facts that were ever put into its inbox: the number of the last one. */
  delivered: number;
  inbox: ModelFact[];
  /** Number of the last fact that was known when the run was given up: only later ones wake it. */
  seen: number;
  journal: ModelJournal;
  /** The concurrency key that it needs a slot of. */
  readonly slot: Slot | null;
  /** `shared`: that of the run which awaits it. */
  holdsSlot: 'own' | 'shared' | null;
  /** It was cancelled before it had begun: it is given out of turn, and needs no slot. */
  passes: boolean;
}

export type ModelStatus =
  | 'queued'
  | 'running'
  | 'waiting'
  | 'paused'
  | 'stuck'
  | 'succeeded'
  | 'failed'
  | 'cancelled'
  | 'timed_out'
  | 'continued'
  | 'purged';

export interface ModelFact {
  readonly number: number;
  readonly kind: FactKind;
  /** The fact itself, as JSON; only in a trace. */
  readonly text?: string;
}

export type FactKind =
  | 'event'
  | 'callback'
  | 'heartbeat'
  | 'child'
  | 'successor'
  | 'cancel'
  | 'forced cancel'
  | 'pause'
  | 'resume'
  | 'reopen';

interface ModelJournal {
  /** The next position. */
  length: number;
  /** Who wrote last. */
  by: WorkerId | null;
  /** It ends with the run's end. */
  ended: boolean;
}

interface Slot {
  readonly key: string;
  readonly limit: number;
}

/** A commit as far as the model cares. */
export interface ModelCommit {
  readonly by: WorkerId;
  readonly position: number;
  /** How many positions it fills. */
  readonly count: number;
  readonly at: number;
  /** It says that a worker has begun to go on with the run; that the run goes on after its end; that it ends. */
  readonly activates: boolean;
  readonly reopens: boolean;
  readonly ends: boolean;
  /** Facts up to this number leave the inbox. */
  readonly taken: number;
  readonly open: readonly string[];
  readonly close: readonly string[];
  readonly release: ModelRelease | null;
  readonly end: ModelStatus | null;
}

interface ModelRelease {
  readonly status: ModelStatus;
  readonly readyAt: number | null;
  readonly seen: number;
}

/** Bugs that can be put into the rules: a check that does not find them proves nothing. */
export const MUTATIONS = [
  'no position check',
  'release ignores seen',
  'expire frees no runs',
  'acknowledge before storing',
  'close of a completed callback',
  'refused commit takes facts',
  'take up an ended run',
  'the end drops events',
  'no slot check',
  'the end keeps the slot',
  'a purged key is used again',
] as const;
export type Mutation = (typeof MUTATIONS)[number];
