import { isDeepStrictEqual } from 'node:util';
import { StepwellError } from 'stepwell';
import {
  type Commit,
  isReference,
  type RunKey,
  type RunRecord,
  type StoredCommit,
  type StoreReader,
  type StoredRun,
  type WorkerRecord,
} from 'stepwell/engine';
import { type ExportedRun, exportOf } from 'stepwell/testing';
import type { RunSource, SourceFilter, SourceQueue } from './run-source.ts';

const PAGE = 500;
/** What a journal with a reference has somewhere; not only such a one. */
const REFERENCE = '"$stepwell"';
/** How often a run that moves on while it is read is read again. */
const TRIES = 20;

/** Runs in a store, with everything that is kept of them. */
export class StoreSource implements RunSource {
  readonly #store: StoreReader;
  readonly #namespace: string;

  constructor(store: StoreReader, namespace: string) {
    this.#store = store;
    this.#namespace = namespace;
  }

  get name(): string {
    return `this ${this.#store.kind} store`;
  }

  async exported(id: string): Promise<ExportedRun> {
    let before = await this.#read(id);
    for (let tries = 1; tries < TRIES; tries++) {
      // Of a run that moves, a fact may have left the inbox that the journal which was read before does not have yet.
      const again = await this.#read(id);
      if (isDeepStrictEqual(before, again)) return exportOf(again, 'store', Date.now());
      before = again;
    }
    throw new StepwellError(
      'RUN_NOT_ENDED',
      `The run "${id}" moves on faster than it can be read. Pause it or wait for its end, and export it then.`,
    );
  }

  async #read(id: string): Promise<StoredRun> {
    const run = await this.#store.get(this.#namespace, id);
    const [stored] = run === null ? [] : await this.#store.dump(run.key - 1, 1);
    if (run === null || stored?.run.id !== id)
      throw new StepwellError('RUN_NOT_FOUND', `There is no run "${id}" in namespace "${this.#namespace}".`);
    const { input, output } = run;
    return {
      ...stored,
      run: { ...stored.run, input, output },
      journal: await Promise.all(stored.journal.map((commit) => this.#wholeCommit(run.key, commit))),
    };
  }

  /** Journals, too, may have references, which are read where the place of the artifacts is known. */
  async #wholeCommit(run: RunKey, commit: StoredCommit): Promise<StoredCommit> {
    if (!commit.events.includes(REFERENCE)) return commit;
    const [whole] = await this.#store.journal(run, commit.position, 1);
    return whole === undefined ? commit : { ...commit, events: JSON.stringify(whole.events) };
  }

  async *list(filter: SourceFilter): AsyncGenerator<RunRecord> {
    let below: number | undefined;
    for (;;) {
      const page = await this.#store.query({
        namespace: this.#namespace,
        ...filter,
        ...(below !== undefined && { below }),
        limit: PAGE,
      });
      for (const run of page) yield await this.#whole(run);
      if (page.length < PAGE) return;
      below = page.at(-1)!.key;
    }
  }

  /** Lists have references to values that are kept with the artifacts. */
  async #whole(run: RunRecord): Promise<RunRecord> {
    if (!isReference(run.input) && !isReference(run.output)) return run;
    return (await this.#store.get(this.#namespace, run.id)) ?? run;
  }

  journal(run: RunRecord): Promise<Commit[]> {
    return this.#store.journal(run.key, 0, Number.MAX_SAFE_INTEGER);
  }

  workers(): Promise<WorkerRecord[]> {
    return this.#store.workers();
  }

  async queues(): Promise<SourceQueue[]> {
    const queues = await this.#store.queues(this.#namespace);
    return queues.map(({ name, counts, paused }) => ({ name, queued: counts.queued ?? 0, paused }));
  }

  now(): number {
    return this.#store.now?.() ?? Date.now();
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}
