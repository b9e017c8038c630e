import type { Json } from '../model/json.ts';
import type { OperationId } from '../model/operation.ts';
import type { AbortSignalSource } from './runtime.ts';

/** A body (of a step, a condition's check, a reconciliation) that runs in this process now. */
export class Body implements AbortSignalSource {
  readonly op: OperationId;
  /** What its last heartbeat told, if that is not in the journal yet. */
  unsaved: Json | undefined;
  heartbeatAt = Number.NEGATIVE_INFINITY;
  #controller: AbortController | null = null;
  #stopped: unknown = null;
  #cancelTimer: (() => void) | null = null;

  constructor(op: OperationId) {
    this.op = op;
  }

  /** Made only when somebody asks: an AbortController costs more than the rest of a small step. */
  get(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#stopped !== null) this.#controller.abort(this.#stopped);
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
    this.#stopped = reason;
    this.#controller?.abort(reason);
  }
}
