// The simulation: `npm run sim -- --seeds 200`. Each seed is a world of its own (see world.ts); before them every
// program of canonical.ts is lived with a crash at each of its commits.
//
//   --seeds N         seeds 1 to N (default 200)
//   --seed K          this one, with its whole trace
//   --sweep NAME      the crashes of this program only, with the trace of the first that fails
//   --store NAME      memory (default) or sqlite, in a file
//   --planted NAME    puts a bug in, and passes when a seed finds it; with --seed K only this one, with its trace

import { parseArgs } from 'node:util';
import { crashesOf, SWEEPS, type Sweep } from './crash-sweep.ts';
import { FAULTS, type Fault } from './faults.ts';
import { PLANTS } from './planted.ts';
import { scenarioOf } from './scenario.ts';
import { STORES } from './stores.ts';
import { simulate, type Report } from './world.ts';

/** Every so many seeds one is lived twice: the traces must be the same. */
const TWICE = 10;
/** Seeds in which a planted bug must show itself. */
const PATIENCE = 100;

const totals = {
  faults: new Map<Fault, number>(),
  worlds: 0,
  bodies: 0,
  commits: 0,
  refused: 0,
  zombies: 0,
  aftermath: 0,
};
let passed = 0;
let failed = 0;

process.on('unhandledRejection', (error) => {
  fail('a promise was rejected, and nobody listened', String(error instanceof Error ? error.stack : error));
});

const { values } = parseArgs({
  options: {
    seeds: { type: 'string' },
    seed: { type: 'string' },
    sweep: { type: 'string' },
    planted: { type: 'string' },
    store: { type: 'string', default: 'memory' },
  },
});
const plant = values.planted === undefined ? null : named(PLANTS, values.planted);
const open = named(STORES, values.store);
if (values.seed !== undefined) await showSeed(Number(values.seed));
else if (values.planted !== undefined) await findPlanted(values.planted);
else if (values.sweep !== undefined) await sweep(named(SWEEPS, values.sweep), true);
else await simulateAll(Number(values.seeds ?? 200));
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
console.log(`${passed} passed, ${failed} failed`);

async function simulateAll(seeds: number): Promise<void> {
  for (const each of Object.values(SWEEPS)) await sweep(each, false);
  console.log(
    `a crash on either side of every commit of ${Object.keys(SWEEPS).length} programs: ${totals.worlds} worlds`,
  );
  for (let seed = 1; seed <= seeds; seed++) {
    const report = await live(seed);
    if (report.violations.length > 0) failSeed(seed, report);
    else if (
      seed % TWICE === 0 &&
      (await simulate(scenarioOf(seed), { open })).trace.text !== report.trace.text
    )
      fail(`seed ${seed}`, 'the same seed gave another trace');
    else passed++;
  }
  summarize();
}

async function live(seed: number): Promise<Report> {
  return count(await simulate(scenarioOf(seed), { plant, open }));
}

function count(report: Report): Report {
  totals.worlds++;
  for (const key of ['bodies', 'commits', 'refused', 'zombies'] as const) totals[key] += report[key];
  totals.aftermath = Math.max(totals.aftermath, report.aftermath);
  for (const [fault, times] of report.faults)
    totals.faults.set(fault, (totals.faults.get(fault) ?? 0) + times);
  return report;
}

/** A run in which something never went wrong proves nothing about it. */
function summarize(): void {
  const { worlds, bodies, commits, refused, zombies } = totals;
  console.log(
    `${worlds} worlds: ${commits} commits (${refused} refused), ${bodies} bodies (${zombies} of workers that had lost the run)`,
  );
  console.log(
    `the longest that anything took to end when the faults had: ${totals.aftermath / 1_000} s of virtual time`,
  );
  for (const fault of FAULTS) {
    const times = totals.faults.get(fault) ?? 0;
    console.log(`${String(times).padStart(8)} × ${fault}`);
    if (times === 0) fail(fault, 'it never happened');
  }
}

async function sweep(which: Sweep, withTrace: boolean): Promise<void> {
  for await (const scenario of crashesOf(which)) {
    const report = count(await simulate(scenario, { open }));
    const { crashPoint } = scenario;
    const isVoid = crashPoint !== null && !report.crashed;
    if (report.violations.length === 0 && !isVoid) continue;
    if (withTrace) console.log(report.trace.text);
    const where =
      crashPoint === null ? 'undisturbed' : `crash ${crashPoint.when} commit ${crashPoint.commit}`;
    fail(
      `"${which.name}", ${where}`,
      isVoid ? 'the crash never happened' : told(report),
      `--sweep "${which.name}"`,
    );
    return;
  }
  passed++;
}

async function showSeed(seed: number): Promise<void> {
  const report = await live(seed);
  console.log(report.trace.text);
  if (report.violations.length > 0) failSeed(seed, report);
  else passed++;
}

async function findPlanted(name: string): Promise<void> {
  for (let seed = 1; seed <= PATIENCE; seed++) {
    const { violations } = await live(seed);
    if (violations.length === 0) continue;
    console.log(`"${name}" was found by seed ${seed}: ${violations[0]!.message}`);
    passed++;
    return;
  }
  fail(name, `not found by ${PATIENCE} seeds`);
}

function named<T>(things: Readonly<Record<string, T>>, name: string): T {
  const thing = things[name];
  if (thing === undefined) throw new Error(`there is no "${name}", but: ${Object.keys(things).join(', ')}`);
  return thing;
}

function failSeed(seed: number, report: Report): void {
  fail(`seed ${seed}`, told(report), `--seed ${seed}`);
}

function told({ violations }: Report): string {
  return violations.map(({ message }) => message).join('\n');
}

function fail(what: string, why: string, replay?: string): void {
  failed++;
  console.error(`✗ ${what}: ${why}${replay === undefined ? '' : `\n  npm run sim -- ${replay}`}`);
}
