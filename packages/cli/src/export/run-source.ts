import type { RunStatus } from 'stepwell';
import type { Commit, RunRecord, WorkerRecord } from 'stepwell/engine';
import type { ExportedRun } from 'stepwell/testing';
import type { Place } from './place.ts';
import { ServerSource } from './server-source.ts';
import { openReader, type ReaderOptions } from './store-reader.ts';
import { StoreSource } from './store-source.ts';

export interface SourceFilter {
  readonly workflow?: string;
  readonly statuses?: readonly RunStatus[];
  readonly tag?: string;
}

/** Runs in a store or behind a server, to be read. */
export interface RunSource {
  /** Where, for people. */
  readonly name: string;
  /** @throws StepwellError `RUN_NOT_FOUND` */
  exported(id: string): Promise<ExportedRun>;
  /** Runs that match, newest first, a page at a time in memory. */
  list(filter: SourceFilter): AsyncIterable<RunRecord>;
  /** The whole journal of a run that was listed; null: it was purged meanwhile. */
  journal(run: RunRecord): Promise<Commit[] | null>;
  /** Those that are registered; one that died is until another notices it. */
  workers(): Promise<readonly WorkerRecord[]>;
  queues(): Promise<readonly SourceQueue[]>;
  /** The time by which leases and runs are kept there. */
  now(): number;
  close(): Promise<void>;
}

export interface SourceQueue {
  readonly name: string;
  readonly queued: number;
  readonly paused: { readonly reason?: string } | null;
}

/** @param namespace of the store, and where its artifacts are; a server has its own */
export async function openSource(
  place: Place,
  namespace: string,
  options: ReaderOptions = {},
): Promise<RunSource> {
  return 'server' in place
    ? new ServerSource(place.server)
    : new StoreSource(await openReader(place.store, options), namespace);
}
