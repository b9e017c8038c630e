// Chaos: `npm run chaos -- --seconds 60`. A real engine on a real file, killed with SIGKILL at seeded times (also while
// it starts up) and stopped with SIGSTOP now and then, on a disk that runs full and has room again, while users start
// runs and an outside ledger keeps count.
//
//   --seconds S   how long (default 60)
//   --seed K      of the times and of what the ledger does (default: a new one, which is printed)
//   --disk D      tmpfs: a small disk of its own; quota: SQLite refuses to go on (default: a small disk where this
//                 process may mount one)

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { mountedDirectory, moveOntoSmallDisk } from './disk.ts';
import { ORACLES, tracesOf } from './oracles.ts';
import { storm } from './storm.ts';
import { sqliteUnderChaos } from './store.ts';

/** From the last fault on, everything must have ended by then. */
const BOUND_MS = 30_000;
const MOST_SHOWN = 10;

const { values } = parseArgs({
  options: { seconds: { type: 'string' }, seed: { type: 'string' }, disk: { type: 'string' } },
});
const seconds = Number(values.seconds ?? 60);
if (!(seconds > 0)) throw new Error('--seconds is a number above 0');
const { disk } = values;
if (disk !== undefined && disk !== 'tmpfs' && disk !== 'quota') throw new Error('--disk is tmpfs or quota');

const mounted = mountedDirectory();
const directory = mounted === null ? mkdtempSync(join(tmpdir(), 'stepwell-chaos-')) : dirname(mounted);
if (mounted === null && disk !== 'quota') moveOntoSmallDisk(directory, seconds);
if (mounted === null && disk === 'tmpfs') throw new Error('this process may not mount a small disk');
// The ledger sees that this process is gone, and cleans up.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));

const seed = values.seed ?? String(Date.now() % 100_000);
const store = sqliteUnderChaos(directory);
console.log(`seed ${seed}, ${seconds} s, ${store.address}`);
const aftermath = await storm({ store, seed, seconds, boundMs: BOUND_MS, directory });
const { users, driver, host, adversity, ledger, runs, settledMs } = aftermath;

let passed = 0;
let failed = 0;
for (const [what, oracle] of Object.entries(ORACLES))
  check(what, oracle({ told: users.acknowledged, runs, ledger }));
check(`all ended within ${BOUND_MS / 1_000} s`, settledMs === null ? ['see which have not'] : []);
check('nobody got an answer that makes no sense', driver.surprises);
check('the engine had nothing to complain of', host.complaints);
check(adversity.name, adversity.surprises);

const { deeds } = host;
const { begunAgain, uncertain, activations } = tracesOf(runs);
const needed: Record<string, number> = {
  kills: deeds.kills,
  'kills while it started up': deeds.killsInStartup,
  'kills in the middle of a body': ledger.livesCutOff,
  stops: deeds.stops,
  'attempts begun again': begunAgain,
  'runs cancelled': users.acknowledged.filter(({ cancelled }) => cancelled !== null).length,
  'retries by operators': users.acknowledged.reduce((sum, { retries }) => sum + retries, 0),
  'calls refused by the store': driver.refused,
  'reads from it at such a time': users.readsWhileStruck,
  ...adversity.figures,
};
const others: Record<string, number> = {
  'kills while it was stopped': deeds.killsWhileStopped,
  'openings refused by the store': deeds.opensRefused,
  'workers set back by it': deeds.workersSetBack,
  'leases lost': deeds.leasesLost,
  'runs acknowledged': users.acknowledged.length,
  'runs in the store': runs.size,
  activations,
  'callbacks completed': users.completed,
  reads: users.reads,
  'calls without an answer': driver.unanswered,
  'keys in the ledger': ledger.entries.length,
  'steps of unknown effect': uncertain,
  'ms from the last fault to the last end': settledMs ?? Number.NaN,
};
for (const [what, figure] of Object.entries({ ...needed, ...others }))
  console.log(`${String(figure).padStart(7)} ${what}`);
check(
  'it was not all in vain',
  Object.entries(needed).flatMap(([what, figure]) => (figure === 0 ? [`no ${what}`] : [])),
);
process.exitCode = failed > 0 ? 1 : 0;
console.log(`\n${passed} passed, ${failed} failed`);

function check(what: string, against: readonly string[]): void {
  if (against.length === 0) passed++;
  else failed++;
  console.log(`${against.length === 0 ? '✓' : '✗'} ${what}`);
  for (const line of against.slice(0, MOST_SHOWN)) console.log(`    ${line}`);
  if (against.length > MOST_SHOWN) console.log(`    and ${against.length - MOST_SHOWN} more`);
}
