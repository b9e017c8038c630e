import type { RunFilter } from '../client/filter.ts';
import type { QueueInfo, QueueSettings } from '../client/queues.ts';
import type {
  CancelOptions,
  EventsOptions,
  FeedEvent,
  FeedOptions,
  ForkOptions,
  ListOptions,
  PauseOptions,
  ResultOptions,
  RunEvent,
  RunHandle,
  RunInfo,
  RunList,
  StartedRun,
} from '../client/types.ts';
import { StepwellError } from '../model/errors.ts';
import type { ErrorClass } from '../model/failure.ts';
import type { RunStatus } from '../model/run.ts';
import type { WorkerRecord } from '../store/records.ts';
import type { AnyDefinition, Definition, InputOf, OutputOf } from '../workflow/definition.ts';
import { inBody, path, withQuery } from './address.ts';
import { RemoteArtifacts } from './artifacts.ts';
import { RemoteCallbacks } from './callbacks.ts';
import { readEvents } from './events.ts';
import { readFeed } from './feed.ts';
import { RemoteRun } from './handle.ts';
import type { Http } from './http.ts';
import { awaitResult } from './result.ts';
import { RemoteSchedules, type Started } from './schedules.ts';
import type { RemoteStartArguments, RemoteStartItem, RemoteStartOptions } from './types.ts';

/** Any workflow: what a start by name has when no type is given. */
type Unknown = Definition<unknown, unknown>;

/**
 * A Stepwell server as an application sees it: what an embedded engine (`Stepwell`) does, over HTTP.
 *
 * A request whose answer is lost is sent again, up to twice; each POST has an `Idempotency-Key` of its own, so that it is
 * done once. All reject with the server's StepwellError, or `SERVER_UNREACHABLE`.
 */
export class StepwellClient {
  readonly artifacts: RemoteArtifacts;
  readonly callbacks: RemoteCallbacks;
  readonly schedules: RemoteSchedules;
  readonly #http: Http;
  readonly #errors: ReadonlyMap<string, ErrorClass>;

  /** @internal Use `connect`. */
  constructor(http: Http, errors: readonly ErrorClass[]) {
    this.#http = http;
    this.#errors = new Map(errors.map((type) => [type.name, type]));
    this.artifacts = new RemoteArtifacts(http);
    this.callbacks = new RemoteCallbacks(http);
    this.schedules = new RemoteSchedules(http, ({ id, created }) => new RemoteRun(this, id, created));
  }

  /** Of the server, without a slash at the end. */
  get url(): string {
    return this.#http.server;
  }

  /**
   * Starts a run; it is durable when the promise resolves. With an `id` that exists, the run that exists is the answer,
   * provided that workflow and input are the same. Typed by the workflow, or by its type, which costs nothing at run time:
   * `client.start<typeof order>('order', input)`.
   * @throws StepwellError `WORKFLOW_UNKNOWN`, `WORKFLOW_VERSION_UNKNOWN`, `INPUT_INVALID`, `VALUE_NOT_JSON`,
   * `PAYLOAD_TOO_LARGE`, `ID_INVALID`, `RUN_ID_TAKEN`, `OPTION_INVALID`, `STORE_…`
   */
  start<I, O>(workflow: Definition<I, O>, ...rest: RemoteStartArguments<I>): Promise<StartedRun<O>>;
  start<D extends AnyDefinition = Unknown>(
    workflow: string,
    ...rest: RemoteStartArguments<InputOf<D>>
  ): Promise<StartedRun<OutputOf<D>>>;
  async start(
    workflow: AnyDefinition | string,
    input?: unknown,
    options: RemoteStartOptions = {},
  ): Promise<StartedRun> {
    const { name, item } = itemOf(workflow, { input, ...options });
    const { id, created } = await this.#http.post<Started>(path`/v1/workflows/${name}/runs`, item);
    return new RemoteRun(this, id, created);
  }

  /**
   * Starts many runs of a workflow, in their order. Nothing is started if one of them is not valid. If one has an id that
   * is taken, all the others are started, and the call is rejected.
   * @throws as `start`
   */
  startMany<I, O>(workflow: Definition<I, O>, items: readonly RemoteStartItem<I>[]): Promise<StartedRun<O>[]>;
  startMany<D extends AnyDefinition = Unknown>(
    workflow: string,
    items: readonly RemoteStartItem<InputOf<D>>[],
  ): Promise<StartedRun<OutputOf<D>>[]>;
  async startMany(
    workflow: AnyDefinition | string,
    items: readonly RemoteStartItem<unknown>[],
  ): Promise<StartedRun[]> {
    if (items.length === 0) return [];
    const all = items.map((item) => itemOf(workflow, item));
    const { runs } = await this.#http.post<{ runs: Started[] }>(
      path`/v1/workflows/${all[0]!.name}/runs/batch`,
      { items: all.map(({ item }) => item) },
    );
    return runs.map(({ id, created }) => new RemoteRun(this, id, created));
  }

  /** A run by its id; whether it exists shows when it is asked for something. */
  run<T = unknown>(id: string): RunHandle<T> {
    return new RemoteRun<T>(this, id, false);
  }

  /** @throws StepwellError `RUN_NOT_FOUND`, `ID_INVALID` */
  get(id: string): Promise<RunInfo> {
    return this.#http.get(path`/v1/runs/${id}`);
  }

  /** Runs that match, newest first. @throws StepwellError `PARAMETER_INVALID`, `CURSOR_INVALID`, `RUN_NOT_FOUND` (of the parent) */
  list(options: ListOptions = {}): Promise<RunList> {
    return this.#http.get(withQuery('/v1/runs', options));
  }

  /** The number of runs that match, of each status. @throws StepwellError `PARAMETER_INVALID` */
  async counts(filter: RunFilter = {}): Promise<Partial<Record<RunStatus, number>>> {
    const address = withQuery('/v1/counts', filter);
    return (await this.#http.get<{ counts: Partial<Record<RunStatus, number>> }>(address)).counts;
  }

  /**
   * The run's output, as soon as it has ended. Follows `continueAs`.
   * @throws the run's own error; StepwellError `RUN_CANCELLED`, `RUN_TIMED_OUT`, `RUN_NOT_FOUND`, `RUN_PURGED`
   */
  async result<T = unknown>(id: string, options: ResultOptions = {}): Promise<T> {
    return (await awaitResult(this.#http, id, options, this.#errors)) as T;
  }

  /** The run's journal from a position on, and what is added to it, until its end. @throws StepwellError `RUN_NOT_FOUND`, `RUN_PURGED` */
  events(id: string, options: EventsOptions = {}): AsyncIterableIterator<RunEvent> {
    return readEvents(this.#http, id, options);
  }

  /** The events of all runs, or of those of a workflow or tag, as they are written. @throws StepwellError `CURSOR_INVALID` */
  feed(options: FeedOptions = {}): AsyncIterableIterator<FeedEvent> {
    return readFeed(this.#http, options);
  }

  /**
   * Raises an event to a run; it is kept until the run asks for it. With an `id`, a second one of that id is dropped.
   * @throws StepwellError `RUN_NOT_FOUND`, `RUN_ENDED`, `NAME_INVALID`, `VALUE_NOT_JSON`, `PAYLOAD_TOO_LARGE`
   */
  async raiseEvent(id: string, name: string, value?: unknown, options: { id?: string } = {}): Promise<void> {
    await this.#http.post(path`/v1/runs/${id}/events/${name}`, { value, id: options.id });
  }

  /**
   * Asks a run to end: what it waits for is cancelled, its cleanup and undo handlers run. A second call, or `force`, ends
   * it at once. @throws StepwellError `RUN_NOT_FOUND`, `RUN_ENDED`
   */
  async cancel(id: string, { reason, force, id: call }: CancelOptions = {}): Promise<void> {
    await this.#http.post(path`/v1/runs/${id}/cancel`, { reason, force, id: call });
  }

  /** Bodies that run may end, nothing new begins. @throws StepwellError `RUN_NOT_FOUND`, `RUN_ENDED` */
  async pause(id: string, { reason, by }: PauseOptions = {}): Promise<void> {
    await this.#http.post(path`/v1/runs/${id}/pause`, { reason, by });
  }

  /** @throws StepwellError `RUN_NOT_FOUND`, `RUN_ENDED` */
  async resume(id: string): Promise<void> {
    await this.#http.post(path`/v1/runs/${id}/resume`);
  }

  /**
   * Reopens a run that failed, timed out or was cancelled: what failed is done again, what succeeded is not.
   * @throws StepwellError `RUN_NOT_FOUND`, `RUN_NOT_FAILED`
   */
  async retry(id: string): Promise<void> {
    await this.#http.post(path`/v1/runs/${id}/retry`);
  }

  /**
   * Starts a new run that has, up to an operation, the same past as this one.
   * @throws StepwellError `RUN_NOT_FOUND`, `OPERATION_NOT_FOUND`, `FORK_NOT_POSSIBLE`, `RUN_ID_TAKEN`, `VALUE_NOT_JSON`
   */
  async fork<T = unknown>(id: string, { from, result, id: newId }: ForkOptions): Promise<StartedRun<T>> {
    const body = { from, result, id: newId };
    const started = await this.#http.post<Started>(path`/v1/runs/${id}/fork`, body);
    return new RemoteRun<T>(this, started.id, started.created);
  }

  /** Deletes a run that has ended, with its journal. @throws StepwellError `RUN_NOT_FOUND`, `RUN_NOT_ENDED` */
  purge(id: string): Promise<void> {
    return this.#http.delete(path`/v1/runs/${id}`, 'RUN_NOT_FOUND');
  }

  /** Asks all runs that match and have not ended to end; the answer is how many. @throws StepwellError `OPTION_INVALID` */
  cancelAll(filter: RunFilter, { reason, id }: Omit<CancelOptions, 'force'> = {}): Promise<number> {
    return this.#controlAll('cancel', filter, { reason, id });
  }

  /**
   * Retries all runs that match, by default those that failed or timed out; the answer is how many.
   * @throws StepwellError `OPTION_INVALID`
   */
  retryAll(filter: RunFilter = {}): Promise<number> {
    return this.#controlAll('retry', filter, {});
  }

  /** Deletes all runs that match and have ended; the answer is how many. @throws StepwellError `OPTION_INVALID` */
  purgeAll(filter: RunFilter): Promise<number> {
    return this.#controlAll('purge', filter, {});
  }

  async #controlAll(action: 'cancel' | 'retry' | 'purge', filter: RunFilter, more: object): Promise<number> {
    const body = { filter: inBody(filter), ...more };
    return (await this.#http.post<{ count: number }>(path`/v1/runs/${action}`, body)).count;
  }

  /** The queues that have settings or runs, by name. */
  async queues(): Promise<QueueInfo[]> {
    return (await this.#http.get<{ queues: QueueInfo[] }>('/v1/queues')).queues;
  }

  /**
   * Sets what holds a queue back, in place of what was set before; `{}`: nothing. Kept in the store, in force everywhere at once.
   * @throws StepwellError `NAME_INVALID`, `OPTION_INVALID`, `DURATION_INVALID`
   */
  async setQueue(name: string, settings: QueueSettings): Promise<void> {
    await this.#http.put(path`/v1/queues/${name}`, settings);
  }

  /** Nothing of the queue is taken up any more; what is active goes on until it waits. @throws StepwellError `NAME_INVALID` */
  async pauseQueue(name: string, { reason, by }: PauseOptions = {}): Promise<void> {
    await this.#http.post(path`/v1/queues/${name}/pause`, { reason, by });
  }

  /** @throws StepwellError `NAME_INVALID` */
  async resumeQueue(name: string): Promise<void> {
    await this.#http.post(path`/v1/queues/${name}/resume`);
  }

  /** The workflows that the server can start. */
  async workflows(): Promise<readonly { name: string; version: string }[]> {
    return (await this.#http.get<{ workflows: { name: string; version: string }[] }>('/v1/workflows'))
      .workflows;
  }

  async workers(): Promise<WorkerRecord[]> {
    return (await this.#http.get<{ workers: WorkerRecord[] }>('/v1/workers')).workers;
  }
}

/** What is sent of a start. @throws StepwellError `OPTION_INVALID` */
function itemOf(
  workflow: AnyDefinition | string,
  item: RemoteStartItem<unknown>,
): { name: string; item: object } {
  if ('client' in item) {
    throw new StepwellError(
      'OPTION_INVALID',
      'A start over HTTP cannot be part of a transaction: "client" is for an engine in the same process.',
    );
  }
  if (typeof workflow === 'string') return { name: workflow, item: inBody(item) };
  return { name: workflow.name, item: inBody({ version: workflow.version, ...item }) };
}
