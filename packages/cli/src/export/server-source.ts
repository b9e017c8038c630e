import { isReference, isStepwellError, type Json, type RunEvent, type RunInfo } from 'stepwell';
import type { StepwellClient } from 'stepwell/client';
import type { Commit, RunRecord, WorkerRecord } from 'stepwell/engine';
import { type ExportedRun, exportOf } from 'stepwell/testing';
import { connectTo } from '../target/target.ts';
import type { RunSource, SourceFilter, SourceQueue } from './run-source.ts';

const PAGE = 200;

/** Runs behind a server: what its API tells of them. */
export class ServerSource implements RunSource {
  readonly name: string;
  readonly #client: StepwellClient;

  constructor(server: string) {
    this.name = server;
    this.#client = connectTo(server);
  }

  async exported(id: string): Promise<ExportedRun> {
    const run = recordOf(await this.#client.get(id));
    const journal = (await this.#history(id)).map(({ position, at, event }) => {
      return { position, at, count: 1, events: JSON.stringify([event]) };
    });
    const untold = { inbox: [], callbacks: [], slot: null, debounceKey: null, outcomes: [], artifacts: [] };
    return exportOf({ run, journal, ...untold }, 'server', Date.now());
  }

  async *list({ workflow, statuses, tag }: SourceFilter): AsyncGenerator<RunRecord> {
    let cursor: string | undefined;
    do {
      const page = await this.#client.list({
        ...(workflow !== undefined && { workflow }),
        ...(statuses !== undefined && { status: statuses }),
        ...(tag !== undefined && { tag }),
        ...(cursor !== undefined && { cursor }),
        limit: PAGE,
      });
      for (const run of page.runs) yield recordOf(await this.#whole(run));
      ({ cursor } = page);
    } while (cursor !== undefined);
  }

  /** Lists have references to values that are kept with the artifacts. */
  async #whole(run: RunInfo): Promise<RunInfo> {
    if (!isReference(run.input) && !isReference(run.output)) return run;
    try {
      return await this.#client.get(run.id);
    } catch (error) {
      // That it is gone is found when its journal is read.
      if (isStepwellError(error, 'RUN_NOT_FOUND')) return run;
      throw error;
    }
  }

  async journal({ id }: RunRecord): Promise<Commit[] | null> {
    try {
      return (await this.#history(id)).map(({ position, at, event }) => ({ position, at, events: [event] }));
    } catch (error) {
      if (isStepwellError(error, 'RUN_NOT_FOUND')) return null;
      throw error;
    }
  }

  async #history(id: string): Promise<RunEvent[]> {
    const events: RunEvent[] = [];
    for await (const event of this.#client.events(id, { follow: false })) events.push(event);
    return events;
  }

  workers(): Promise<readonly WorkerRecord[]> {
    return this.#client.workers();
  }

  async queues(): Promise<SourceQueue[]> {
    const queues = await this.#client.queues();
    return queues.map(({ name, counts, paused = null }) => ({ name, queued: counts.queued, paused }));
  }

  now(): number {
    return Date.now();
  }

  async close(): Promise<void> {}
}

/** What an API does not tell of a run is not needed to replay it. */
function recordOf({ parent, ...info }: RunInfo): RunRecord {
  return {
    ...info,
    // What could not be loaded is a reference, as in a store.
    input: info.input as Json | undefined,
    output: info.output as Json | undefined,
    key: 0,
    owner: null,
    readyAt: info.readyAt ?? null,
    error: info.error,
    parent: parent === undefined ? null : { key: 0, ...parent },
    continuedBy: info.continuedBy ?? null,
    timeout: null,
    hardTimeout: null,
    beginBy: null,
    concurrencyKey: null,
    concurrencyLimit: null,
    delivered: 0,
    startedAt: info.startedAt ?? null,
    endedAt: info.endedAt ?? null,
    tags: info.tags ?? [],
    traceparent: info.traceparent ?? null,
  };
}
