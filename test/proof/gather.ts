import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { JOURNAL_FORMAT } from '../../packages/stepwell/src/model/event.ts';
import { SELDOM_IN_WORLDS } from '../model-check/exercised.ts';
import { figures } from '../model-check/figures.ts';
import { commandLine } from '../simulation/command.ts';
import type { Row } from '../simulation/crash-matrix.ts';
import type { Done, Job } from '../simulation/job.ts';
import { performAll } from '../simulation/job-pool.ts';
import { PLANTS } from '../simulation/planted.ts';
import { findPlanted, PATIENCE } from '../simulation/planted-search.ts';
import { SWEEPS } from '../simulation/sweeps.ts';
import { missingFrom, NOTHING, sumOf, type Tally } from '../simulation/tally.ts';
import type { Evidence, PlantedBug } from './evidence.ts';
import { runSuites } from './suites.ts';

/** Seeds that a thread lives before it says how it went. */
const AT_ONCE = 25;
/** After so many parts of the work it is told how far it is. */
const PROGRESS = 20;
/** Characters. */
const LONGEST_GIST = 110;

/** Whoever waits for the proof. */
export interface Listener {
  tell(line: string): void;
  fail(what: string, why: string): void;
}

interface Task {
  readonly seeds: number;
  /** The store at the centre of the worlds, by its name. */
  readonly store: string;
  /** Address of a database, if that store needs one. */
  readonly database?: string;
}

type Ground = Omit<Task, 'seeds'>;

/** Does all that the page tells of. What fails is told to the listener; the rest is done all the same. */
export async function gather({ seeds, ...ground }: Task, listener: Listener): Promise<Evidence> {
  const simulation = await liveSeeds(seeds, ground, listener);
  const matrix = await liveMatrix(ground, listener);
  const planted = await findAllPlanted(listener);
  const model = figures();
  listener.tell(`model: ${model.states} states, ${model.mutations.length} bugs in its rules`);
  for (const { name, counterexample } of model.scenarios)
    if (counterexample !== null) listener.fail(`the model, "${name}"`, counterexample);
  for (const { name, found } of model.mutations)
    if (!found) listener.fail(`the bug "${name}" in the rules of the model`, 'it was not found');
  const suites = runSuites();
  listener.tell(`stores: ${Object.keys(suites.conformance).join(', ')}; ${suites.journals} recorded runs`);
  return { engine: version(), format: JOURNAL_FORMAT, seeds, simulation, matrix, planted, model, suites };
}

async function liveSeeds(seeds: number, ground: Ground, listener: Listener): Promise<Tally> {
  const chunks = Array.from({ length: Math.ceil(seeds / AT_ONCE) }, (_, n): Job => {
    return { do: 'seeds', first: n * AT_ONCE + 1, last: Math.min((n + 1) * AT_ONCE, seeds) };
  });
  let tally = NOTHING;
  await performJobs(chunks, ground, listener, (done) => (tally = sumOf(tally, done.tally)));
  listener.tell(`simulation: ${seeds} seeds`);
  const rules = missingFrom(tally.rules).filter(
    (rule) => !SELDOM_IN_WORLDS.some((seldom) => seldom === rule),
  );
  for (const what of [...missingFrom(tally.faults), ...missingFrom(tally.deeds), ...rules])
    listener.fail(what, `it never happened in ${seeds} seeds`);
  return tally;
}

async function liveMatrix(ground: Ground, listener: Listener): Promise<Row[]> {
  const names = Object.keys(SWEEPS);
  const rows = new Map<string, Row>();
  const jobs = names.map((name): Job => ({ do: 'sweep', name, extent: 'whole' }));
  await performJobs(jobs, ground, listener, ({ row }) => rows.set(row!.name, row!));
  listener.tell(`crash matrix: ${names.length} programs`);
  // Threads end in any order; the page has one.
  return names.map((name) => rows.get(name)!);
}

async function performJobs(
  jobs: readonly Job[],
  ground: Ground,
  listener: Listener,
  take: (done: Done) => void,
): Promise<void> {
  let jobsDone = 0;
  await performAll(jobs, { ...ground, planted: null }, (done) => {
    take(done);
    if (++jobsDone % PROGRESS === 0) listener.tell(`${jobsDone} of ${jobs.length} parts`);
    for (const { what, why, replay } of done.failures)
      listener.fail(what, `${why}\n  ${commandLine(replay)}`);
  });
}

async function findAllPlanted(listener: Listener): Promise<PlantedBug[]> {
  const found: PlantedBug[] = [];
  for (const [name, { breaks }] of Object.entries(PLANTS)) {
    const find = await findPlanted(name);
    if (find === null) listener.fail(`the planted bug "${name}"`, `not found by ${PATIENCE} seeds`);
    else found.push({ name, breaks, seed: find.seed, violation: gistOf(find.violation) });
  }
  listener.tell(`planted bugs: ${found.length} of ${Object.keys(PLANTS).length} found`);
  return found;
}

/** What a violation says, without names and numbers, as far as it fits into a table. */
function gistOf(violation: string): string {
  const gist = violation
    .replaceAll(/"[^"]*"/g, '"…"')
    .replaceAll(/cb_\w+|[0-9a-f-]{36}|\d+/g, '…')
    .replaceAll(/\s+/g, ' ');
  return gist.length > LONGEST_GIST ? `${gist.slice(0, LONGEST_GIST)} …` : gist;
}

function version(): string {
  const manifest = join(import.meta.dirname, '../../packages/stepwell/package.json');
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}
