// Chaos: `npm run chaos -- --seconds 60`. A real engine on a real file, killed with SIGKILL at seeded times (also while
// it starts up) and stopped with SIGSTOP now and then, while users start runs and an outside ledger keeps count.
//
//   --seconds S   how long it is killed (default 60)
//   --seed K      of the times and of what the ledger does (default: a new one, which is printed)

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Chance } from '../simulation/chance.ts';
import { startProgram } from './child-process.ts';
import { Driver } from './driver.ts';
import { EngineHost } from './engine-host.ts';
import { readRuns } from './journals.ts';
import type { LedgerReport } from './ledger-report.ts';
import { ORACLES, tracesOf } from './oracles.ts';
import { ask } from './wire.ts';

/** From the last kill on, everything must have ended by then. */
const BOUND_MS = 30_000;
const MOST_SHOWN = 10;

const { values } = parseArgs({ options: { seconds: { type: 'string' }, seed: { type: 'string' } } });
const seconds = Number(values.seconds ?? 60);
if (!(seconds > 0)) throw new Error('--seconds is a number above 0');
const seed = values.seed ?? String(Date.now() % 100_000);
console.log(`seed ${seed}, ${seconds} s`);

let passed = 0;
let failed = 0;
function check(what: string, against: readonly string[]): void {
  if (against.length === 0) passed++;
  else failed++;
  console.log(`${against.length === 0 ? '✓' : '✗'} ${what}`);
  for (const line of against.slice(0, MOST_SHOWN)) console.log(`    ${line}`);
  if (against.length > MOST_SHOWN) console.log(`    and ${against.length - MOST_SHOWN} more`);
}

const directory = mkdtempSync(join(tmpdir(), 'stepwell-chaos-'));
const path = join(directory, 'stepwell.db');
const ledger = startProgram('./ledger.ts', [seed, directory], heardOfCallback, (line) => console.error(line));
// The ledger sees that this process is gone, and kills the engine.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));
const ledgerPort = (await ledger.port)!;

const host = new EngineHost({
  path,
  ledgerPort,
  chance: new Chance(seed),
  nextBody: () => ask(ledgerPort, '/next', null),
  guard: (word, pid) => void ledger.process.stdin!.write(`${word} ${pid}\n`),
});
const driver = new Driver(host);
function heardOfCallback(line: string): void {
  const { callback, run } = JSON.parse(line) as { callback: string; run: string };
  driver.complete(callback, run);
}

const until = Date.now() + seconds * 1_000;
const working = driver.work(until);
await host.torment(until);
const stoppedAt = Date.now();
const late = await Promise.race([working.then(allEnded), wait(BOUND_MS, 'late' as const, { ref: false })]);
const settledMs = Date.now() - stoppedAt;
driver.giveUp();
await Promise.allSettled([working]);
// A last time: what was told must be in the file.
await host.kill();

const report = (await ask(ledgerPort, '/report', null)).body as LedgerReport;
const runs = await readRuns(path);
for (const [what, oracle] of Object.entries(ORACLES))
  check(what, oracle({ told: driver.acknowledged, runs, ledger: report }));
check(`all ended within ${BOUND_MS / 1_000} s`, late === 'late' ? ['see which have not'] : []);
check('nobody got an answer that makes no sense', driver.surprises);
check('the engine had nothing to complain of', host.complaints);

const { deeds } = host;
const { begunAgain, uncertain, activations } = tracesOf(runs);
const figures: Record<string, number> = {
  kills: deeds.kills,
  'kills while it started up': deeds.killsInStartup,
  'kills in the middle of a body': report.livesCutOff,
  stops: deeds.stops,
  'kills while it was stopped': deeds.killsWhileStopped,
  'runs acknowledged': driver.acknowledged.length,
  'runs in the file': runs.size,
  activations,
  'callbacks completed': driver.completed,
  'calls without an answer': driver.unanswered,
  'keys in the ledger': report.entries.length,
  'attempts begun again': begunAgain,
  'steps of unknown effect': uncertain,
};
for (const [what, figure] of Object.entries(figures)) console.log(`${String(figure).padStart(7)} ${what}`);
console.log(`${String(settledMs).padStart(7)} ms from the last kill to the last end`);
const NEEDED = [
  'kills',
  'kills while it started up',
  'kills in the middle of a body',
  'stops',
  'attempts begun again',
];
check(
  'it was not all in vain',
  NEEDED.filter((what) => figures[what] === 0).map((what) => `no ${what}`),
);

ledger.process.stdin!.end();
await ledger.ended;
process.exitCode = failed > 0 ? 1 : 0;
console.log(`\n${passed} passed, ${failed} failed`);

/** Also those that nobody waits for. */
async function allEnded(): Promise<void> {
  while ((await driver.pending()).length > 0) await wait(50);
}
