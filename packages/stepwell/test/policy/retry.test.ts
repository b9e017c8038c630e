import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { pollDelay, retryDelay, type RetryPolicy } from '../../src/policy/retry.ts';

const never = (): number => {
  throw new Error('no randomness without jitter');
};
const policy: RetryPolicy = { attempts: 5, delay: 1_000, factor: 2, maxDelay: 5_000, jitter: 'none' };

const anyPolicy = fc.record<RetryPolicy>({
  attempts: fc.oneof(fc.integer({ min: 1, max: 2_000 }), fc.constant(Number.POSITIVE_INFINITY)),
  delay: fc.integer({ min: 0, max: 10 ** 9 }),
  factor: fc.double({ min: 1, max: 100, noNaN: true }),
  maxDelay: fc.integer({ min: 0, max: 10 ** 12 }),
  jitter: fc.constantFrom('none', 'full'),
});

test('delays double up to the longest, and end with the attempts', () => {
  expect([1, 2, 3, 4, 5, 6].map((failures) => retryDelay(policy, failures, never))).toEqual([
    1_000,
    2_000,
    4_000,
    5_000,
    null,
    null,
  ]);
});

test('without a policy there is no other attempt', () => {
  expect(retryDelay(undefined, 1, never)).toBeNull();
});

test('full jitter spreads from nothing to just below the delay', () => {
  const jittered = { ...policy, jitter: 'full' } as const;
  expect(retryDelay(jittered, 2, () => 0)).toBe(0);
  expect(retryDelay(jittered, 2, () => 0.5)).toBe(1_000);
  expect(retryDelay(jittered, 2, () => 1 - Number.EPSILON)).toBe(1_999);
});

test('every delay is a whole number from 0 to maxDelay, and only the last attempt has none', () => {
  fc.assert(
    fc.property(
      anyPolicy,
      fc.integer({ min: 1, max: 3_000 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (any, failures, random) => {
        const delay = retryDelay(any, failures, () => random);
        const isWithin = delay !== null && Number.isInteger(delay) && delay >= 0 && delay <= any.maxDelay;
        expect(failures >= any.attempts ? delay === null : isWithin).toBe(true);
      },
    ),
  );
});

test('without jitter delays never get shorter', () => {
  fc.assert(
    fc.property(anyPolicy, fc.integer({ min: 1, max: 1_999 }), (any, failures) => {
      const steady = { ...any, attempts: Number.POSITIVE_INFINITY, jitter: 'none' } as const;
      expect(retryDelay(steady, failures + 1, never)!).toBeGreaterThanOrEqual(
        retryDelay(steady, failures, never)!,
      );
    }),
  );
});

test('jitter never exceeds the delay without it', () => {
  fc.assert(
    fc.property(
      anyPolicy,
      fc.integer({ min: 1, max: 50 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (any, failures, random) => {
        const steady = { ...any, attempts: 99 };
        const most = retryDelay({ ...steady, jitter: 'none' }, failures, never)!;
        expect(retryDelay({ ...steady, jitter: 'full' }, failures, () => random)!).toBeLessThanOrEqual(most);
      },
    ),
  );
});

test('pauses between checks grow likewise', () => {
  const poll = { every: 10, factor: 3, maxDelay: 100 };
  expect([1, 2, 3, 4, 1_000].map((checks) => pollDelay(poll, checks))).toEqual([10, 30, 90, 100, 100]);
});
