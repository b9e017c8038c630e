import { CANONICAL, RETRIED } from './canonical.ts';
import { Chance } from './chance.ts';
import { FAULTS, type Fault, type FaultRates, type PlannedFault } from './faults.ts';
import { Generator } from './generate.ts';
import { SIDE_QUEUE } from './interpret.ts';
import type { Deploy } from './kit.ts';
import { actionsOf, type Program, type Version } from './program.ts';

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
  /** What goes wrong where `faults` are none. */
  readonly planned?: readonly PlannedFault[];
  /** Until then not all workers have all of the newest. */
  readonly deploy?: Deploy;
  /** When the workers are asked to stop; others take their places. */
  readonly stopAt?: number;
  /**
   * In a life of days, rounds that nobody waits for (renewed leases, second looks) come no oftener than this, and leases
   * are longer accordingly: at their usual pace they are half a million calls.
   */
  readonly roundsEvery?: number;
  /** Until when things go wrong, and within what time after that all must end (ms of virtual time). */
  readonly faultsEnd: number;
  readonly patience: number;
}

/** A run, and what people do to it. Times in milliseconds after the beginning. */
export interface PlannedRun {
  readonly id: string;
  /** One of `interpret.ts`, or that of the example. */
  readonly workflow: string;
  readonly program: Program;
  /** Of EXAMPLES: it says what is put in and comes out; the program is empty. */
  readonly example?: string;
  readonly startAt: number;
  readonly cancelAt?: number;
  readonly cancelBy?: 'force' | 'twice';
  readonly pauseAt?: number;
  readonly pausedFor?: number;
  /** If it fails, an operator's retry reopens it, once. */
  readonly retried?: true;
  /** Somebody reads its events to the end. */
  readonly followed?: true;
  /** Terms of its start. */
  readonly version?: Version;
  readonly queue?: string;
  readonly priority?: number;
  readonly delay?: number;
  readonly timeout?: number;
  readonly concurrencyKey?: string;
  /** An operator forks it from an operation that it has by then, and perhaps says what that gives. */
  readonly forkAt?: number;
  readonly forkWith?: 'result';
  /** Somebody lays hands on one of its children. */
  readonly meddleAt?: number;
  readonly meddleBy?: 'cancel' | 'force' | 'pause' | 'purge';
  /** Somebody looks at it, and wants to know why it does not move. */
  readonly lookAt?: number;
  /** It is purged as soon as it has ended; then its id may be used for another program. */
  readonly purged?: true;
  readonly again?: Program;
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
  const faultsEnd = chance.between(4_000, 15_000);
  const first = chance.oneOf(['mixed', 'mixed', 'old', null, null, null, null] as const);
  const leavesZombies = chance.happens(0.2);
  const runs = Array.from({ length: chance.between(2, 6) }, (_, n) => {
    const work = first !== null && chance.happens(0.5) ? planDeployed(chance) : planWork(chance);
    const run = planRun(`run-${n + 1}`, work, chance);
    return leavesZombies ? endedSoon(run, chance) : run;
  });
  return {
    seed: `seed ${seed}`,
    // Of code that differs it matters who has which run.
    workers: chance.between(first === 'mixed' || leavesZombies ? 2 : 1, 3),
    concurrency: [1, 2, 10],
    clients: chance.between(1, 2),
    runs,
    faults: leavesZombies ? zombiesOf(faults) : faults,
    ...(first === null ? {} : { deploy: { first, until: faultsEnd } }),
    faultsEnd,
    patience: 90_000,
  };
}

/** Whoever stands still over it, in the middle of a body, finds it gone. */
function endedSoon({ again: _, ...run }: PlannedRun, chance: Chance): PlannedRun {
  const program = Array.from(
    { length: 20 },
    (_, n) => ({ do: 'step', name: `step ${n}`, takes: 400, failures: 0 }) as const,
  );
  return {
    ...run,
    program,
    cancelAt: run.startAt + chance.between(500, 6_000),
    cancelBy: 'force',
    purged: true,
  };
}

/** Workers that stand still until others have done their work, and nobody who waits long before he purges it. */
function zombiesOf({ 'slow call': _, ...faults }: FaultRates): FaultRates {
  return { ...faults, 'pause beyond the lease': 0.06 };
}

function planRun(id: string, work: Work, chance: Chance): PlannedRun {
  const startAt = chance.between(0, 3_000);
  const at = () => startAt + chance.between(0, 1_500);
  const cancel = chance.happens(0.5) ? { cancelBy: chance.oneOf(['force', 'twice'] as const) } : {};
  const fork = chance.happens(0.5) ? ({ forkWith: 'result' } as const) : {};
  const meddle = { meddleBy: chance.oneOf(['cancel', 'force', 'pause', 'purge'] as const) };
  const again = new Generator(chance.stream(`again ${id}`), 1_000).program();
  const end = chance.oneOf([
    { retried: true },
    { followed: true },
    { purged: true },
    { purged: true, again },
    {},
    {},
    {},
  ] as const);
  return {
    id,
    ...work,
    startAt,
    ...planTerms(chance),
    ...(chance.happens(0.12) ? { cancelAt: at(), ...cancel } : {}),
    ...(chance.happens(0.12) ? { pauseAt: at(), pausedFor: chance.between(0, 3_000) } : {}),
    ...(chance.happens(0.15) ? { forkAt: at() + chance.between(0, 2_000), ...fork } : {}),
    ...(hasChildren(work.program) && chance.happens(0.4) ? { meddleAt: at(), ...meddle } : {}),
    ...(chance.happens(0.15) ? { lookAt: at() } : {}),
    ...end,
  };
}

function planTerms(chance: Chance): Partial<PlannedRun> {
  return {
    ...(chance.happens(0.1) ? { queue: SIDE_QUEUE } : {}),
    ...(chance.happens(0.1) ? { priority: chance.between(0, 9) } : {}),
    ...(chance.happens(0.1) ? { delay: chance.between(1, 2_000) } : {}),
    ...(chance.happens(0.05) ? { timeout: chance.between(1, 3_000) } : {}),
    ...(chance.happens(0.05) ? { concurrencyKey: 'of the start' } : {}),
  };
}

function hasChildren(program: Program): boolean {
  return actionsOf(program).some((action) => action.do === 'child' || action.do === 'detached');
}

type Work = Pick<PlannedRun, 'workflow' | 'program' | 'version'>;

/** What only shows itself where workers have not all the same. */
function planDeployed(chance: Chance): Work {
  return chance.oneOf([
    { workflow: 'versioned', version: '1', program: CANONICAL['continued']! },
    { workflow: 'plain', program: CANONICAL['patched']! },
  ] as const);
}

function planWork(chance: Chance): Work {
  if (chance.happens(0.15))
    return { workflow: 'retrying', program: RETRIED[chance.oneOf(Object.keys(RETRIED))]! };
  const program = chance.happens(0.4)
    ? CANONICAL[chance.oneOf(Object.keys(CANONICAL))]!
    : new Generator(chance.stream(`program ${chance.number()}`)).program();
  const workflow = chance.oneOf([
    'plain',
    'plain',
    'plain',
    'plain',
    'limited',
    'one by one',
    'two by two',
    'aside',
    'versioned',
  ]);
  return { workflow, program, ...(workflow === 'versioned' ? { version: chance.oneOf(['1', '2']) } : {}) };
}
