import type { ArtifactStore } from '../artifacts/contract.ts';
import { milliseconds, type Duration } from '../model/duration.ts';
import { checkId } from '../model/identifier.ts';
import type { RunStatus } from '../model/run.ts';
import type { Store } from '../store/contract.ts';
import type { WorkerRecord } from '../store/records.ts';
import type { AnyDefinition, Definition } from '../workflow/definition.ts';
import type { ExecutionParts } from '../workflow/execution.ts';
import type { Artifacts } from './artifacts.ts';
import { assemble, type Assembly } from './assembly.ts';
import { cancelAll, purgeAll, retryAll } from './bulk.ts';
import type { Callbacks } from './callbacks.ts';
import { journalPage, readEvents } from './events.ts';
import { feedPage, readFeed } from './feed.ts';
import { criteriaOf, type RunFilter } from './filter.ts';
import { Handle } from './handle.ts';
import { infosOf } from './info.ts';
import { listRuns } from './list.ts';
import { openArtifacts } from './open-artifacts.ts';
import { openStore } from './open-store.ts';
import { checkOptions, type CheckedOptions } from './options.ts';
import { listQueues, pauseQueue, resumeQueue, setQueue } from './queues.ts';
import { awaitResult } from './result.ts';
import { definitionOf, newRun } from './start.ts';
import { Starter } from './starter.ts';
import { realSystem } from './system.ts';
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
  RunHandle,
  RunInfo,
  RunList,
  StartArguments,
  StartedRun,
  StartItem,
  StartOptions,
} from './types.ts';
import { engineClosed, type Started } from './watch.ts';

/** An engine on a store: starts runs, executes them (unless `worker` is false), and answers for them. */
export class Stepwell implements AsyncDisposable {
  readonly namespace: string;
  readonly callbacks: Pick<Callbacks, 'succeed' | 'fail' | 'heartbeat'>;
  /** The files of runs. */
  readonly artifacts: Artifacts;

  readonly #parts: Assembly;
  readonly #starter: Starter;
  readonly #ownsStore: boolean;
  #closed: Promise<void> | null = null;

  private constructor(
    options: CheckedOptions,
    store: Store,
    contents: ArtifactStore | null,
    bodyOf: ExecutionParts['bodyOf'],
  ) {
    this.#parts = assemble(options, store, contents, bodyOf, () => this.#demandOpen());
    this.#starter = new Starter(this.#parts, (id, started) => new Handle(this, id, started));
    this.#ownsStore = typeof options.store === 'string';
    this.namespace = options.namespace;
    this.callbacks = this.#parts.callbacks;
    this.artifacts = this.#parts.artifacts;
  }

  /**
   * Opens a store and goes on with the runs that are in it.
   * @throws StepwellError `STORE_…`, `WORKFLOW_DUPLICATE`, `OPTION_INVALID`, `ARTIFACTS_OWNED_ELSEWHERE`
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
      // What would fail in the middle of a run fails here. A place that is the default is made when it is needed.
      if (well.#parts.worker !== null && options.artifacts !== undefined) await well.artifacts.demandOwn();
      await well.#parts.worker?.open();
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
  start(workflow: AnyDefinition | string, input?: unknown, options: StartOptions = {}): Promise<StartedRun> {
    return this.#starter.one(workflow, input, options);
  }

  /**
   * Starts many runs of a workflow, in their order: 10,000 at a time in one transaction. Nothing is started if one of them
   * is not valid. If one has an id that is taken, all the others are started, and the call is rejected.
   * @throws as `start`
   */
  startMany<I, O>(workflow: Definition<I, O>, items: readonly StartItem<I>[]): Promise<StartedRun<O>[]>;
  startMany<T = unknown>(workflow: string, items: readonly StartItem<unknown>[]): Promise<StartedRun<T>[]>;
  startMany(workflow: AnyDefinition | string, items: readonly StartItem<unknown>[]): Promise<StartedRun[]> {
    return this.#starter.many(workflow, items);
  }

  /** A run by its id; whether it exists shows when it is asked for something. */
  run<T = unknown>(id: string): RunHandle<T> {
    return new Handle<T>(this, checkId(id, 'run id', this.#parts.limits.idLength), null);
  }

  /** @throws StepwellError `RUN_NOT_FOUND`, `ID_INVALID` */
  async get(id: string): Promise<RunInfo> {
    const { store, codec, system, record, loader } = this.#parts;
    const [info] = await infosOf(store, [await loader.run(await record(id))], codec, system.now());
    return info!;
  }

  /** Runs that match, newest first. @throws StepwellError `OPTION_INVALID`, `CURSOR_INVALID`, `RUN_NOT_FOUND` (of the parent) */
  async list(options: ListOptions = {}): Promise<RunList> {
    return listRuns(this.#open, options);
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
    return (await awaitResult(this.#parts, id, options, started)) as T;
  }

  /** The run's journal from a position on, and what is added to it, until its end. @throws StepwellError `RUN_NOT_FOUND`, `RUN_PURGED`, `ENGINE_CLOSED` */
  events(id: string, options: EventsOptions = {}): AsyncIterableIterator<RunEvent> {
    return readEvents(this.#parts, id, options);
  }

  /**
   * The events of all runs of the namespace as they are written: none is missed, none comes twice, whichever process wrote
   * it. Those of one run come in the order of its journal. Ends only with an error, or when it is left.
   * @throws StepwellError `CURSOR_INVALID`, `NAME_INVALID`, `ENGINE_CLOSED`
   */
  feed(options: FeedOptions = {}): AsyncIterableIterator<FeedEvent> {
    return readFeed(this.#parts, options);
  }

  /**
   * Raises an event to a run; it is kept until the run asks for it. With an `id`, a second one of that id is dropped.
   * @throws StepwellError `RUN_NOT_FOUND`, `RUN_ENDED`, `NAME_INVALID`, `VALUE_NOT_JSON`, `PAYLOAD_TOO_LARGE`
   */
  async raiseEvent(id: string, name: string, value?: unknown, options: RaiseOptions = {}): Promise<void> {
    await this.#parts.control.raiseEvent(id, name, value, options);
  }

  /**
   * Asks a run to end: what it waits for is cancelled, its cleanup and undo handlers run. A second call, or `force`, ends
   * it at once. @throws StepwellError `RUN_NOT_FOUND`, `RUN_ENDED`
   */
  async cancel(id: string, options: CancelOptions = {}): Promise<void> {
    await this.#parts.control.cancel(id, options);
  }

  /** Bodies that run may end, nothing new begins. @throws StepwellError `RUN_NOT_FOUND`, `RUN_ENDED` */
  async pause(id: string, options: PauseOptions = {}): Promise<void> {
    await this.#parts.control.pause(id, options);
  }

  /** @throws StepwellError `RUN_NOT_FOUND`, `RUN_ENDED` */
  async resume(id: string): Promise<void> {
    await this.#parts.control.deliver(id, { type: 'resume' });
  }

  /**
   * Reopens a run that failed, timed out or was cancelled: what failed is done again, what succeeded is not.
   * @throws StepwellError `RUN_NOT_FOUND`, `RUN_NOT_FAILED`
   */
  async retry(id: string): Promise<void> {
    await this.#parts.control.deliver(id, { type: 'reopen' });
  }

  /**
   * Retries all runs that match, by default those that failed or timed out; the answer is how many.
   * @throws StepwellError `OPTION_INVALID`
   */
  async retryAll(filter: RunFilter = {}): Promise<number> {
    return retryAll(this.#open, filter);
  }

  /**
   * Asks all runs that match and have not ended to end; the answer is how many. `id`: as that of `cancel`.
   * @throws StepwellError `OPTION_INVALID`, `ID_INVALID`
   */
  async cancelAll(filter: RunFilter, options: Omit<CancelOptions, 'force'> = {}): Promise<number> {
    return cancelAll(this.#open, filter, options);
  }

  /**
   * Deletes all runs that match and have ended, each with its journal; the answer is how many.
   * @throws StepwellError `OPTION_INVALID`, `RUN_NOT_FOUND` (of the parent)
   */
  async purgeAll(filter: RunFilter): Promise<number> {
    return purgeAll(this.#open, filter, (id) => this.purge(id));
  }

  /** The queues that have settings or runs, by name. */
  async queues(): Promise<QueueInfo[]> {
    return listQueues(this.#open);
  }

  /**
   * Sets what holds a queue back, in place of what was set before; `{}`: nothing. Kept in the store, in force everywhere at once.
   * @throws StepwellError `NAME_INVALID`, `OPTION_INVALID`, `DURATION_INVALID`
   */
  async setQueue(name: string, settings: QueueSettings): Promise<void> {
    await setQueue(this.#open, name, settings);
  }

  /** Nothing of the queue is taken up any more; what is active goes on until it waits. @throws StepwellError `NAME_INVALID` */
  async pauseQueue(name: string, options: PauseOptions = {}): Promise<void> {
    await pauseQueue(this.#open, name, options);
  }

  /** @throws StepwellError `NAME_INVALID` */
  async resumeQueue(name: string): Promise<void> {
    await resumeQueue(this.#open, name);
  }

  /**
   * Starts a new run that has, up to an operation, the same past as this one.
   * @throws StepwellError `RUN_NOT_FOUND`, `OPERATION_NOT_FOUND`, `FORK_NOT_POSSIBLE`, `RUN_ID_TAKEN`, `VALUE_NOT_JSON`
   */
  async fork<T = unknown>(id: string, options: ForkOptions): Promise<StartedRun<T>> {
    return (await this.#starter.fork(id, options)) as StartedRun<T>;
  }

  /** Deletes a run that has ended, with its journal. @throws StepwellError `RUN_NOT_FOUND`, `RUN_NOT_ENDED` */
  async purge(id: string): Promise<void> {
    await this.artifacts.purging(id, () => this.#parts.control.purge(id));
  }

  /** The workflows that are registered here. */
  workflows(): readonly { name: string; version: string }[] {
    return this.#parts.registry.workflows;
  }

  async workers(): Promise<WorkerRecord[]> {
    return this.#open.store.workers();
  }

  /**
   * The number of runs of each status, of those that match: what `cancelAll`, `retryAll` and `purgeAll` would reach.
   * @throws StepwellError `OPTION_INVALID`, `RUN_NOT_FOUND` (of the parent)
   */
  async counts(filter: RunFilter = {}): Promise<Partial<Record<RunStatus, number>>> {
    const parts = this.#open;
    return parts.store.count(await criteriaOf(parts, filter));
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
    await this.#parts.worker?.close(grace);
    this.#stopWatching();
    if (this.#ownsStore) await this.#parts.store.close();
  }

  /** Stops at once and gives nothing back, as a crash would: the hard stop. What was not durable is lost, the rest goes on elsewhere. */
  kill(): void {
    this.#parts.worker?.kill();
    this.#stopWatching();
    this.#closed ??= this.#ownsStore ? this.#parts.store.close() : Promise.resolve();
  }

  #stopWatching(): void {
    const { watch, sweeps, large } = this.#parts;
    watch.close();
    sweeps?.close();
    large?.close();
  }

  /** @internal What other packages of Stepwell build on. */
  get parts(): EngineParts {
    const parts = this.#parts;
    const { store, system, registry, watch } = parts;
    return {
      store,
      bare: parts.bare,
      system,
      prepare: (workflow, input, options) =>
        newRun(parts, definitionOf(registry, workflow, options.version), input, options),
      feedPage: (request) => feedPage(parts, request),
      journalPage: (run, from, limit) => journalPage(this.#open, run, from, limit),
      hear: (news) => watch.hear(news),
      watchAll: () => watch.openAny(),
    };
  }

  /** Runs that are being executed by this engine now, and waiting ones that it keeps in memory. */
  load(): { active: number; parked: number } {
    const { worker } = this.#parts;
    return { active: worker?.activeCount ?? 0, parked: worker?.parkedCount ?? 0 };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** What it is made of, as long as it is open. @throws StepwellError `ENGINE_CLOSED` */
  get #open(): Assembly {
    this.#demandOpen();
    return this.#parts;
  }

  #demandOpen(): void {
    if (this.#closed !== null) throw engineClosed();
  }
}
