import { StepwellError } from 'stepwell';
import { ServerRefusal } from './api/server-refusal.ts';

/** What scripts can rely on. */
export const EXIT = { ok: 0, runFailed: 1, usage: 2, unreachable: 3, refused: 4 } as const;

export function exitCodeOf(error: unknown): number {
  if (error instanceof ServerRefusal) return EXIT.refused;
  if (error instanceof StepwellError && error.code === 'COMMAND_INVALID') return EXIT.usage;
  if (error instanceof StepwellError && error.code === 'SERVER_UNREACHABLE') return EXIT.unreachable;
  return EXIT.runFailed;
}
