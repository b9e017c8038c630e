import { LEASE, PLANNED_FAULTS, POSSIBLE, type Moment, type PlannedFault } from './faults.ts';
import type { Plant } from './plants/plant.ts';
import type { Scenario } from './scenario.ts';
import type { OpenStore } from './stores.ts';
import type { Sweep } from './sweeps.ts';
import { simulate, type Report } from './world.ts';

type What = PlannedFault['what'];

/** `one at each moment`: of what can go wrong there, another thing at each; a quarter of the lives. */
export type Extent = 'whole' | 'one at each moment';

interface Surroundings {
  readonly open?: OpenStore;
  readonly plant?: Plant | null;
  readonly extent?: Extent;
}

/** A program's life in which one thing went wrong, or nothing. */
export interface Life {
  /** For people: what went wrong where. */
  readonly name: string;
  readonly planned: PlannedFault | null;
  readonly report: Report;
  /** What is wrong with it; null: it came to an allowed end, and what was planned did happen. */
  readonly problem: string | null;
}

/**
 * The crash matrix of one program: an undisturbed life, whose moments are numbered (every call to the store, by the
 * worker and by the client, every entry and every exit of a body), and then a life for all that can go wrong at each
 * moment. No moment is left out, not even the rounds that a worker makes while all only wait.
 */
export async function* livesOf(
  sweep: Sweep,
  { extent = 'whole', ...surroundings }: Surroundings = {},
): AsyncGenerator<Life> {
  const undisturbed = await simulate(scenarioOf(sweep, []), surroundings);
  yield { name: 'undisturbed', planned: null, report: undisturbed, problem: told(undisturbed) };
  for (const [index, moment] of undisturbed.moments.entries()) {
    const possible: readonly What[] = POSSIBLE[moment.at];
    for (const what of extent === 'whole' ? possible : [possible[index % possible.length]!]) {
      const planned = { moment: index + 1, what };
      const report = await simulate(scenarioOf(sweep, [planned]), surroundings);
      const name = `${what}, moment ${planned.moment}: ${show(moment)}`;
      yield { name, planned, report, problem: told(report) ?? missed(moment, report.moments[index]) };
    }
  }
}

/** One run, one worker, one client, and nothing that goes wrong but what is planned. */
function scenarioOf({ name, run, ...more }: Sweep, planned: readonly PlannedFault[]): Scenario {
  const { stopAt = 0, deploy, roundsEvery = 0 } = more;
  const isCalm = planned.length === 0 && stopAt === 0 && deploy === undefined;
  return {
    ...more,
    seed: name,
    workers: 1,
    // A run that waits and does not give up its place would hold up its own children.
    concurrency: [1],
    clients: 1,
    runs: [run],
    faults: {},
    planned,
    faultsEnd: 0,
    // Undisturbed, nothing may wait for a sweep that would find it in the end; a crash costs a lease and a new start.
    patience: 4_000 + 8 * roundsEvery + (isCalm ? 0 : 3 * Math.max(LEASE, 3 * roundsEvery)),
  };
}

function told({ violations }: Report): string | null {
  return violations.length === 0 ? null : violations.map(({ message }) => message).join('\n');
}

/** Until something goes wrong, a life is the undisturbed one. If it is not, something else was hit, or nothing. */
function missed(expected: Moment, hit: Moment | undefined): string | null {
  if (hit !== undefined && show(hit) === show(expected)) return null;
  return `void: it was to hit ${show(expected)}, and hit ${hit === undefined ? 'nothing' : show(hit)}`;
}

function show({ at, who, what }: Moment): string {
  return at === 'call' ? `call of the ${who}: ${what}` : `${at} of a body: ${what}`;
}

/** What the crash matrix of one program came to, as plain data. */
export interface Row {
  readonly name: string;
  /** In the undisturbed life. */
  readonly moments: readonly Moment[];
  /** Lives in which each thing went wrong. */
  readonly lives: Readonly<Record<What, number>>;
  readonly failed: readonly { readonly name: string; readonly problem: string }[];
}

export async function rowOf(
  sweep: Sweep,
  surroundings: Surroundings,
  look: (report: Report) => void,
): Promise<Row> {
  const lives = Object.fromEntries(PLANNED_FAULTS.map((what) => [what, 0])) as Record<What, number>;
  const failed: Row['failed'][number][] = [];
  let moments: readonly Moment[] = [];
  for await (const { name, planned, report, problem } of livesOf(sweep, surroundings)) {
    look(report);
    if (planned === null) moments = report.moments;
    else lives[planned.what]++;
    if (problem !== null) failed.push({ name, problem });
  }
  return { name: sweep.name, moments, lives, failed };
}
