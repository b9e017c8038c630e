// `npm run bench`: how fast the engine is, beside what a bare skeleton of it (floor.ts) does on the same disk at the
// same time. Everything is durable: SQLite with synchronous=FULL on a real file, PostgreSQL as it comes, in the system's
// directory for temporary files (TMPDIR chooses another).
//
//   --store postgres  on PostgreSQL: DATABASE_URL, or a server that is started for it
//   --quick           all of it in under 40 s (PostgreSQL: 60 s)
//   http streams      some of the workloads (also --only http,streams)
//   --json            one object a line
//
// The exit code is 1 if a limit is missed.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openGround } from './ground.ts';
import { isMet, type Measurement } from './measurement.ts';
import { heading, jsonLine, row } from './report.ts';
import { workloadsOf } from './workloads/index.ts';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    store: { type: 'string', default: 'sqlite' },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    only: { type: 'string' },
  },
});
const { store } = options;
if (store !== 'sqlite' && store !== 'postgres')
  refuse(`there is no store ${store}; stores are sqlite, postgres`);
const known = workloadsOf(store);
const named = [...positionals, ...(options.only?.split(',') ?? [])];
const wanted = named.length === 0 ? known : named;
const unknown = wanted.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  refuse(`there is no workload ${unknown.join(', ')} on ${store}; workloads are ${known.join(', ')}`);
}

let running: ChildProcess | undefined;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    running?.kill('SIGKILL');
    process.exit(1);
  });
}

const ground = await openGround(store);
let missed = 0;
try {
  if (!options.json) console.log(heading());
  for (const name of wanted) {
    for await (const measurement of measure(name)) {
      if (!isMet(measurement)) missed++;
      console.log(options.json ? jsonLine(store, measurement) : row(measurement));
    }
  }
} finally {
  await ground.close();
}
process.exitCode = missed > 0 ? 1 : 0;

async function* measure(name: string): AsyncGenerator<Measurement> {
  const place = await ground.place(name);
  const file = fileURLToPath(import.meta.resolve('./isolated.ts'));
  const args = ['--expose-gc', file, name, place.path, ...(options.quick ? ['--quick'] : [])];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  running = child;
  const ended = once(child, 'close') as Promise<[number | null]>;
  for await (const line of createInterface({ input: child.stdout })) yield JSON.parse(line) as Measurement;
  const [code] = await ended;
  if (code !== 0) throw new Error(`the workload ${name} failed`);
  await place.clear();
}

function refuse(reason: string): never {
  console.error(reason);
  process.exit(2);
}
