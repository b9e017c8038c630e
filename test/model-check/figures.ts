import { PROMISES } from './promises.ts';
import { BUGS, SCENARIOS, type SearchScenario } from './scenarios.ts';
import { search, type Found } from './search.ts';
import { initial } from './state.ts';
import { MUTATIONS, type Mutation } from './store-model.ts';

export interface Figures {
  /** Of all scenarios together. */
  readonly states: number;
  readonly scenarios: readonly ({ readonly name: string } & Found)[];
  readonly mutations: readonly FoundBug[];
  readonly promises: readonly string[];
}

/** A bug that was put into the rules. */
interface FoundBug {
  readonly name: Mutation;
  /** What must be said of it. */
  readonly breaks: string;
  readonly found: boolean;
  /** Length of the shortest way to the promise that it breaks, and that way in words. */
  readonly steps: number;
  readonly counterexample: string | null;
}

/** Searches all scenarios, and for all bugs: some 10 s. */
export function figures(): Figures {
  const scenarios = Object.entries(SCENARIOS).map(([name, scenario]) => ({ name, ...searchOf(scenario) }));
  return {
    states: scenarios.reduce((sum, { states }) => sum + states, 0),
    scenarios,
    mutations: MUTATIONS.map(findBug),
    promises: PROMISES,
  };
}

function findBug(name: Mutation): FoundBug {
  const { breaks } = BUGS[name];
  const { counterexample } = searchOf(BUGS[name], name);
  const found = counterexample !== null && counterexample.includes(breaks);
  return { name, breaks, found, steps: counterexample?.split('\n').length ?? 0, counterexample };
}

function searchOf({ programs, left, slots }: SearchScenario, mutation: Mutation | null = null): Found {
  return search(initial(programs, left, slots), mutation);
}
