import type { Payload } from '../model/codec.ts';
import type { NumberedFact } from '../model/fact.ts';
import type { RunRecord } from '../model/run.ts';

/*
 * What a store keeps besides runs, queues and the events of journals, whose records are of the model.
 */

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

export interface OpenCallback {
  readonly callback: string;
  readonly op: string;
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

/** Everything about one run. */
export interface StoredRun {
  /** As it is kept: without what `Store.get` computes, and without an owner. */
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
