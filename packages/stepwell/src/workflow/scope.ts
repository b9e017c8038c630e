import { operationId, type OperationId } from '../model/operation.ts';

/** A group while it is open: whose operations have which ids, which of them are awaited, and what lies inside. */
export class Scope {
  /** Path of the group; the empty string for the workflow itself. */
  readonly id: OperationId;
  readonly parent: Scope | null;
  readonly inner = new Set<Scope>();
  /** Operations that are asked for and not settled; of the workflow itself none is listed. */
  readonly pending = new Set<OperationId>();
  open = true;
  readonly #counts = new Map<string, number>();
  #controller: AbortController | null = null;
  #aborted: unknown = null;

  constructor(id: OperationId, parent: Scope | null) {
    this.id = id;
    this.parent = parent;
    parent?.inner.add(this);
  }

  /** The id of the next operation of that name. */
  next(name: string): OperationId {
    const n = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, n);
    return operationId(this.id, name, n);
  }

  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#aborted !== null) this.#controller.abort(this.#aborted);
    }
    return this.#controller.signal;
  }

  abort(reason: unknown): void {
    this.#aborted ??= reason;
    this.#controller?.abort(reason);
  }

  /** This scope and all that are open inside it. */
  *all(): Iterable<Scope> {
    yield this;
    for (const scope of this.inner) yield* scope.all();
  }

  close(): void {
    this.open = false;
    this.parent?.inner.delete(this);
  }
}
