import { StepwellError } from '../model/errors.ts';
import type { OperationId } from '../model/operation.ts';
import type { StepIO } from './context.ts';
import type { Retry } from './retry.ts';

/** A step that succeeded and can be undone. */
export interface Undo {
  readonly op: OperationId;
  readonly retry: Retry | null;
  readonly run: (io: StepIO) => unknown;
}

/**
 * Undoes what succeeded, last first; one that fails does not keep the others from being run.
 * @param undone does one of them; rejects if it fails
 * @param isOver whether the run has been ended meanwhile
 * @returns `UNDO_FAILED`; null: all is undone
 */
export async function undoAll(
  undos: Undo[],
  undone: (undo: Undo) => Promise<unknown>,
  isOver: () => boolean,
): Promise<StepwellError | null> {
  const failures: string[] = [];
  for (let undo = undos.pop(); undo !== undefined && !isOver(); undo = undos.pop()) {
    try {
      await undone(undo);
    } catch (error) {
      failures.push(`"${undo.op}": ${(error as Error).message}`);
    }
  }
  if (failures.length === 0) return null;
  return new StepwellError('UNDO_FAILED', `The run failed, and could not be undone: ${failures.join('; ')}.`);
}
