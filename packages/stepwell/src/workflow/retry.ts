import { milliseconds } from '../model/duration.ts';
import { nameOf } from '../model/failure.ts';
import { StepwellError } from '../model/errors.ts';
import type { RetryPolicy } from '../policy/retry.ts';
import type { ErrorMatcher, RetryOptions } from './context.ts';

/** How attempts are repeated: the numbers, and which errors are worth another attempt. */
export interface Retry {
  readonly policy: RetryPolicy;
  readonly isRetryable: (error: unknown) => boolean;
}

const HOUR = 3_600_000;

/**
 * @param where for messages
 * @throws StepwellError `OPTION_INVALID` or `DURATION_INVALID`
 */
export function retryOf(options: RetryOptions | number | undefined, where: string): Retry | null {
  if (options === undefined) return null;
  const given = typeof options === 'number' ? { attempts: options } : options;
  const delay = milliseconds(given.delay ?? 1_000, `retry delay of ${where}`);
  const policy: RetryPolicy = {
    attempts: given.attempts ?? 3,
    delay,
    factor: given.factor ?? 2,
    maxDelay: milliseconds(given.maxDelay ?? Math.max(delay, HOUR), `retry maxDelay of ${where}`),
    jitter: given.jitter ?? 'none',
  };
  if (
    !(
      (Number.isInteger(policy.attempts) && policy.attempts >= 1) ||
      policy.attempts === Number.POSITIVE_INFINITY
    )
  ) {
    throw invalid(where, 'attempts', 'a whole number from 1, or Infinity');
  }
  if (!(policy.factor >= 1 && policy.factor < Number.POSITIVE_INFINITY))
    throw invalid(where, 'factor', 'a number from 1');
  if (policy.jitter !== 'none' && policy.jitter !== 'full')
    throw invalid(where, 'jitter', '"none" or "full"');
  const { retryOn, nonRetryable } = given;
  return {
    policy,
    isRetryable: (error) => {
      try {
        return (
          (retryOn === undefined || matches(retryOn, error)) &&
          !(nonRetryable !== undefined && matches(nonRetryable, error))
        );
      } catch {
        // A predicate that fails itself says nothing: the error that it was asked about stands.
        return false;
      }
    },
  };
}

function invalid(where: string, option: string, allowed: string): StepwellError {
  return new StepwellError('OPTION_INVALID', `The retry ${option} of ${where} must be ${allowed}.`);
}

function matches(matcher: ErrorMatcher, thrown: unknown): boolean {
  if (typeof matcher === 'function')
    return matcher(thrown instanceof Error ? thrown : new Error(String(thrown)));
  return matcher.some((one) =>
    typeof one === 'string' ? thrown instanceof Error && nameOf(thrown) === one : thrown instanceof one,
  );
}
