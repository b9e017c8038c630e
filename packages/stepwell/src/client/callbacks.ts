import type { System } from '../engine/system.ts';
import { StepwellError } from '../model/errors.ts';
import { isEnd, isSettlement, type JournalEvent } from '../model/event.ts';
import type { Outcome } from '../model/fact.ts';
import { failureOf, type Failure } from '../model/failure.ts';
import { present } from '../model/fields.ts';
import { checkName, isPrintable } from '../model/identifier.ts';
import type { Payloads } from '../model/payload.ts';
import { entriesOf } from '../replay/past.ts';
import type { Store } from '../store/contract.ts';
import type { CallbackFact } from '../store/delivery.ts';

/**
 * What `callbacks.fail` may be given: an error, or what one is to be made of. `data` are the properties that the error
 * has in the workflow.
 */
export type FailedWith =
  | Error
  | { readonly name?: string; readonly message: string; readonly data?: Readonly<Record<string, unknown>> };

/** Completes callbacks from outside, by their ids. */
export class Callbacks {
  readonly #store: Store;
  readonly #system: System;
  readonly #payloads: Payloads;
  readonly #demandOpen: () => void;

  /** @param demandOpen throws `ENGINE_CLOSED` once the engine is closed */
  constructor(store: Store, system: System, payloads: Payloads, demandOpen: () => void) {
    this.#demandOpen = demandOpen;
    this.#store = store;
    this.#system = system;
    this.#payloads = payloads;
  }

  /**
   * @throws StepwellError `CALLBACK_NOT_FOUND`, `CALLBACK_COMPLETED`, `CALLBACK_CLOSED`, `VALUE_NOT_JSON`, `PAYLOAD_TOO_LARGE`,
   * `ENGINE_CLOSED`
   */
  async succeed(id: string, value?: unknown): Promise<void> {
    await this.#complete(id, () =>
      present({ ok: true, value: this.#payloads.encode(value, `value of callback "${id}"`) } as const),
    );
  }

  /** @throws StepwellError as `succeed` */
  fail(id: string, error: FailedWith): Promise<void> {
    return this.#complete(id, () => ({ ok: false, error: this.#failureOf(error, id) }));
  }

  #failureOf(given: FailedWith, id: string): Failure {
    if (given instanceof Error) return failureOf(given, this.#payloads.codec);
    const { name = 'Error', message, data } = given ?? {};
    const isFitting = typeof message === 'string' && (data === undefined || isObject(data));
    if (!isFitting) {
      throw new StepwellError(
        'OPTION_INVALID',
        `The callback "${id}" fails with an Error, or with { name?, message, data? } whose data is an object.`,
      );
    }
    checkName(name, 'name of an error');
    // What errors hold is never kept elsewhere.
    this.#payloads.encodeShort(message, `message of callback "${id}"`);
    return present({ name, message, data: this.#payloads.encodeShort(data, `data of callback "${id}"`) });
  }

  /** @throws StepwellError as `succeed` */
  heartbeat(id: string): Promise<void> {
    return this.#deliver(id, { type: 'heartbeat', callback: id });
  }

  async #complete(id: string, outcome: () => Outcome): Promise<void> {
    await this.#deliver(id, { type: 'callback', callback: id, outcome: outcome() });
  }

  async #deliver(callback: string, fact: CallbackFact): Promise<void> {
    this.#demandOpen();
    // Not every store could be asked for it.
    if (typeof callback !== 'string' || !isPrintable(callback)) throw notFound(callback);
    const [answer] = await this.#store.deliver([{ to: { callback }, now: this.#system.now(), fact }]);
    if (!answer!.delivered) throw await this.#explain(callback);
  }

  /** Why a callback is not open: what became of it is in the journal of its run. */
  async #explain(callback: string): Promise<StepwellError> {
    const key = Number.parseInt(/^cb_([0-9a-z]+)_[0-9a-f]{32}$/.exec(callback)?.[1] ?? '', 36);
    const journal = Number.isSafeInteger(key)
      ? await this.#store.journal(key, 0, Number.MAX_SAFE_INTEGER)
      : [];
    const events = entriesOf(journal).map(({ event }) => event);
    const begin = events.findIndex(
      (event) => event.type === 'operation.started' && event.callback === callback,
    );
    const started = events[begin];
    if (started?.type !== 'operation.started') {
      return notFound(callback);
    }
    const fate = events
      .slice(begin)
      .find((event) => isOutcome(event, started.op) || isEnd(event) || event.type === 'run.retrying');
    const isClosed = fate !== undefined && (!isSettlement(fate) || isTimeout(fate));
    return isClosed
      ? new StepwellError(
          'CALLBACK_CLOSED',
          `The callback "${callback}" came too late: "${started.op}" had timed out, was cancelled, or its run has ended.`,
        )
      : new StepwellError('CALLBACK_COMPLETED', `The callback "${callback}" has been completed already.`);
  }
}

function notFound(callback: string): StepwellError {
  return new StepwellError(
    'CALLBACK_NOT_FOUND',
    `There is no callback ${JSON.stringify(callback)}. Its run may have been purged.`,
  );
}

function isOutcome(event: JournalEvent, op: string): boolean {
  return (isSettlement(event) || event.type === 'operation.cancelled') && event.op === op;
}

function isTimeout(event: JournalEvent): boolean {
  return (
    event.type === 'operation.failed' &&
    (event.error.code === 'WAIT_TIMED_OUT' || event.error.code === 'HEARTBEAT_MISSED')
  );
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
