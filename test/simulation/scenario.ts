import { CANONICAL, RETRIED } from './canonical.ts';
import { Chance } from './chance.ts';
import { FAULTS, LEASE, type CrashPoint, type Fault, type FaultRates } from './faults.ts';
import { Generator } from './generate.ts';
import type { Program } from './program.ts';
import { foretell, type Foretold } from './reference.ts';

/** All that is decided before a world begins to move, as plain data: it can be printed, and made smaller. */
export interface Scenario {
  /** Decides everything that is decided on the way: delays, and which fault fires when. */
  readonly seed: string;
  readonly workers: number;
  /** How many runs a worker may have active at once: one of these. */
  readonly concurrency: readonly number[];
  readonly clients: number;
  readonly runs: readonly PlannedRun[];
  readonly faults: FaultRates;
  readonly crashPoint: CrashPoint | null;
  /** Until when things go wrong, and within what time after that all must end (ms of virtual time). */
  readonly faultsEnd: number;
  readonly patience: number;
}

type WorkflowName = 'plain' | 'retrying' | 'limited' | 'one by one';

/** A run, and what people do to it. Times in milliseconds after the beginning. */
export interface PlannedRun {
  readonly id: string;
  readonly workflow: WorkflowName;
  readonly program: Program;
  readonly startAt: number;
  readonly cancelAt?: number;
  readonly cancelBy?: 'force' | 'twice';
  readonly pauseAt?: number;
  readonly pausedFor?: number;
  /** If it fails, an operator's retry reopens it, once. */
  readonly retried?: true;
  /** Somebody reads its events to the end. */
  readonly followed?: true;
}

/** How a planned run may end. */
export function foretellRun({ workflow, program, cancelAt, retried }: PlannedRun): Foretold {
  const lives = workflow === 'retrying' ? 4 : 1;
  const first = foretell(program, lives);
  const last = retried === true ? foretell(program, 2 * lives) : first;
  return {
    value: last.value,
    throws: [
      ...first.throws,
      ...last.throws,
      ...(workflow === 'limited' ? ['RUN_TIMED_OUT'] : []),
      ...(cancelAt === undefined ? [] : ['RUN_CANCELLED']),
    ],
  };
}

/** How often a fault happens when a seed has it, at each opportunity. */
const USUAL: Readonly<Record<Fault, number>> = {
  'crash before a call': 0.01,
  'crash after a call': 0.01,
  'crash in a body': 0.03,
  'client crash': 0.03,
  'call of a dead process arrives': 0.5,
  'call fails': 0.02,
  'answer lost': 0.02,
  'slow call': 0.02,
  'slow answer': 0.02,
  'news lost': 0.2,
  'news doubled': 0.2,
  'news late': 0.2,
  'pause beyond the lease': 0.005,
  'clock jump': 0.06,
  'graceful stop': 0.03,
  'client call doubled': 0.3,
};

/** The scenario of a seed. Each seed has its own mixture of faults: some show only where others are absent. */
export function scenarioOf(seed: number): Scenario {
  const chance = new Chance(`seed ${seed}`);
  const faults = Object.fromEntries(
    FAULTS.filter(() => chance.happens(0.6)).map((fault) => [
      fault,
      USUAL[fault] * chance.oneOf([0.3, 1, 2]),
    ]),
  ) as FaultRates;
  const runs = Array.from({ length: chance.between(2, 6) }, (_, n) => planRun(`run-${n + 1}`, chance));
  return {
    seed: `seed ${seed}`,
    workers: chance.between(1, 3),
    concurrency: [1, 2, 10],
    clients: chance.between(1, 2),
    runs,
    faults,
    crashPoint: null,
    faultsEnd: chance.between(4_000, 15_000),
    patience: 90_000,
  };
}

function planRun(id: string, chance: Chance): PlannedRun {
  const { workflow, program } = planWork(chance);
  const startAt = chance.between(0, 3_000);
  const at = () => startAt + chance.between(0, 1_500);
  const cancel = chance.happens(0.12) ? { cancelAt: at() } : {};
  const how = chance.happens(0.5) ? { cancelBy: chance.oneOf(['force', 'twice'] as const) } : {};
  const more = chance.oneOf([{ retried: true }, { followed: true }, {}, {}, {}] as const);
  const pause = chance.happens(0.12) ? { pauseAt: at(), pausedFor: chance.between(0, 3_000) } : {};
  return {
    id,
    workflow,
    program,
    startAt,
    ...('cancelAt' in cancel ? { ...cancel, ...how } : {}),
    ...pause,
    ...more,
  };
}

function planWork(chance: Chance): { workflow: WorkflowName; program: Program } {
  if (chance.happens(0.15))
    return { workflow: 'retrying', program: RETRIED[chance.oneOf(Object.keys(RETRIED))]! };
  const program = chance.happens(0.4)
    ? CANONICAL[chance.oneOf(Object.keys(CANONICAL))]!
    : new Generator(chance.stream(`program ${chance.number()}`)).program();
  return { workflow: chance.oneOf(['plain', 'plain', 'plain', 'plain', 'limited', 'one by one']), program };
}

/** One run and nothing that goes wrong, except one crash. */
export function crashScenario(seed: string, run: PlannedRun, crash: CrashPoint | null): Scenario {
  return {
    seed,
    workers: 1,
    // A run that waits and does not give up its place would hold up its own children.
    concurrency: [1],
    clients: 1,
    runs: [run],
    faults: {},
    crashPoint: crash,
    faultsEnd: 0,
    // Undisturbed, nothing may wait for a sweep that would find it in the end; a crash costs a lease and a new start.
    patience: crash === null ? 4_000 : 4_000 + 3 * LEASE,
  };
}
