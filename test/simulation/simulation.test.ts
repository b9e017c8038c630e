import { describe, expect, test } from 'vitest';
import { findPlanted, PATIENCE } from './planted-search.ts';
import { PLANTS } from './planted.ts';
import { scenarioOf } from './scenario.ts';
import { STORES_HERE } from './test-database.ts';
import { simulate } from './world.ts';

describe.each(Object.entries(STORES_HERE))('on the %s store', (_, open) => {
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

/** Of up to {@link PATIENCE} worlds, on a machine that has other things to do (ms). */
const LONGEST_SEARCH = 60_000;

test.each(Object.keys(PLANTS))(
  'the planted bug "%s" is found',
  async (name) => {
    const found = await findPlanted(name);
    expect(found, `not found by ${PATIENCE} seeds`).not.toBeNull();
    console.log(`"${name}" was found by seed ${found!.seed}`);
  },
  LONGEST_SEARCH,
);
