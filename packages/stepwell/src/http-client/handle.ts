import type {
  CancelOptions,
  EventsOptions,
  PauseOptions,
  ResultOptions,
  RunEvent,
  RunInfo,
  StartedRun,
} from '../client/types.ts';
import type { StepwellClient } from './client.ts';

/** A run by its id: the client's methods with the id filled in. */
export class RemoteRun<O = unknown> implements StartedRun<O> {
  readonly id: string;
  readonly created: boolean;
  readonly #client: StepwellClient;

  constructor(client: StepwellClient, id: string, created: boolean) {
    this.#client = client;
    this.id = id;
    this.created = created;
  }

  info(): Promise<RunInfo> {
    return this.#client.get(this.id);
  }

  result(options?: ResultOptions): Promise<O> {
    return this.#client.result<O>(this.id, options);
  }

  events(options?: EventsOptions): AsyncIterableIterator<RunEvent> {
    return this.#client.events(this.id, options);
  }

  raiseEvent(name: string, value?: unknown, options?: { id?: string }): Promise<void> {
    return this.#client.raiseEvent(this.id, name, value, options);
  }

  cancel(options?: CancelOptions): Promise<void> {
    return this.#client.cancel(this.id, options);
  }

  pause(options?: PauseOptions): Promise<void> {
    return this.#client.pause(this.id, options);
  }

  resume(): Promise<void> {
    return this.#client.resume(this.id);
  }

  retry(): Promise<void> {
    return this.#client.retry(this.id);
  }
}
