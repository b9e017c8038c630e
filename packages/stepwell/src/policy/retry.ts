/** Attempts in all, and the time between them: `delay * factor^(n-1)`, at most `maxDelay`. Milliseconds. */
export interface RetryPolicy {
  readonly attempts: number;
  readonly delay: number;
  readonly factor: number;
  readonly maxDelay: number;
  /** `full`: a random time between 0 and that. */
  readonly jitter: 'none' | 'full';
}

/** The pauses between two checks of a condition: `every * factor^(n-1)`, at most `maxDelay`. Milliseconds. */
export interface PollPolicy {
  readonly every: number;
  readonly factor: number;
  readonly maxDelay: number;
}

/**
 * Milliseconds until the next attempt, after so many have failed; null when there is none.
 * @param random uniform in [0, 1), used only with jitter
 */
export function retryDelay(
  policy: RetryPolicy | undefined,
  failures: number,
  random: () => number,
): number | null {
  if (policy === undefined || failures >= policy.attempts) return null;
  const delay = grow(policy.delay, policy.factor, policy.maxDelay, failures);
  return policy.jitter === 'full' ? Math.floor(delay * random()) : delay;
}

/** Milliseconds until the next check, after so many have been made. */
export function pollDelay(policy: PollPolicy, checks: number): number {
  return grow(policy.every, policy.factor, policy.maxDelay, checks);
}

function grow(first: number, factor: number, most: number, n: number): number {
  // The power may overflow to Infinity after many attempts; the minimum brings it back, but not from 0 * Infinity.
  return first === 0 ? 0 : Math.round(Math.min(first * factor ** (n - 1), most));
}
