// The simulation: `npm run sim -- --seeds 200`. Each seed is a world of its own (see world.ts); before them every
// program of sweeps.ts is lived with something going wrong once (see crash-matrix.ts).
//
//   --seeds N         seeds 1 to N (default 200)
//   --seed K          this one, with its whole trace
//   --shrunk          with --seed K: the smallest world that fails as this one does, with its trace
//   --scenario FILE   the world that is described in this file, with its trace
//   --sweep NAME      the crash matrix of this program only, whole, with the trace of the first life that fails
//   --store NAME      memory (default), sqlite, in a file, or postgres, on a server that is started for it
//                     unless DATABASE_URL names one
//   --planted NAME    puts a bug in, and passes when a seed finds it; with one of the above only what that says

import { SELDOM_IN_WORLDS } from '../model-check/exercised.ts';
import { type Command, commandLine, groundOf, parseCommand } from './command.ts';
import { livesOf } from './crash-matrix.ts';
import { lendFor } from './database.ts';
import { describeFailure, shrinkFailure, told } from './failing-seed.ts';
import { performAll } from './job-pool.ts';
import type { Failure, Job } from './job.ts';
import { describeScenario } from './notation.ts';
import { findPlanted, PATIENCE } from './planted-search.ts';
import { scenarioOf, type Scenario } from './scenario.ts';
import { SWEEPS } from './sweeps.ts';
import { linesOf, missingFrom, NOTHING, sumOf, type Tally } from './tally.ts';
import { simulate } from './world.ts';

/** Seeds that a thread lives before it says how it went. */
const AT_ONCE = 25;
/** How often a long run tells how far it is (ms). */
const PROGRESS = 10_000;
/** Failures that are shrunk, each of another kind: where all seeds fail nobody reads more. */
const MOST_SHRUNK = 3;
/** From so many seeds on all that can be done must be done in one of them. */
const MANY = 200;

let passed = 0;
let failed = 0;

process.on('unhandledRejection', (error) => {
  fail('a promise was rejected, and nobody listened', String(error instanceof Error ? error.stack : error));
});

const parsed = parseCommand(process.argv.slice(2));
await using lent = await lendFor(parsed.store);
const command: Command = { ...parsed, ...lent };
const { task } = command;
const ground = groundOf(command);
if (task.do === 'seeds') await liveSeeds(task.count);
else if (task.do === 'seed') await showSeed(task.seed, task.shrunk);
else if (task.do === 'scenario') await show(task.scenario, 'the scenario');
else if (task.do === 'sweep') await showSweep(task.name);
else await find(task.planted);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
console.log(`${passed} passed, ${failed} failed`);

async function liveSeeds(count: number): Promise<void> {
  const sweeps = Object.keys(SWEEPS).map(
    (name): Job => ({ do: 'sweep', name, extent: 'one at each moment' }),
  );
  const matrix = await performJobs(sweeps);
  console.log(
    `something goes wrong once, at every call and body of ${sweeps.length} programs: ${matrix.worlds} worlds (all that can go wrong at each: npm run proof)`,
  );
  const chunks = Array.from({ length: Math.ceil(count / AT_ONCE) }, (_, n): Job => {
    return { do: 'seeds', first: n * AT_ONCE + 1, last: Math.min((n + 1) * AT_ONCE, count) };
  });
  const tally = await performJobs(chunks);
  for (const line of linesOf(tally)) console.log(line);
  const seldom: readonly string[] = SELDOM_IN_WORLDS;
  const rules = missingFrom(tally.rules).filter((rule) => !seldom.includes(rule));
  const missing = [
    ...missingFrom(tally.faults),
    ...(count < MANY ? [] : [...missingFrom(tally.deeds), ...rules]),
  ];
  for (const what of missing) fail(what, 'it never happened');
}

/** Does them side by side, and tells how they went. */
async function performJobs(jobs: readonly Job[]): Promise<Tally> {
  let tally = NOTHING;
  let jobsDone = 0;
  let toldAt = performance.now();
  const toShrink = new Map<string, Failure>();
  await performAll(jobs, command, (done) => {
    tally = sumOf(tally, done.tally);
    passed += done.passed;
    for (const failure of done.failures) {
      if (failure.kind !== undefined && toShrink.size < MOST_SHRUNK && !toShrink.has(failure.kind))
        toShrink.set(failure.kind, failure);
      fail(failure.what, `${failure.why}\n  ${commandLine(failure.replay)}`);
    }
    jobsDone++;
    if (performance.now() < toldAt + PROGRESS || jobsDone === jobs.length) return;
    toldAt = performance.now();
    console.log(`… ${jobsDone} of ${jobs.length} parts, ${failed} failed`);
  });
  for (const { seed, kind, why } of toShrink.values())
    console.error(await describeFailure(seed!, { kind: kind!, message: why }, command));
  return tally;
}

async function showSweep(name: string): Promise<void> {
  for await (const life of livesOf(SWEEPS[name]!, { ...ground, extent: 'whole' })) {
    if (life.problem === null) continue;
    console.log(life.report.trace.text);
    return fail(`"${name}", ${life.name}`, life.problem);
  }
  passed++;
}

async function showSeed(seed: number, shrunk: boolean): Promise<void> {
  const scenario = scenarioOf(seed);
  if (!shrunk) return show(scenario, `seed ${seed}`);
  const [violation] = (await simulate(scenario, ground)).violations;
  if (violation === undefined) return fail(`seed ${seed}`, 'it does not fail: there is nothing to shrink');
  await show((await shrinkFailure(scenario, violation, command)).scenario, `seed ${seed}, shrunk`);
}

async function show(scenario: Scenario, what: string): Promise<void> {
  const report = await simulate(scenario, ground);
  console.log(`${report.trace.text}\n${describeScenario(scenario)}\n`);
  if (report.violations.length > 0) fail(what, told(report));
  else passed++;
}

async function find(name: string): Promise<void> {
  const found = await findPlanted(name, ground.open);
  if (found === null) return fail(name, `not found by ${PATIENCE} seeds`);
  console.log(`"${name}" was found by seed ${found.seed}: ${found.violation}`);
  passed++;
}

function fail(what: string, why: string): void {
  failed++;
  console.error(`✗ ${what}: ${why}`);
}
