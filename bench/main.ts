// `npm run bench`: how fast the engine is, beside what a bare skeleton of it (floor.ts) does on the same disk at the
// same time. Everything is durable: SQLite with synchronous=FULL on a real file, in the system's directory for
// temporary files (TMPDIR chooses another).
//
//   --quick           all of it in under 40 s
//   --only long,wake  some of the workloads
//   --json            one object a line
//
// The exit code is 1 if a limit is missed.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { isMet, type Measurement } from './measurement.ts';
import { heading, jsonLine, row } from './report.ts';
import { workloads } from './workloads/index.ts';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    only: { type: 'string', default: Object.keys(workloads).join() },
  },
});
const wanted = options.only.split(',');
const unknown = wanted.filter((name) => !Object.hasOwn(workloads, name));
if (unknown.length > 0) {
  console.error(
    `there is no workload ${unknown.join(', ')}; workloads are ${Object.keys(workloads).join(', ')}`,
  );
  process.exit(2);
}

const scratch = mkdtempSync(join(tmpdir(), 'stepwell-bench-'));
let running: ChildProcess | undefined;
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    running?.kill('SIGKILL');
    process.exit(1);
  });
}

const tmpfs = 0x01021994;
if (statfsSync(scratch).type === tmpfs) {
  console.error(`${tmpdir()} is in memory, where nothing is durable: set TMPDIR to a directory on a disk`);
}

let missed = 0;
if (!options.json) console.log(heading());
for (const name of wanted) {
  for await (const measurement of measure(name)) {
    if (!isMet(measurement)) missed++;
    console.log(options.json ? jsonLine(measurement) : row(measurement));
  }
}
process.exitCode = missed > 0 ? 1 : 0;

async function* measure(name: string): AsyncGenerator<Measurement> {
  const directory = join(scratch, name);
  mkdirSync(directory);
  const file = fileURLToPath(import.meta.resolve('./isolated.ts'));
  const args = ['--expose-gc', file, name, directory, ...(options.quick ? ['--quick'] : [])];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  running = child;
  const ended = once(child, 'close') as Promise<[number | null]>;
  for await (const line of createInterface({ input: child.stdout })) yield JSON.parse(line) as Measurement;
  const [code] = await ended;
  if (code !== 0) throw new Error(`the workload ${name} failed`);
  rmSync(directory, { recursive: true });
}
