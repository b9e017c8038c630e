import type { Action, Program } from './program.ts';
import type { PlannedRun, Scenario } from './scenario.ts';

/** What every scenario has, and every run. All else is something that happens to them. */
const ESSENTIAL: readonly string[] = [
  'seed',
  'workers',
  'concurrency',
  'clients',
  'runs',
  'faults',
  'faultsEnd',
  'patience',
] satisfies (keyof Scenario)[];
const ESSENTIAL_OF_RUN: readonly string[] = [
  'id',
  'workflow',
  'program',
  'startAt',
] satisfies (keyof PlannedRun)[];

/** Scenarios with a little less in them, the boldest first. */
export function* smallerScenarios(scenario: Scenario): Generator<Scenario> {
  for (const runs of shorter(scenario.runs, 1)) yield { ...scenario, runs };
  for (const kept of shorter(Object.entries(scenario.faults), 0))
    yield { ...scenario, faults: Object.fromEntries(kept) };
  yield* withoutEach(scenario, ESSENTIAL);
  for (const [index, run] of scenario.runs.entries()) {
    for (const smaller of smallerRuns(run)) yield { ...scenario, runs: scenario.runs.with(index, smaller) };
  }
  for (const size of ['workers', 'clients'] as const) {
    for (const less of lowerNumbers(scenario[size], 1)) yield { ...scenario, [size]: less };
  }
  for (const concurrency of shorter(scenario.concurrency, 1)) yield { ...scenario, concurrency };
  for (const faultsEnd of lowerNumbers(scenario.faultsEnd, 0, 500)) yield { ...scenario, faultsEnd };
}

function* smallerRuns(run: PlannedRun): Generator<PlannedRun> {
  yield* withoutEach(run, ESSENTIAL_OF_RUN);
  if (run.workflow !== 'plain') yield { ...run, workflow: 'plain' };
  yield* smallerInside(run);
}

function* withoutEach<T extends object>(whole: T, essential: readonly string[]): Generator<T> {
  for (const field of Object.keys(whole)) {
    if (essential.includes(field)) continue;
    yield Object.fromEntries(Object.entries(whole).filter(([name]) => name !== field)) as T;
  }
}

export function* smallerPrograms(program: Program): Generator<Program> {
  yield* shorter(program, 0);
  for (const [index, action] of program.entries()) {
    // Its contents in its place.
    for (const inside of programsIn(action)) yield program.toSpliced(index, 1, ...inside);
    for (const smaller of smallerInside(action)) yield program.with(index, onlyExisting(smaller));
  }
}

/** Of runs and actions no more is known than that some of their fields are programs, or lists of programs. */
function* smallerInside<T extends object>(whole: T): Generator<T> {
  for (const [field, value] of Object.entries(whole)) {
    for (const less of smallerValues(field, value)) yield { ...whole, [field]: less };
  }
}

function smallerValues(field: string, value: unknown): Iterable<unknown> {
  if (isProgram(value)) return smallerPrograms(value);
  if (isBranches(value)) return smallerBranches(value);
  return field === 'items' ? lowerNumbers(value as number, 1) : [];
}

function* smallerBranches(branches: readonly Program[]): Generator<readonly Program[]> {
  // Of no branches at all none can win.
  yield* shorter(branches, 1);
  for (const [index, branch] of branches.entries()) {
    for (const smaller of smallerPrograms(branch)) yield branches.with(index, smaller);
  }
}

/** Items that are gone cannot fail. */
function onlyExisting(action: Action): Action {
  if (!('items' in action && 'failing' in action)) return action;
  return { ...action, failing: action.failing.filter((index) => index < action.items) };
}

/** Programs directly inside an action or a run. */
export function programsIn(whole: object): readonly Program[] {
  return Object.values(whole).flatMap((value: unknown) =>
    isProgram(value) ? [value] : isBranches(value) ? value : [],
  );
}

function isProgram(value: unknown): value is Program {
  return isListOf(value, (one) => typeof one === 'object' && one !== null && 'do' in one);
}

function isBranches(value: unknown): value is readonly Program[] {
  return isListOf(value, (one) => Array.isArray(one));
}

function isListOf(value: unknown, isOne: (one: unknown) => boolean): boolean {
  return Array.isArray(value) && value.length > 0 && value.every(isOne);
}

/** The empty list, each of a list alone, each half, and the list without each. */
function* shorter<T>(list: readonly T[], least: 0 | 1): Generator<readonly T[]> {
  if (list.length <= least) return;
  if (least === 0) yield [];
  if (list.length === 1) return;
  for (const one of list) yield [one];
  const half = list.length >> 1;
  if (half > 1) yield* [list.slice(0, half), list.slice(half)];
  if (list.length > 2) for (const index of list.keys()) yield list.toSpliced(index, 1);
}

function* lowerNumbers(number: number, least: number, grain = 1): Generator<number> {
  if (number <= least) return;
  yield least;
  const half = Math.ceil((least + number) / 2 / grain) * grain;
  if (half > least && half < number) yield half;
}
