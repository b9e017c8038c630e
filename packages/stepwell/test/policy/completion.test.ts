import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { decideCompletion, toleratedFailures, type CompletionPolicy } from '../../src/policy/completion.ts';

test.each([
  [10, undefined, null, 0],
  [10, undefined, 3, 7],
  [2, undefined, 3, 0],
  [10, { count: 4 }, null, 4],
  [10, { count: 4 }, 8, 4],
  [10, { percent: 25 }, null, 2],
  [10, { percent: 0 }, null, 0],
  [10, { percent: 100 }, null, 10],
  [3, { percent: 33.4 }, null, 1],
  [0, { percent: 50 }, null, 0],
] as const)(
  'of %d items, with tolerate %o and minSuccess %s, %d may fail',
  (total, tolerate, minSuccess, expected) => {
    expect(toleratedFailures(total, tolerate, minSuccess)).toBe(expected);
  },
);

const anyPolicy = fc
  .record({
    total: fc.integer({ min: 0, max: 20 }),
    tolerated: fc.nat(20),
    minSuccess: fc.option(fc.integer({ min: 1, max: 20 })),
  })
  .map((policy): CompletionPolicy => policy);

/** Lets items end one by one; what is decided and after how many. */
function run(
  policy: CompletionPolicy,
  outcomes: readonly boolean[],
): { decision: string; succeeded: number; failed: number } {
  let succeeded = 0;
  let failed = 0;
  for (const ok of outcomes) {
    if (ok) succeeded++;
    else failed++;
    const decision = decideCompletion(policy, succeeded, failed);
    if (decision !== 'go on') return { decision, succeeded, failed };
  }
  return { decision: 'go on', succeeded, failed };
}

test('a group always comes to a decision, at the latest with its last item', () => {
  fc.assert(
    fc.property(anyPolicy, fc.infiniteStream(fc.boolean()), (policy, stream) => {
      fc.pre(policy.total > 0);
      const outcomes = [...stream.take(policy.total)];
      const { decision, succeeded, failed } = run(policy, outcomes);
      expect(decision).not.toBe('go on');
      const isEnough = failed <= policy.tolerated && succeeded >= (policy.minSuccess ?? 0);
      expect(decision).toBe(isEnough ? 'enough' : 'failed');
    }),
  );
});

test('it is decided no later than it can be known', () => {
  fc.assert(
    fc.property(anyPolicy, fc.nat(20), fc.nat(20), (policy, succeeded, failed) => {
      fc.pre(succeeded + failed < policy.total);
      if (decideCompletion(policy, succeeded, failed) !== 'go on') return;
      // Both ends are still possible: all the rest may succeed, or (unless all may fail) fail.
      const left = policy.total - succeeded - failed;
      expect(failed).toBeLessThanOrEqual(policy.tolerated);
      expect(succeeded + left).toBeGreaterThanOrEqual(policy.minSuccess ?? 0);
      expect(succeeded).toBeLessThan(policy.minSuccess ?? policy.total);
    }),
  );
});

test('an empty group is enough unless it needs successes', () => {
  expect(decideCompletion({ total: 0, tolerated: 0, minSuccess: null }, 0, 0)).toBe('enough');
  expect(decideCompletion({ total: 0, tolerated: 0, minSuccess: 1 }, 0, 0)).toBe('failed');
});
