import { DEEPEST_CAUSE } from '../model/failure.ts';
import type { OperationId } from '../model/operation.ts';

const failedOperations = new WeakMap<Error, OperationId>();

/** Remembers whose failure an error is, so that an operator's retry knows where to begin. */
export function blame(error: Error, op: OperationId): void {
  failedOperations.set(error, op);
}

/** The operation whose failure was thrown, by itself or as a cause. */
export function blamedFor(thrown: unknown): OperationId | undefined {
  // As deep as a journal keeps causes: they may go round in a circle.
  let error = thrown;
  for (let depth = 0; error instanceof Error && depth <= DEEPEST_CAUSE; depth++, error = error.cause) {
    const op = failedOperations.get(error);
    if (op !== undefined) return op;
  }
  return undefined;
}
