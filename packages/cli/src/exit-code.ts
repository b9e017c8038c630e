import { type ErrorCode, isStepwellError } from 'stepwell';
import { FoundSomething } from './found-something.ts';

/** What scripts can rely on. */
export const EXIT = { ok: 0, runFailed: 1, usage: 2, unreachable: 3, refused: 4 } as const;

/** How a run ends that was waited for, a copy that differs, a result that has no room, and what keeps `dev`, `worker` and `server` from their work. */
const FAILURES: readonly ErrorCode[] = [
  'RUN_FAILED',
  'RUN_CANCELLED',
  'RUN_TIMED_OUT',
  'COPY_DIFFERS',
  'LISTEN_REFUSED',
  'WRITE_FAILED',
  'INTERNAL',
];

export function exitCodeOf(error: unknown): number {
  if (error instanceof FoundSomething || !isStepwellError(error)) return EXIT.runFailed;
  const { code } = error;
  if (code === 'COMMAND_INVALID') return EXIT.usage;
  if (code === 'SERVER_UNREACHABLE' || code.startsWith('STORE_')) return EXIT.unreachable;
  return FAILURES.includes(code) ? EXIT.runFailed : EXIT.refused;
}
