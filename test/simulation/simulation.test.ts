import { describe, expect, test } from 'vitest';
import { PLANTS } from './planted.ts';
import { scenarioOf } from './scenario.ts';
import { STORES } from './stores.ts';
import { simulate } from './world.ts';

describe.each(Object.entries(STORES))('on the %s store', (_, open) => {
  test.each([1, 2, 3, 4, 5, 6])('seed %i keeps every promise', async (seed) => {
    expect((await simulate(scenarioOf(seed), { open })).violations).toEqual([]);
  });

  test('the same seed gives the same trace to the byte, another seed another', async () => {
    const first = await simulate(scenarioOf(11), { open });
    const again = await simulate(scenarioOf(11), { open });
    const other = await simulate(scenarioOf(12), { open });
    expect(first.trace.text.length).toBeGreaterThan(1_000);
    expect(again.trace.text).toBe(first.trace.text);
    expect(other.trace.text).not.toBe(first.trace.text);
  });
});

test.each(Object.entries(PLANTS))('the planted bug "%s" is found', async (name, plant) => {
  const mostSeeds = 40;
  for (let seed = 1; seed <= mostSeeds; seed++) {
    const { violations } = await simulate(scenarioOf(seed), { plant });
    if (violations.length === 0) continue;
    console.log(`"${name}" was found by seed ${seed}`);
    return;
  }
  expect.fail(`"${name}" was not found by ${mostSeeds} seeds`);
});
