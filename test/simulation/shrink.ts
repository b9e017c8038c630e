import type { Scenario } from './scenario.ts';
import { smallerScenarios } from './smaller.ts';

export interface Shrunk {
  readonly scenario: Scenario;
  /** How many worlds were lived to find it. */
  readonly worlds: number;
}

/** With how many other seeds what is smaller is tried: what happens when is another matter in a smaller world. */
const OTHER_SEEDS = 8;

/**
 * Makes a scenario that fails smaller, as long as it still fails. The same scenario is shrunk to the same one.
 * @param mostWorlds how many scenarios are tried at most
 */
export async function shrink(
  scenario: Scenario,
  fails: (scenario: Scenario) => Promise<boolean>,
  mostWorlds = 400,
): Promise<Shrunk> {
  const tried = new Set<string>();
  let best = scenario;
  /** One round over all that could be left out; whether anything could. */
  const round = async (seed: string | null): Promise<boolean> => {
    let found = false;
    for (let index = 0; ; ) {
      const smaller = nth(smallerScenarios(best), index);
      if (smaller === null) return found;
      const candidate = seed === null ? smaller : { ...smaller, seed };
      const text = JSON.stringify(candidate);
      if (tried.has(text)) {
        index++;
        continue;
      }
      if (tried.size === mostWorlds) return false;
      tried.add(text);
      if (await fails(candidate)) {
        best = candidate;
        found = true;
      } else index++;
    }
  };
  for (let other = 0; other <= OTHER_SEEDS; ) {
    const found = await round(other === 0 ? null : `${scenario.seed}, again ${other}`);
    // With what is left the seed that it has now may do.
    other = found ? 0 : other + 1;
  }
  return { scenario: best, worlds: tried.size };
}

function nth<T>(all: Iterable<T>, index: number): T | null {
  let passed = 0;
  for (const one of all) if (passed++ === index) return one;
  return null;
}
