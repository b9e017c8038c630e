import type { Stepwell } from './stepwell.ts';
import type { Started } from './watch.ts';
import type {
  CancelOptions,
  EventsOptions,
  PauseOptions,
  RaiseOptions,
  ResultOptions,
  RunEvent,
  RunInfo,
  StartedRun,
} from './types.ts';

/** A run by its id: the engine's methods with the id filled in. */
export class Handle<O = unknown> implements StartedRun<O> {
  readonly id: string;
  readonly created: boolean;
  readonly #well: Stepwell;
  readonly #started: Started | null;

  /** @param started what is known of a run that was just started; null: it may have been there before */
  constructor(well: Stepwell, id: string, started: Started | null) {
    this.#well = well;
    this.#started = started;
    this.id = id;
    this.created = started !== null;
  }

  info(): Promise<RunInfo> {
    return this.#well.get(this.id);
  }

  result(options?: ResultOptions): Promise<O> {
    return this.#well.result<O>(this.id, options, this.#started);
  }

  events(options?: EventsOptions): AsyncIterableIterator<RunEvent> {
    return this.#well.events(this.id, options);
  }

  raiseEvent(name: string, value?: unknown, options?: RaiseOptions): Promise<void> {
    return this.#well.raiseEvent(this.id, name, value, options);
  }

  cancel(options?: CancelOptions): Promise<void> {
    return this.#well.cancel(this.id, options);
  }

  pause(options?: PauseOptions): Promise<void> {
    return this.#well.pause(this.id, options);
  }

  resume(): Promise<void> {
    return this.#well.resume(this.id);
  }

  retry(): Promise<void> {
    return this.#well.retry(this.id);
  }
}
