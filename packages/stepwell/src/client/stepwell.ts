import type { ArtifactStore } from '../artifacts/contract.ts';
import { LargePayloads } from '../artifacts/large-payloads.ts';
import { loadingStore } from '../artifacts/loading-store.ts';
import { Shelf } from '../artifacts/shelf.ts';
import { harmless, type Instruments } from '../engine/instruments.ts';
import type { System } from '../engine/system.ts';
import { Worker } from '../engine/worker.ts';
import { milliseconds, type Duration } from '../model/duration.ts';
import { StepwellError } from '../model/errors.ts';
import { present } from '../model/fields.ts';
import { checkId, checkReason } from '../model/identifier.ts';
import type { Limits } from '../model/limits.ts';
import { Payloads } from '../model/payload.ts';
import type { NewRun, RunStatus } from '../model/run.ts';
import type { StartAnswer, Store, WorkerRecord } from '../store/contract.ts';
import type { AnyDefinition, Definition } from '../workflow/definition.ts';
import type { ExecutionParts } from '../workflow/execution.ts';
import { FunctionRuntime } from '../workflow/function-runtime.ts';
import type { Registry } from '../workflow/registry.ts';
import { Artifacts } from './artifacts.ts';
import { cancelAll, type FoundFilter, purgeAll, retryAll, startAll } from './bulk.ts';
import { Callbacks } from './callbacks.ts';
import { Control } from './control.ts';
import { journalPage, readEvents } from './events.ts';
import { feedPage, type FeedParts, readFeed } from './feed.ts';
import { forkedRun } from './fork.ts';
import { Handle } from './handle.ts';
import { infosOf } from './info.ts';
import { criteriaOf, listRuns } from './list.ts';
import { openArtifacts } from './open-artifacts.ts';
import { openStore } from './open-store.ts';
import { checkOptions, type CheckedOptions } from './options.ts';
import { listQueues, pauseQueue, type QueueParts, resumeQueue, setQueue } from './queues.ts';
import { awaitResult } from './result.ts';
import { definitionOf, demandSame, newRun, type StartParts } from './start.ts';
import { Sweeps } from './sweeps.ts';
import { realSystem, reportError, systemFor } from './system.ts';
import type {
  CancelOptions,
  EngineParts,
  EventsOptions,
  FeedEvent,
  FeedOptions,
  ForkOptions,
  ListOptions,
  PauseOptions,
  OpenOptions,
  RaiseOptions,
  QueueInfo,
  QueueSettings,
  ResultOptions,
  RunEvent,
  RunFilter,
  RunHandle,
  RunInfo,
  RunList,
  StartArguments,
  StartedRun,
  StartItem,
  StartOptions,
} from './types.ts';
import { joined, transact } from './transact.ts';
import { engineClosed, Watch, type Started } from './watch.ts';

/** An engine on a store: starts runs, executes them (unless `worker` is false), and answers for them. */
export class Stepwell implements AsyncDisposable {
  readonly namespace: string;
  readonly callbacks: Pick<Callbacks, 'succeed' | 'fail' | 'heartbeat'>;
  /** The files of runs. */
  readonly artifacts: Artifacts;

  readonly #store: Store;
  readonly #ownsStore: boolean;
  readonly #system: System;
  readonly #limits: Limits;
  readonly #payloads: Payloads;
  readonly #registry: Registry;
  readonly #worker: Worker | null;
  readonly #instruments: Instruments | null;
  /** Keeps payloads that are too large for a journal; null: they are refused. */
  readonly #large: LargePayloads | null;
  readonly #sweeps: Sweeps | null;
  readonly #watch: Watch;
  readonly #parts: StartParts;
  readonly #control: Control;
  #closed: Promise<void> | null = null;

  private constructor(
    options: CheckedOptions,
    store: Store,
    contents: ArtifactStore | null,
    bodyOf: ExecutionParts['bodyOf'],
  ) {
    const { namespace, limits, registry, settings } = options;
    this.namespace = namespace;
    this.#limits = limits;
    this.#registry = registry;
    this.#system = options.system ?? systemFor(store);
    this.#ownsStore = typeof options.store === 'string';
    const report = options.onError ?? reportError;
    const shelf = shelfOf(contents, store, this.#system, limits);
    // Only where somebody has said where: values that leave the store of the runs are a thing to know of.
    const keeps = shelf !== null && options.artifacts !== undefined;
    const timer: System['timer'] = (delay, callback) => this.#system.timer(delay, callback);
    this.#large = keeps ? new LargePayloads({ shelf, limit: limits.payloadBytes, timer, report }) : null;
    this.#store = keeps ? loadingStore(store, { contents: shelf.parts.contents, timer, report }) : store;
    this.#payloads = new Payloads(options.codec ?? null, limits, this.#large !== null);
    this.callbacks = new Callbacks(this.#store, this.#system, this.#payloads, () => this.#demandOpen());
    this.#watch = new Watch(this.#store, this.#system);
    this.#parts = {
      registry: this.#registry,
      system: this.#system,
      payloads: this.#payloads,
      limits: this.#limits,
      namespace: this.namespace,
    };
    this.artifacts = new Artifacts(shelf, store, this.#parts, () => this.#demandOpen(), report);
    this.#control = new Control(this.#store, this.#parts, () => this.#demandOpen());
    const runtime = new FunctionRuntime({
      registry: this.#registry,
      limits: this.#limits,
      settled: (callback) => this.#system.settled(callback),
      codec: this.#payloads.codec,
      transact: (run, key, work) => transact(this.#store, this.#payloads, run, key, work),
      artifacts: shelf,
      bodyOf,
    });
    this.#instruments = options.instruments === undefined ? null : harmless(options.instruments, report);
    this.#instruments?.tell({ type: 'opened', workflows: this.workflows() });
    const parts = {
      store: this.#store,
      runtime,
      system: this.#system,
      payloads: this.#payloads,
      limits: this.#limits,
      large: this.#large,
      report,
      instruments: this.#instruments,
    };
    this.#worker = settings === null ? null : new Worker(parts, settings);
    const sweeps = settings !== null && contents !== null && contents.kind !== 'memory';
    this.#sweeps = sweeps ? new Sweeps(this.artifacts, this.#system, report) : null;
  }

  /**
   * Opens a store and goes on with the runs that are in it.
   * @throws StepwellError `STORE_…`, `WORKFLOW_DUPLICATE`, `OPTION_INVALID`
   */
  static async open(options: OpenOptions): Promise<Stepwell> {
    return Stepwell.openWith(options, null);
  }

  /** @internal For `stepwell/testing`: as `open`, with other bodies of steps. */
  static async openWith(options: OpenOptions, bodyOf: ExecutionParts['bodyOf']): Promise<Stepwell> {
    const checked = checkOptions(options);
    const contents = await openArtifacts(options, options.system ?? realSystem);
    const store =
      typeof options.store === 'string'
        ? await openStore(options.store, options.system ?? realSystem, options.onError)
        : options.store;
    const well = new Stepwell(checked, store, contents, bodyOf);
    try {
      await well.#worker?.open();
    } catch (error) {
      await well.close({ grace: 0 });
      throw error;
    }
    return well;
  }

  /**
   * Starts a run; it is durable when the promise resolves. With an `id` that exists, the run that exists is the answer,
   * provided that workflow and input are the same.
   * @throws StepwellError `WORKFLOW_UNKNOWN`, `WORKFLOW_VERSION_UNKNOWN`, `INPUT_INVALID`, `VALUE_NOT_JSON`,
   * `PAYLOAD_TOO_LARGE`, `ID_INVALID`, `RUN_ID_TAKEN`, `OPTION_INVALID`, `STORE_…`
   */
  start<I, O>(workflow: Definition<I, O>, ...rest: StartArguments<I>): Promise<StartedRun<O>>;
  start<T = unknown>(workflow: string, input?: unknown, options?: StartOptions): Promise<StartedRun<T>>;
  async start(
    workflow: AnyDefinition | string,
    input?: unknown,
    options: StartOptions = {},
  ): Promise<StartedRun> {
    this.#demandOpen();
    const since = this.#instruments?.now();
    const definition = definitionOf(this.#registry, workflow, options.version);
    const run = await newRun(this.#parts, definition, input, options);
    const { client } = options;
    if (client === undefined) return this.#startedAs(run, await this.#startHere(run), since);
    const short = await this.#shorten(run);
    const started = this.#startedAs(run, (await joined(this.#store, client).start([short]))[0]!);
    // If the transaction is rolled back, no news of the run will ever come: its handle looks whether it is there.
    return new Handle(this, started.id, null);
  }

  /**
   * Starts many runs of a workflow, in their order: 10,000 at a time in one transaction. Nothing is started if one of them
   * is not valid. If one has an id that is taken, all the others are started, and the call is rejected.
   * @throws as `start`
   */
  startMany<I, O>(workflow: Definition<I, O>, items: readonly StartItem<I>[]): Promise<StartedRun<O>[]>;
  startMany<T = unknown>(workflow: string, items: readonly StartItem<unknown>[]): Promise<StartedRun<T>[]>;
  async startMany(
    workflow: AnyDefinition | string,
    items: readonly StartItem<unknown>[],
  ): Promise<StartedRun[]> {
    this.#demandOpen();
    const runs: NewRun[] = [];
    for (const { input, ...options } of items) {
      const definition = definitionOf(this.#registry, workflow, options.version);
      runs.push(await newRun(this.#parts, definition, input, options));
    }
    const short = this.#large === null ? runs : await Promise.all(runs.map((run) => this.#shorten(run)));
    const answers = await startAll(this.#queueParts, short);
    return answers.map((answer, index) => this.#startedAs(runs[index]!, answer));
  }

  /** @throws StepwellError `RUN_ID_TAKEN` */
  #startedAs(run: NewRun, answer: StartAnswer, since?: number): StartedRun {
    if (answer.created) this.#tellStarted(run, since);
    if (answer.created) return new Handle(this, run.id, this.#watch.started(answer.key));
    if (answer.moved !== true) demandSame(answer.existing, run, this.#payloads);
    return new Handle(this, answer.existing.id, null);
  }

  /** @param since when the start was called, by the clock of the instruments; undefined: it was not called alone */
  #tellStarted(run: NewRun, since?: number): void {
    if (this.#instruments === null) return;
    const milliseconds = since === undefined ? null : this.#instruments.now() - since;
    this.#instruments.tell({ type: 'run started', run, milliseconds });
  }

  /** Starts a run, and gives it to this engine's own worker if that has room: that saves a claim. */
  async #startHere(run: NewRun): Promise<StartAnswer> {
    const short = this.#large === null ? run : await this.#large.shortenStart(run);
    const place = this.#worker?.offer(run) ?? null;
    if (place === null) return (await this.#store.start([short]))[0]!;
    try {
      const [answer] = await this.#store.start([short], place.owner);
      place.adopt(run, answer!);
      return answer!;
    } catch (error) {
      place.refuse(error);
      throw error;
    }
  }

  /** A start as the store gets it: what is too large for it is kept elsewhere by then. */
  #shorten(run: NewRun): Promise<NewRun> {
    return this.#large === null ? Promise.resolve(run) : this.#large.shortenStart(run);
  }

  /** A run by its id; whether it exists shows when it is asked for something. */
  run<T = unknown>(id: string): RunHandle<T> {
    return new Handle<T>(this, checkId(id, 'run id', this.#limits.idLength), null);
  }

  /** @throws StepwellError `RUN_NOT_FOUND`, `ID_INVALID` */
  async get(id: string): Promise<RunInfo> {
    const run = await this.#control.record(id);
    const [info] = await infosOf(this.#store, [run], this.#payloads.codec, this.#system.now());
    return info!;
  }

  /** Runs that match, newest first. @throws StepwellError `OPTION_INVALID`, `CURSOR_INVALID`, `RUN_NOT_FOUND` (of the parent) */
  async list(options: ListOptions = {}): Promise<RunList> {
    this.#demandOpen();
    const { parent } = await this.#found(options);
    return listRuns(this.#store, this.namespace, options, parent, this.#payloads.codec, this.#system.now());
  }

  /**
   * The run's output, as soon as it has ended. Follows `continueAs`.
   * @throws the run's own error; StepwellError `RUN_CANCELLED`, `RUN_TIMED_OUT`, `RUN_NOT_FOUND`, `RUN_PURGED`, `ENGINE_CLOSED`
   */
  async result<T = unknown>(
    id: string,
    options: ResultOptions = {},
    started: Started | null = null,
  ): Promise<T> {
    const parts = {
      watch: this.#watch,
      registry: this.#registry,
      payloads: this.#payloads,
      record: (run: string) => this.#control.record(run),
    };
    return (await awaitResult(parts, id, options, started)) as T;
  }

  /** The run's journal from a position on, and what is added to it, until its end. @throws StepwellError `RUN_NOT_FOUND`, `RUN_PURGED`, `ENGINE_CLOSED` */
  events(id: string, options: EventsOptions = {}): AsyncIterableIterator<RunEvent> {
    const record = (run: string) => this.#control.record(run);
    return readEvents(
      { store: this.#store, watch: this.#watch, codec: this.#payloads.codec, record },
      id,
      options,
    );
  }

  /**
   * The events of all runs of the namespace as they are written: none is missed, none comes twice, whichever process wrote
   * it. Those of one run come in the order of its journal. Ends only with an error, or when it is left.
   * @throws StepwellError `CURSOR_INVALID`, `NAME_INVALID`, `ENGINE_CLOSED`
   */
  feed(options: FeedOptions = {}): AsyncIterableIterator<FeedEvent> {
    return readFeed(this.#feedParts, options);
  }

  /**
   * Raises an event to a run; it is kept until the run asks for it. With an `id`, a second one of that id is dropped.
   * @throws StepwellError `RUN_NOT_FOUND`, `RUN_ENDED`, `NAME_INVALID`, `VALUE_NOT_JSON`, `PAYLOAD_TOO_LARGE`
   */
  async raiseEvent(id: string, name: string, value?: unknown, options: RaiseOptions = {}): Promise<void> {
    await this.#control.raiseEvent(id, name, value, options);
  }

  /**
   * Asks a run to end: what it waits for is cancelled, its cleanup and undo handlers run. A second call, or `force`, ends
   * it at once. @throws StepwellError `RUN_NOT_FOUND`, `RUN_ENDED`
   */
  async cancel(id: string, options: CancelOptions = {}): Promise<void> {
    await this.#control.cancel(id, options);
  }

  /** Bodies that run may end, nothing new begins. @throws StepwellError `RUN_NOT_FOUND`, `RUN_ENDED` */
  async pause(id: string, { reason, by }: PauseOptions = {}): Promise<void> {
    const fact = { type: 'pause', reason: checkReason(reason), by: checkReason(by) } as const;
    await this.#control.deliver(id, present(fact));
  }

  /** @throws StepwellError `RUN_NOT_FOUND`, `RUN_ENDED` */
  async resume(id: string): Promise<void> {
    await this.#control.deliver(id, { type: 'resume' });
  }

  /**
   * Reopens a run that failed, timed out or was cancelled: what failed is done again, what succeeded is not.
   * @throws StepwellError `RUN_NOT_FOUND`, `RUN_NOT_FAILED`
   */
  async retry(id: string): Promise<void> {
    await this.#control.deliver(id, { type: 'reopen' });
  }

  /**
   * Retries all runs that match, by default those that failed or timed out; the answer is how many.
   * @throws StepwellError `OPTION_INVALID`
   */
  async retryAll(filter: RunFilter = {}): Promise<number> {
    return retryAll(this.#queueParts, await this.#found(filter));
  }

  /**
   * Asks all runs that match and have not ended to end; the answer is how many.
   * @throws StepwellError `OPTION_INVALID`
   */
  async cancelAll(filter: RunFilter, { reason }: { reason?: string } = {}): Promise<number> {
    return cancelAll(this.#queueParts, await this.#found(filter), checkReason(reason));
  }

  /**
   * Deletes all runs that match and have ended, each with its journal; the answer is how many.
   * @throws StepwellError `OPTION_INVALID`, `RUN_NOT_FOUND` (of the parent)
   */
  async purgeAll(filter: RunFilter): Promise<number> {
    return purgeAll(this.#queueParts, await this.#found(filter), (id) => this.purge(id));
  }

  async #found(filter: RunFilter): Promise<FoundFilter> {
    const { parent } = filter;
    return { filter, parent: parent === undefined ? undefined : (await this.#control.record(parent)).key };
  }

  /** The queues that have settings or runs, by name. */
  async queues(): Promise<QueueInfo[]> {
    return listQueues(this.#queueParts);
  }

  /**
   * Sets what holds a queue back, in place of what was set before; `{}`: nothing. Kept in the store, in force everywhere at once.
   * @throws StepwellError `NAME_INVALID`, `OPTION_INVALID`, `DURATION_INVALID`
   */
  async setQueue(name: string, settings: QueueSettings): Promise<void> {
    await setQueue(this.#queueParts, name, settings);
  }

  /** Nothing of the queue is taken up any more; what is active goes on until it waits. @throws StepwellError `NAME_INVALID` */
  async pauseQueue(name: string, options: PauseOptions = {}): Promise<void> {
    await pauseQueue(this.#queueParts, name, options);
  }

  /** @throws StepwellError `NAME_INVALID` */
  async resumeQueue(name: string): Promise<void> {
    await resumeQueue(this.#queueParts, name);
  }

  /**
   * Starts a new run that has, up to an operation, the same past as this one.
   * @throws StepwellError `RUN_NOT_FOUND`, `OPERATION_NOT_FOUND`, `FORK_NOT_POSSIBLE`, `RUN_ID_TAKEN`, `VALUE_NOT_JSON`
   */
  async fork<T = unknown>(id: string, options: ForkOptions): Promise<StartedRun<T>> {
    const source = await this.#control.record(id);
    const journal = await this.#store.journal(source.key, 0, Number.MAX_SAFE_INTEGER);
    const run = forkedRun(this.#parts, source, journal, options);
    const [answer] = await this.#store.start([await this.#shorten(run)]);
    if (!answer!.created)
      throw new StepwellError(
        'RUN_ID_TAKEN',
        `The run "${run.id}" exists already. Give the fork another id.`,
      );
    this.#tellStarted(run);
    return new Handle<T>(this, run.id, this.#watch.started(answer!.key));
  }

  /** Deletes a run that has ended, with its journal. @throws StepwellError `RUN_NOT_FOUND`, `RUN_NOT_ENDED` */
  async purge(id: string): Promise<void> {
    await this.artifacts.purging(id, () => this.#control.purge(id));
  }

  /** The workflows that are registered here. */
  workflows(): readonly { name: string; version: string }[] {
    return this.#registry.all.map(({ name, version }) => ({ name, version }));
  }

  async workers(): Promise<WorkerRecord[]> {
    this.#demandOpen();
    return this.#store.workers();
  }

  /**
   * The number of runs of each status, of those that match: what `cancelAll`, `retryAll` and `purgeAll` would reach.
   * @throws StepwellError `OPTION_INVALID`, `RUN_NOT_FOUND` (of the parent)
   */
  async counts(filter: RunFilter = {}): Promise<Partial<Record<RunStatus, number>>> {
    this.#demandOpen();
    const { parent } = await this.#found(filter);
    return this.#store.count(criteriaOf(this.namespace, filter, parent));
  }

  /**
   * Stops: bodies of steps that run may end within `grace` (default 10 s), the rest goes on wherever the store is opened
   * next. A second call waits for the first.
   */
  close({ grace = '10s' }: { grace?: Duration } = {}): Promise<void> {
    this.#closed ??= this.#close(milliseconds(grace, 'grace'));
    return this.#closed;
  }

  async #close(grace: number): Promise<void> {
    await this.#worker?.close(grace);
    this.#watch.close();
    this.#sweeps?.close();
    this.#large?.close();
    if (this.#ownsStore) await this.#store.close();
  }

  /** Stops at once and gives nothing back, as a crash would: the hard stop. What was not durable is lost, the rest goes on elsewhere. */
  kill(): void {
    this.#worker?.kill();
    this.#watch.close();
    this.#sweeps?.close();
    this.#large?.close();
    this.#closed ??= this.#ownsStore ? this.#store.close() : Promise.resolve();
  }

  /** @internal What other packages of Stepwell build on. */
  get parts(): EngineParts {
    return {
      store: this.#store,
      system: this.#system,
      prepare: (workflow, input, options) =>
        newRun(this.#parts, definitionOf(this.#registry, workflow, options.version), input, options),
      feedPage: (request) => feedPage(this.#feedParts, request),
      journalPage: (run, from, limit) => {
        this.#demandOpen();
        return journalPage({ store: this.#store, codec: this.#payloads.codec }, run, from, limit);
      },
      hear: (news) => this.#watch.hear(news),
      watchAll: () => this.#watch.openAny(),
    };
  }

  /** Runs that are being executed by this engine now, and waiting ones that it keeps in memory. */
  load(): { active: number; parked: number } {
    return { active: this.#worker?.activeCount ?? 0, parked: this.#worker?.parkedCount ?? 0 };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #feedParts(): FeedParts {
    const { codec } = this.#payloads;
    const demandOpen = () => this.#demandOpen();
    return { store: this.#store, watch: this.#watch, codec, namespace: this.namespace, demandOpen };
  }

  get #queueParts(): QueueParts {
    this.#demandOpen();
    return { store: this.#store, system: this.#system, namespace: this.namespace };
  }

  #demandOpen(): void {
    if (this.#closed !== null) throw engineClosed();
  }
}

/** Null: there is no place for artifacts. */
function shelfOf(
  contents: ArtifactStore | null,
  records: Store,
  system: System,
  { artifactBytes: limit }: Limits,
): Shelf | null {
  return contents === null ? null : new Shelf({ contents, records, now: () => system.now(), limit });
}
