// Chaos: `npm run chaos -- --seconds 60`. Real engines on a real store, killed with SIGKILL at seeded times (also while
// they start up) and stopped with SIGSTOP now and then, while users start runs and an outside ledger keeps count.
//
//   --store S     sqlite (default): one engine, on a disk that runs full and has room again
//                 postgres: three workers and two fronts, on a server that is stopped, cut off, used up and replaced
//   --seconds S   how long (default 60; on postgres, below 45 only a part of what can befall the server)
//   --seed K      of the times and of what the ledger does (default: a new one, which is printed)
//   --disk D      of sqlite; tmpfs: a small disk of its own; quota: SQLite refuses to go on (default: a small disk where
//                 this process may mount one)

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { mountedDirectory, moveOntoSmallDisk } from './disk.ts';
import { report } from './report.ts';
import { sqliteUnderChaos } from './sqlite.ts';
import { storm } from './storm.ts';
import type { StoreUnderChaos } from './store.ts';

/** From the last fault on, everything must have ended by then. */
const BOUND_MS = 30_000;

const { values } = parseArgs({
  options: {
    store: { type: 'string', default: 'sqlite' },
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string' },
    disk: { type: 'string' },
  },
});
const seconds = Number(values.seconds);
if (!(seconds > 0)) throw new Error('--seconds is a number above 0');
const { disk } = values;
if (disk !== undefined && disk !== 'tmpfs' && disk !== 'quota') throw new Error('--disk is tmpfs or quota');
// The ledger and the guard of PostgreSQL see that this process is gone, and clean up.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));

const seed = values.seed ?? String(Date.now() % 100_000);
const mounted = mountedDirectory();
const directory = mounted === null ? mkdtempSync(join(tmpdir(), 'stepwell-chaos-')) : dirname(mounted);
// Most of the time of a processor would go into compiling the same files for one engine after the other.
process.env['NODE_COMPILE_CACHE'] = join(directory, 'compiled');
const store = await storeUnderChaos(values.store);
console.log(`seed ${seed}, ${seconds} s, ${store.name}`);
const { passed, failed } = report(
  await storm({ store, seed, seconds, boundMs: BOUND_MS, directory }),
  BOUND_MS,
);
process.exitCode = failed > 0 ? 1 : 0;
console.log(`\n${passed} passed, ${failed} failed`);

async function storeUnderChaos(kind: string): Promise<StoreUnderChaos> {
  if (kind === 'postgres') {
    const { postgresUnderChaos } = await import('./postgres/postgres.ts');
    return postgresUnderChaos(seconds);
  }
  if (kind !== 'sqlite') throw new Error('--store is sqlite or postgres');
  if (mounted === null && disk !== 'quota') moveOntoSmallDisk(directory, seconds);
  if (mounted === null && disk === 'tmpfs') throw new Error('this process may not mount a small disk');
  return sqliteUnderChaos(directory);
}
