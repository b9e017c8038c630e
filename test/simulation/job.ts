import { groundOf, seedArguments, sweepArguments, type Circumstances } from './command.ts';
import { rowOf, type Extent, type Row } from './crash-matrix.ts';
import { scenarioOf } from './scenario.ts';
import { SWEEPS } from './sweeps.ts';
import { NOTHING, sumOf, tallyOf, type Tally } from './tally.ts';
import type { Violation } from './violation.ts';
import { simulate, type Report } from './world.ts';

/** A part of a long run that one thread does alone. */
export type Job =
  | { readonly do: 'sweep'; readonly name: string; readonly extent: Extent }
  | { readonly do: 'seeds'; readonly first: number; readonly last: number };

/** What became of a job: plain data, which threads can hand to each other. */
export interface Done {
  readonly passed: number;
  readonly failures: readonly Failure[];
  readonly tally: Tally;
  /** Of a sweep. */
  readonly row?: Row;
}

export interface Failure {
  /** For people: what failed. */
  readonly what: string;
  readonly why: string;
  /** Arguments that bring it about again. */
  readonly replay: readonly string[];
  /** The seed that failed, and the kind of its violation: it can be shrunk. */
  readonly seed?: number;
  readonly kind?: Violation['kind'];
}

/** Every so many seeds one is lived twice: the traces must be the same. */
const TWICE = 10;

export function perform(job: Job, circumstances: Circumstances): Promise<Done> {
  if (job.do === 'sweep') return sweep(job.name, job.extent, circumstances);
  return liveSeeds(job.first, job.last, circumstances);
}

async function sweep(name: string, extent: Extent, circumstances: Circumstances): Promise<Done> {
  let tally = NOTHING;
  const row = await rowOf(SWEEPS[name]!, { ...groundOf(circumstances), extent }, (report) => {
    tally = sumOf(tally, tallyOf(report));
  });
  const [first, ...more] = row.failed;
  if (first === undefined) return { passed: 1, failures: [], tally, row };
  const what = `"${name}", ${first.name}${more.length === 0 ? '' : ` (and ${more.length} more)`}`;
  const replay = sweepArguments(name, circumstances);
  return { passed: 0, failures: [{ what, why: first.problem, replay }], tally, row };
}

async function liveSeeds(first: number, last: number, circumstances: Circumstances): Promise<Done> {
  let tally = NOTHING;
  const failures: Failure[] = [];
  for (let seed = first; seed <= last; seed++) {
    const reports = [await liveSeed(seed, circumstances)];
    if (seed % TWICE === 0) reports.push(await liveSeed(seed, circumstances));
    for (const report of reports) tally = sumOf(tally, tallyOf(report));
    const failure = failureOf(seed, reports, circumstances);
    if (failure !== null) failures.push(failure);
  }
  return { passed: last - first + 1 - failures.length, failures, tally };
}

function liveSeed(seed: number, circumstances: Circumstances): Promise<Report> {
  return simulate(scenarioOf(seed), groundOf(circumstances));
}

function failureOf(
  seed: number,
  [report, again = report]: readonly Report[],
  circumstances: Circumstances,
): Failure | null {
  const common = { what: `seed ${seed}`, replay: seedArguments(seed, circumstances) };
  const [violation] = report!.violations;
  if (violation !== undefined) return { ...common, why: violation.message, seed, kind: violation.kind };
  const isSame = report!.trace.text === again!.trace.text;
  return isSame ? null : { ...common, why: 'the same seed gave another trace' };
}
