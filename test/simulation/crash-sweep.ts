import { CANONICAL, LOST_CALLBACK, RETRIED } from './canonical.ts';
import { crashScenario, type PlannedRun, type Scenario } from './scenario.ts';
import { simulate } from './world.ts';

/** A program by hand, lived once for each of its commits. */
export interface Sweep {
  readonly name: string;
  readonly run: PlannedRun;
}

const common = { id: 'run-1', workflow: 'plain', startAt: 0 } as const;

/** What people do to a run while it goes on. */
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
];

export const SWEEPS: Readonly<Record<string, Sweep>> = Object.fromEntries(
  [
    ...Object.entries(CANONICAL).map(([name, program]) => ({ name, run: { ...common, program } })),
    ...Object.entries(RETRIED).map(([name, program]) => ({
      name,
      run: { ...common, workflow: 'retrying' as const, program },
    })),
    ...INTERFERED,
  ].map((sweep) => [sweep.name, sweep]),
);

/** A world for each commit of a program, and for each side of it: the worker dies there, and another goes on. */
export async function* crashesOf({ name, run }: Sweep): AsyncGenerator<Scenario> {
  const undisturbed = crashScenario(name, run, null);
  yield undisturbed;
  const { commits } = await simulate(undisturbed);
  for (let commit = 1; commit <= commits; commit++) {
    for (const when of ['before', 'after'] as const) yield crashScenario(name, run, { commit, when });
  }
}
