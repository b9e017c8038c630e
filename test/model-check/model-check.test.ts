import { beforeAll, expect, test } from 'vitest';
import { figures } from './figures.ts';
import { SCENARIOS } from './scenarios.ts';
import { MUTATIONS } from './store-model.ts';

/** The searches have nothing to wait for; on a loaded machine they take their time (ms). */
const LONGEST = 120_000;

let searched: ReturnType<typeof figures>;
beforeAll(() => {
  searched = figures();
}, LONGEST);

test.each(Object.keys(SCENARIOS))('every promise holds in every state: %s', (name) => {
  const { states, depth, counterexample } = searched.scenarios.find((one) => one.name === name)!;
  expect(counterexample).toBeNull();
  expect(states).toBeGreaterThan(1_000);
  expect(depth).toBeGreaterThan(15);
});

test.each(MUTATIONS)('the check is not vacuous: %s', (mutation) => {
  const { breaks, counterexample } = searched.mutations.find(({ name }) => name === mutation)!;
  expect(counterexample).toContain(breaks);
});
