import { expect, test } from 'vitest';
import { search } from './search.ts';
import { initial, type Mutation, type Run, type State } from './state.ts';

interface Scenario {
  readonly programs: Run['program'][];
  readonly left: Partial<State['left']>;
}

/** The searches have nothing to wait for; on a loaded machine they take their time (ms). */
const LONGEST = 120_000;

/** Each with two workers. Together they are small enough to be searched to the end, one big one would not be. */
const scenarios: Record<string, Scenario> = {
  'two runs side by side': { programs: ['callback', 'event'], left: { complete: 1, event: 1 } },
  'two runs, one fault': { programs: ['event', 'event'], left: { faults: 1 } },
  'an event, one fault': { programs: ['event'], left: { event: 1, faults: 1 } },
  'a callback, one fault': { programs: ['callback'], left: { complete: 1, faults: 1 } },
  'a cancel, one fault': { programs: ['event'], left: { cancel: 1, faults: 1 } },
  'cancel, reopen, purge': { programs: ['event'], left: { event: 1, cancel: 1, reopen: 1, purge: 1 } },
};

test.each(Object.keys(scenarios))(
  'every promise holds in every state: %s',
  (name) => {
    const { programs, left } = scenarios[name]!;
    const { states, depth, counterexample } = search(initial(programs, left));
    expect(counterexample).toBeNull();
    expect(states).toBeGreaterThan(1_000);
    expect(depth).toBeGreaterThan(15);
  },
  LONGEST,
);

/** The check would notice: each rule that is left out breaks a promise. */
const mutations: Record<Mutation, Scenario & { readonly breaks: string }> = {
  'no position check': {
    ...scenarios['an event, one fault']!,
    breaks: 'two commits of run 0 at position 0',
  },
  'release ignores seen': {
    programs: ['event'],
    left: { event: 1 },
    breaks: 'nobody will ever do it',
  },
  'expire frees no runs': {
    ...scenarios['an event, one fault']!,
    breaks: 'nobody will ever do it',
  },
  'acknowledge before storing': {
    programs: ['event'],
    left: { event: 1 },
    breaks: 'the acknowledged fact E of run 0 is lost',
  },
  'close of a completed callback': {
    programs: ['callback'],
    left: { complete: 1 },
    breaks: 'was completed and timed out',
  },
  'refused commit takes facts': {
    ...scenarios['a callback, one fault']!,
    breaks: 'a refused commit has changed run 0',
  },
  'take up an ended run': {
    programs: ['event'],
    left: { cancel: 1, reopen: 1, faults: 1 },
    breaks: 'run 0 goes on after its end without having been reopened',
  },
};

test.each(Object.keys(mutations) as Mutation[])(
  'the check is not vacuous: %s',
  (mutation) => {
    const { programs, left, breaks } = mutations[mutation];
    const { counterexample } = search(initial(programs, left), mutation);
    expect(counterexample).toContain(breaks);
  },
  LONGEST,
);
