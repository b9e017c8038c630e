import type { Payload } from '../model/codec.ts';
import type { Json } from '../model/json.ts';
import type { OperationId } from '../model/operation.ts';
import type { Attempt } from './runtime.ts';

/** A body (of a step, a condition's check, a reconciliation) that runs in this process now. */
export class Body implements Attempt {
  readonly op: OperationId;
  readonly number: number;
  readonly details: Json | undefined;
  /** What its last heartbeat told, if that is not in the journal yet. */
  unsaved: Payload | undefined = undefined;
  heartbeatAt = Number.NEGATIVE_INFINITY;
  readonly #run: string;
  readonly #undone: number;
  #controller: AbortController | null = null;
  #stopped: { readonly reason: unknown } | null = null;
  #cancelTimer: (() => void) | null = null;

  constructor(run: string, op: OperationId, number: number, undone: number, details: Json | undefined) {
    this.op = op;
    this.number = number;
    this.details = details;
    this.#run = run;
    this.#undone = undone;
  }

  /** The same for all attempts; another one after the step was undone, since what it does then is a new effect. */
  get idempotencyKey(): string {
    const key = `${this.#run}/${this.op}`;
    return this.#undone === 0 ? key : `${key}~${this.#undone + 1}`;
  }

  /** An AbortController costs more than the rest of a small step. */
  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#stopped !== null) this.#controller.abort(this.#stopped.reason);
    }
    return this.#controller.signal;
  }

  limitTo(cancelTimer: () => void): void {
    this.#cancelTimer = cancelTimer;
  }

  ended(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
  }

  /** Tells the body that nobody waits for it any more. */
  stop(reason: unknown): void {
    this.ended();
    this.#stopped = { reason };
    this.#controller?.abort(reason);
  }
}
