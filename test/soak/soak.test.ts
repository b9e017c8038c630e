import { describe, expect, test } from 'vitest';
import { judge } from './checks.ts';
import type { Planted } from './messages.ts';
import { soak, type Plan } from './soak.ts';
import { trendOf } from './trend.ts';

/** Short, and the same work however slow the machine is. */
async function failedOf(planted: Planted | null, rounds = 9): Promise<string[]> {
  const plan: Plan = {
    rounds,
    round: { ms: 60_000, scenarios: 52, pauseMs: 0 },
    // Purged is at the end of each round only: a slow machine must not purge what is still being waited for.
    keepMs: 60_000,
    users: 8,
    standing: 20,
    planted,
  };
  const findings = judge(await soak(plan), plan);
  return findings.filter(({ holds }) => !holds).map(({ what }) => what);
}

describe.concurrent('soak', { timeout: 60_000 }, () => {
  test('with retention nothing grows', async ({ expect }) => {
    expect(await failedOf(null)).toEqual([]);
  });

  test('an application that keeps what it was told is found', async ({ expect }) => {
    expect(await failedOf('results')).toEqual(['heap after a garbage collection: does not grow']);
  });

  test('an application without retention is found', async ({ expect }) => {
    expect(await failedOf('retention', 3)).toContain('runs that ended are gone, others are not');
  });
});

test('a trend is that of most samples, whatever a few of them say', () => {
  const bound = { absolute: 10, relative: 0.1 };
  const level = [1, 2, 900, 100, 100, 5_000, 100, 100, 100];
  expect(trendOf(level, bound)).toEqual({ level: 100, growth: 0, allowed: 10 });
  const growing = [0, 0, 0, 1_000, 1_100, 1_200, 0, 1_400, 1_500];
  expect(trendOf(growing, bound)).toEqual({ level: 1_150, growth: 500, allowed: 115 });
});
