import type { Json } from '../model/json.ts';
import type { OperationId } from '../model/operation.ts';
import type { BodyOf } from './body.ts';
import { quiet } from './quiet.ts';
import type { Scope } from './scope.ts';

/** Is told of a success before the function is. */
export type Succeeded = (value: Json | undefined) => void;

interface Waiter {
  readonly scope: Scope;
  readonly promise: Promise<Json | undefined>;
  readonly resolve: (value: Json | undefined) => void;
  readonly reject: (error: Error) => void;
  readonly body: BodyOf | undefined;
  readonly succeeded: Succeeded | undefined;
}

/** The operations that a function waits for, each with the promise that it was given. */
export class Waiters {
  readonly #root: Scope;
  readonly #waiters = new Map<OperationId, Waiter>();

  /** @param root whose operations are not listed in it: most are of the workflow itself */
  constructor(root: Scope) {
    this.#root = root;
  }

  add(
    op: OperationId,
    scope: Scope,
    body: BodyOf | undefined,
    succeeded: Succeeded | undefined,
  ): Promise<Json | undefined> {
    if (scope !== this.#root) scope.pending.add(op);
    const { promise, resolve, reject } = Promise.withResolvers<Json | undefined>();
    this.#waiters.set(op, { scope, promise, resolve, reject, body, succeeded });
    return promise;
  }

  bodyOf(op: OperationId): BodyOf | undefined {
    return this.#waiters.get(op)?.body;
  }

  /** Those of one scope, without the scopes inside it. */
  in(scope: Scope): OperationId[] {
    if (scope !== this.#root) return [...scope.pending];
    return [...this.#waiters].flatMap(([op, waiter]) => (waiter.scope === scope ? [op] : []));
  }

  /** It is not waited for any more. */
  take(op: OperationId): Waiter | undefined {
    const waiter = this.#waiters.get(op);
    this.#waiters.delete(op);
    if (waiter !== undefined && waiter.scope !== this.#root) waiter.scope.pending.delete(op);
    return waiter;
  }

  clear(): void {
    this.#waiters.clear();
  }
}

export function succeed({ succeeded, resolve }: Waiter, value: Json | undefined): void {
  succeeded?.(value);
  resolve(value);
}

export function fail({ promise, reject }: Waiter, error: Error): void {
  void quiet(promise);
  reject(error);
}
