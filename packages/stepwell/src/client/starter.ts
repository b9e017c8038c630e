import type { LargePayloads } from '../artifacts/large-payloads.ts';
import type { Loader } from '../artifacts/loading-store.ts';
import type { Instruments } from '../engine/instruments.ts';
import type { Worker } from '../engine/worker.ts';
import { StepwellError } from '../model/errors.ts';
import type { NewRun } from '../model/run.ts';
import type { StartAnswer, Store } from '../store/contract.ts';
import type { AnyDefinition } from '../workflow/definition.ts';
import type { Control } from './control.ts';
import { forkedRun } from './fork.ts';
import { definitionOf, demandSame, newRun, type StartParts } from './start.ts';
import { joined } from './transact.ts';
import type { ForkOptions, StartedRun, StartItem, StartOptions } from './types.ts';
import type { Started, Watch } from './watch.ts';

/** Runs that are put in with one call of the store: a transaction. */
const STARTS_AT_ONCE = 10_000;

export interface StarterParts extends StartParts {
  readonly store: Store;
  readonly loader: Loader;
  readonly watch: Watch;
  readonly control: Control;
  readonly worker: Worker | null;
  readonly instruments: Instruments | null;
  readonly large: LargePayloads | null;
  readonly demandOpen: () => void;
}

/** Puts new runs into the store: with this engine's own worker where that has room, which saves a claim. */
export class Starter {
  readonly #parts: StarterParts;
  readonly #handle: (id: string, started: Started | null) => StartedRun;

  /** @param handle what whoever starts a run is given; `started` null: it was there before */
  constructor(parts: StarterParts, handle: (id: string, started: Started | null) => StartedRun) {
    this.#parts = parts;
    this.#handle = handle;
  }

  async one(workflow: AnyDefinition | string, input: unknown, options: StartOptions): Promise<StartedRun> {
    const { registry, instruments, store, demandOpen } = this.#parts;
    demandOpen();
    const since = instruments?.now();
    const definition = definitionOf(registry, workflow, options.version);
    const run = await newRun(this.#parts, definition, input, options);
    const { client } = options;
    if (client === undefined) return this.#startedAs(run, await this.#startHere(run), since);
    const short = await this.#shorten(run);
    const started = this.#startedAs(run, (await joined(store, client).start([short]))[0]!, since);
    // If the transaction is rolled back, no news of the run will ever come: its handle looks whether it is there.
    return this.#handle(started.id, null);
  }

  async many(workflow: AnyDefinition | string, items: readonly StartItem<unknown>[]): Promise<StartedRun[]> {
    const { registry, large, demandOpen } = this.#parts;
    demandOpen();
    const runs: NewRun[] = [];
    for (const { input, ...options } of items) {
      const definition = definitionOf(registry, workflow, options.version);
      runs.push(await newRun(this.#parts, definition, input, options));
    }
    const short = large === null ? runs : await Promise.all(runs.map((run) => large.shortenStart(run)));
    const answers = await this.#startAll(short);
    return answers.map((answer, index) => this.#startedAs(runs[index]!, answer));
  }

  async fork(id: string, options: ForkOptions): Promise<StartedRun> {
    const { control, store, loader } = this.#parts;
    const source = await loader.run(await control.record(id));
    const journal = await store.journal(source.key, 0, Number.MAX_SAFE_INTEGER);
    const run = forkedRun(this.#parts, source, journal, options);
    const [answer] = await store.start([await this.#shorten(run)]);
    if (answer!.created) return this.#startedAs(run, answer!);
    throw new StepwellError('RUN_ID_TAKEN', `The run "${run.id}" exists already. Give the fork another id.`);
  }

  async #startHere(run: NewRun): Promise<StartAnswer> {
    const { store, worker, large } = this.#parts;
    // Not through a promise where nothing is kept elsewhere: this is the way of most starts.
    const short = large === null ? run : await large.shortenStart(run);
    const place = worker?.offer(run) ?? null;
    if (place === null) return (await store.start([short]))[0]!;
    try {
      const [answer] = await store.start([short], place.owner);
      place.adopt(run, answer!);
      return answer!;
    } catch (error) {
      place.refuse(error);
      throw error;
    }
  }

  async #startAll(runs: readonly NewRun[]): Promise<StartAnswer[]> {
    const answers: StartAnswer[] = [];
    for (let index = 0; index < runs.length; index += STARTS_AT_ONCE)
      answers.push(...(await this.#parts.store.start(runs.slice(index, index + STARTS_AT_ONCE))));
    return answers;
  }

  /** A start as the store gets it: what is too large for it is kept elsewhere by then. */
  async #shorten(run: NewRun): Promise<NewRun> {
    const { large } = this.#parts;
    return large === null ? run : large.shortenStart(run);
  }

  /**
   * @param since when the start was called, by the clock of the instruments; undefined: it was not called alone
   * @throws StepwellError `RUN_ID_TAKEN`
   */
  #startedAs(run: NewRun, answer: StartAnswer, since?: number): StartedRun {
    const { watch, payloads } = this.#parts;
    if (!answer.created) {
      if (answer.moved !== true) demandSame(answer.existing, run, payloads);
      return this.#handle(answer.existing.id, null);
    }
    this.#tellStarted(run, since);
    return this.#handle(run.id, watch.started(answer.key));
  }

  #tellStarted(run: NewRun, since: number | undefined): void {
    const { instruments } = this.#parts;
    if (instruments === null) return;
    const milliseconds = since === undefined ? null : instruments.now() - since;
    instruments.tell({ type: 'run started', run, milliseconds });
  }
}
