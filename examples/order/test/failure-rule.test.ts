import { expect, test } from 'vitest';
import { parseFailureRule } from '../failure-rule.ts';

test('a random rule fails the same requests for the same seed, about as often as it says', () => {
  const answers = (seed: number) => {
    const rule = parseFailureRule(`random:0.3:${seed}`);
    return Array.from({ length: 1_000 }, (_, n) => rule(`key-${n}`, 1));
  };
  expect(answers(1)).toEqual(answers(1));
  expect(answers(1)).not.toEqual(answers(2));
  const failed = answers(1).filter((behaviour) => behaviour === 503).length;
  expect(failed).toBeGreaterThan(250);
  expect(failed).toBeLessThan(350);
});

test.each(['', 'okay', '200', '503;ok', 'random:2:1', 'random:0.5'])('the rule "%s" is refused', (rule) => {
  expect(() => parseFailureRule(rule)).toThrow('is not understood');
});
