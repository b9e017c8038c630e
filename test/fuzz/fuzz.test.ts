import { expect, test } from 'vitest';
import { fuzz } from './fuzz.ts';

test('bad input gets an answer, never a crash: five seconds of `npm run fuzz`', async () => {
  // Always the same: what new seeds find is for `npm run fuzz`, and must not stop somebody else's change.
  const seed = 48815;
  const { requests, answers, checks } = await fuzz({ seconds: 5, seed });
  const problems = checks.filter(({ problem }) => problem !== null);
  expect({ seed, problems }).toEqual({ seed, problems: [] });
  expect(requests).toBeGreaterThan(100);
  for (const status of [200, 400, 404]) expect(answers.get(status)).toBeGreaterThan(0);
}, 60_000);
