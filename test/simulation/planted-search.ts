import { PLANTS } from './planted.ts';
import { scenarioOf } from './scenario.ts';
import type { OpenStore } from './stores.ts';
import { simulate } from './world.ts';

/** Seeds in which a planted bug must show itself. */
export const PATIENCE = 100;

export interface Find {
  readonly name: string;
  readonly seed: number;
  /** What showed the bug. */
  readonly violation: string;
}

/** The first seed that shows a planted bug; null: none of the first {@link PATIENCE} does. */
export async function findPlanted(name: string, open?: OpenStore): Promise<Find | null> {
  const plant = PLANTS[name]!;
  for (let seed = 1; seed <= PATIENCE; seed++) {
    const { violations } = await simulate(scenarioOf(seed), open === undefined ? { plant } : { plant, open });
    const violation = violations.find(({ message }) => plant.shows.test(message))?.message;
    if (violation !== undefined) return { name, seed, violation };
  }
  return null;
}
