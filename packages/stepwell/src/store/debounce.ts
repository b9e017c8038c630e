import type { NewRun } from '../model/run.ts';

/**
 * When a run is to begin that a further start has put off, and by when at the latest.
 * @param beginBy what it is without a `maxWait`
 */
export function debouncedUntil(
  { readyAt, createdAt, debounce }: NewRun,
  firstStart: number,
  beginBy: number | null,
): { readyAt: number; beginBy: number | null } {
  const maxWait = debounce?.maxWait ?? null;
  const latest = maxWait === null ? Number.POSITIVE_INFINITY : firstStart + maxWait;
  const at = Math.max(createdAt, Math.min(readyAt, latest));
  return { readyAt: at, beginBy: beginBy === null ? null : beginBy + at - readyAt };
}
