import type { Run, State } from './state.ts';
import type { Mutation } from './store-model.ts';

export interface SearchScenario {
  readonly programs: Run['program'][];
  readonly left: Partial<State['left']>;
  /** How many of the runs may go on at the same time. */
  readonly slots?: number;
}

/** Each with two workers. Together they are small enough to be searched to the end, one big one would not be. */
export const SCENARIOS = {
  'two runs side by side': { programs: ['callback', 'event'], left: { complete: 1, event: 1 } },
  'two runs, one fault': { programs: ['event', 'event'], left: { faults: 1 } },
  'two runs, one slot': { programs: ['event', 'event'], left: { cancel: 1, event: 1 }, slots: 1 },
  'an event, one fault': { programs: ['event'], left: { event: 1, faults: 1 } },
  'a callback, one fault': { programs: ['callback'], left: { complete: 1, faults: 1 } },
  'a cancel, one fault': { programs: ['event'], left: { cancel: 1, faults: 1 } },
  'cancel, reopen, purge': { programs: ['event'], left: { event: 1, cancel: 1, reopen: 1, purge: 1 } },
  'purge and start again': { programs: ['event'], left: { event: 1, cancel: 1, purge: 1, restart: 1 } },
} satisfies Record<string, SearchScenario>;

/** The search would notice: each bug breaks a promise. */
export const BUGS: Readonly<Record<Mutation, SearchScenario & { readonly breaks: string }>> = {
  'no position check': {
    ...SCENARIOS['an event, one fault'],
    breaks: 'two commits of run 0 at position 0',
  },
  'release ignores seen': {
    programs: ['event'],
    left: { event: 1 },
    breaks: 'run 0 sleeps (waiting), though fact 1 has come: event',
  },
  'expire frees no runs': {
    ...SCENARIOS['an event, one fault'],
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
    ...SCENARIOS['a callback, one fault'],
    breaks: 'a refused commit has changed run 0',
  },
  'take up an ended run': {
    programs: ['event'],
    left: { cancel: 1, reopen: 1, faults: 1 },
    breaks: 'run 0 goes on after its end without having been reopened',
  },
  'the end drops events': {
    programs: ['event'],
    left: { event: 1, cancel: 1 },
    breaks: 'the acknowledged fact E of run 0 is lost',
  },
  'no slot check': {
    ...SCENARIOS['two runs, one slot'],
    breaks: '2 runs go on, where 1 may',
  },
  'the end keeps the slot': {
    ...SCENARIOS['two runs, one slot'],
    breaks: 'nobody will ever do it',
  },
  'a purged key is used again': {
    programs: ['event'],
    left: { cancel: 1, purge: 1, restart: 1, faults: 1 },
    breaks: 'a commit meant for a run that was purged is stored in run 0',
  },
};
