// `npm test`: every check as a named stage, its time, and at the very end one line `N passed, M failed`.
// `npm test -- --only unit,demo` runs some of them.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

type Tally = { passed: number; failed: number };
type Outcome = { succeeded: boolean; output: string };
type Stage = {
  name: string;
  command: [string, ...string[]];
  /** Quiet stages show their output only if they fail, so that two of them can run side by side. */
  quiet: boolean;
  count: (outcome: Outcome) => Tally;
};

/** A stage that takes longer is hanging: better a failure that names it than a build that never ends. */
const stageLimitMs = 15 * 60_000;

const scratch = mkdtempSync(join(tmpdir(), 'stepwell-test-'));
const vitestReport = join(scratch, 'vitest.json');

const asOne = ({ succeeded }: Outcome): Tally => ({ passed: Number(succeeded), failed: Number(!succeeded) });

const check = (name: string, ...command: [string, ...string[]]): Stage => ({
  name,
  command,
  quiet: true,
  count: asOne,
});
const show = (name: string, ...command: [string, ...string[]]): Stage => ({
  name,
  command,
  quiet: false,
  count: asOne,
});

/** Native tools that take seconds and measure nothing: two at a time, one for each core. */
const checks = [
  check('types', 'tsc', '--noEmit'),
  check('lint', 'oxlint'),
  check('format', 'biome', 'format'),
  check('dead', 'knip'),
];

/** Stages in which time matters: one after the other. */
const runs: Stage[] = [
  {
    name: 'unit',
    command: ['vitest', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${vitestReport}`],
    quiet: false,
    count: countTests,
  },
  show('simulation', 'node', 'test/simulation/main.ts', '--seeds', '200'),
  show('chaos', 'node', 'test/chaos/main.ts', '--seconds', '10'),
  show('chaos-postgres', 'node', 'test/chaos/main.ts', '--store', 'postgres', '--seconds', '10'),
  show('demo', 'node', 'examples/order/demo.ts'),
  show('demo-postgres', 'node', 'examples/order/demo.ts', '--store', 'postgres'),
];

const children = new Set<ChildProcess>();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    for (const child of children) child.kill(signal);
    rmSync(scratch, { recursive: true, force: true });
    process.exit(1);
  });
}

const wanted = selected();
const tallies: Tally[] = [];
const pending = checks.filter(wanted);
await Promise.all([drain(pending), drain(pending)]);
await drain(runs.filter(wanted));
rmSync(scratch, { recursive: true, force: true });

const passed = tallies.reduce((sum, tally) => sum + tally.passed, 0);
const failed = tallies.reduce((sum, tally) => sum + tally.failed, 0);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
console.log(`\n${passed} passed, ${failed} failed`);

function selected(): (stage: Stage) => boolean {
  const { values } = parseArgs({ options: { only: { type: 'string' } } });
  if (values.only === undefined) return () => true;
  const names = values.only.split(',');
  const known = [...checks, ...runs].map((stage) => stage.name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    console.error(`there is no stage ${unknown.join(', ')}; stages are ${known.join(', ')}`);
    process.exit(2);
  }
  return (stage) => names.includes(stage.name);
}

async function drain(stages: Stage[]): Promise<void> {
  for (let stage = stages.shift(); stage !== undefined; stage = stages.shift()) {
    if (!stage.quiet) console.log(`\n── ${stage.name}`);
    const started = performance.now();
    const outcome = await execute(stage);
    const tally = stage.count(outcome);
    tallies.push(tally);
    if (stage.quiet && tally.failed > 0) process.stdout.write(outcome.output);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${tally.failed > 0 ? '✗' : '✓'} ${stage.name} ${seconds} s`);
  }
}

function execute({ command: [file, ...args], quiet, name }: Stage): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(file, args, {
      stdio: ['ignore', quiet ? 'pipe' : 'inherit', quiet ? 'pipe' : 'inherit'],
      timeout: stageLimitMs,
    });
    children.add(child);
    let output = '';
    const keep = (chunk: Buffer) => {
      output += chunk.toString();
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    child.on('error', (error) => {
      output += `${name} could not start: ${error.message}\n`;
    });
    child.on('close', (code) => {
      children.delete(child);
      resolve({ succeeded: code === 0, output });
    });
  });
}

/**
 * Counts vitest's tests from its report. What a report would hide counts as a failure: a file that could not be
 * loaded, an error outside any test, a run without a single test, no report at all.
 */
function countTests({ succeeded }: Outcome): Tally {
  let report: { numPassedTests: number; numFailedTests: number; testResults: FileResult[] };
  try {
    report = JSON.parse(readFileSync(vitestReport, 'utf8'));
  } catch {
    return { passed: 0, failed: 1 };
  }
  const unloaded = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  );
  const failed = report.numFailedTests + unloaded.length;
  const vacuous = report.numPassedTests === 0;
  return { passed: report.numPassedTests, failed: failed === 0 && (!succeeded || vacuous) ? 1 : failed };
}

type FileResult = { status: string; assertionResults: { status: string }[] };
