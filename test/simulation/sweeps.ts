import { CANONICAL, LOST_CALLBACK, RETRIED } from './canonical.ts';
import { EXAMPLES } from './examples.ts';
import { SIDE_QUEUE } from './interpret.ts';
import type { PlannedRun, Scenario } from './scenario.ts';

/** One run of a program by hand, lived once for each thing that can go wrong in it. */
export interface Sweep extends Pick<Scenario, 'stopAt' | 'deploy' | 'roundsEvery'> {
  readonly name: string;
  readonly run: PlannedRun;
}

const common = { id: 'run-1', workflow: 'plain', startAt: 0 } as const;

/** What people do to a run, or to the process it is in, while it goes on. */
const INTERFERED: readonly Sweep[] = [
  {
    name: 'undone because cancelled',
    run: {
      ...common,
      program: [...CANONICAL['undone']!.slice(0, 2), { do: 'sleep', ms: 900 }],
      cancelAt: 300,
    },
  },
  { name: 'children cancelled', run: { ...common, program: CANONICAL['children']!, cancelAt: 60 } },
  {
    name: 'an approval cancelled by force',
    run: { ...common, program: CANONICAL['an approval']!, cancelAt: 200, cancelBy: 'force' },
  },
  {
    name: 'branches cancelled twice',
    run: { ...common, program: CANONICAL['branches']!, cancelAt: 50, cancelBy: 'twice' },
  },
  {
    name: 'steps paused',
    run: { ...common, program: CANONICAL['a step that fails twice']!, pauseAt: 30, pausedFor: 400 },
  },
  {
    name: 'events paused',
    run: { ...common, program: CANONICAL['waits for events']!, pauseAt: 100, pausedFor: 900 },
  },
  {
    name: 'failed and retried',
    run: { ...common, program: RETRIED['a child of a function that fails']!, retried: true },
  },
  {
    name: 'a lost callback and retried',
    run: { ...common, program: LOST_CALLBACK, retried: true },
  },
  {
    name: 'undone and retried',
    run: { ...common, program: RETRIED['undone and done again']!, retried: true },
  },
  {
    name: 'too slow',
    run: {
      ...common,
      workflow: 'limited',
      program: [{ do: 'race', branches: [[{ do: 'sleep', ms: 60_000 }]] }],
    },
  },
  {
    name: 'followed to the end',
    run: { ...common, program: CANONICAL['a step that fails twice']!, followed: true },
  },
  {
    name: 'forked under way',
    run: { ...common, program: CANONICAL['waits for events']!, forkAt: 900 },
  },
  {
    name: 'forked with a result',
    run: { ...common, program: CANONICAL['steps in a row']!, forkAt: 300, forkWith: 'result' },
  },
  { name: 'purged', run: { ...common, program: CANONICAL['an approval']!, purged: true } },
  {
    name: 'purged and started again',
    run: { ...common, program: CANONICAL['steps in a row']!, purged: true, again: CANONICAL['branches']! },
  },
  {
    name: 'one of its children cancelled',
    run: { ...common, program: CANONICAL['children']!, meddleAt: 30, meddleBy: 'cancel' },
  },
  {
    name: 'one of its children cancelled by force',
    run: { ...common, program: CANONICAL['children']!, meddleAt: 30, meddleBy: 'force' },
  },
  {
    name: 'one of its children paused',
    run: { ...common, program: CANONICAL['children']!, meddleAt: 30, meddleBy: 'pause' },
  },
  {
    name: 'one of its children purged',
    run: { ...common, program: CANONICAL['children']!, meddleAt: 700, meddleBy: 'purge' },
  },
  {
    name: 'looked at',
    run: { ...common, program: CANONICAL['an approval']!, lookAt: 50 },
  },
  {
    name: 'delayed, aside, with a key',
    run: {
      ...common,
      program: CANONICAL['steps in a row']!,
      delay: 400,
      queue: SIDE_QUEUE,
      priority: 3,
      concurrencyKey: 'of the start',
    },
  },
  { name: 'a worker that is stopped', run: { ...common, program: CANONICAL['a race']! }, stopAt: 40 },
  {
    name: 'new code under way',
    run: { ...common, program: CANONICAL['patched']! },
    deploy: { first: 'old', until: 150 },
  },
  {
    name: 'old code after new',
    run: { ...common, program: CANONICAL['patched']! },
    deploy: { first: 'mixed', until: 5_000 },
  },
  {
    name: 'a version that nobody has yet',
    run: { ...common, workflow: 'versioned', version: '2', program: CANONICAL['steps in a row']! },
    deploy: { first: 'old', until: 2_000 },
  },
];

export const SWEEPS: Readonly<Record<string, Sweep>> = Object.fromEntries(
  [
    ...Object.entries(CANONICAL).map(([name, program]) => ({ name, run: { ...common, program } })),
    ...Object.entries(RETRIED).map(([name, program]) => ({
      name,
      run: { ...common, workflow: 'retrying', program },
    })),
    ...INTERFERED,
    ...Object.entries(EXAMPLES).map(([name, { workflow, roundsEvery = 0 }]) => ({
      name,
      run: { ...common, workflow: workflow.name, program: [], example: name },
      roundsEvery,
    })),
  ].map((sweep) => [sweep.name, sweep]),
);
