// Soak: `npm run soak -- --minutes 10`. An application on a real file works under mixed load with retention, for long;
// its memory, its file and what it holds open must stay within bounds.
//
//   --minutes M    how long (default 10)
//   --planted P    plants a leak, which must be found: results (kept for ever), retention (none), readers (never closed)

import { parseArgs } from 'node:util';
import { judge } from './checks.ts';
import { PLANTED, type Planted } from './messages.ts';
import { soak, type Plan, type Sample } from './soak.ts';

/** Enough for a trend, few enough for a table. */
const FEWEST_ROUNDS = 12;
const MOST_ROUNDS = 60;
const LONGEST_ROUND_MS = 10_000;
const LONGEST_KEPT_MS = 5_000;
/** 32 users begin up to 80 scenarios a second, of some 30 commits each. */
const PAUSE_MS = 400;

const { values } = parseArgs({ options: { minutes: { type: 'string' }, planted: { type: 'string' } } });
const minutes = Number(values.minutes ?? 10);
if (!(minutes > 0)) throw new Error('--minutes is a number above 0');
// What is left is cleaned up at the exit.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));
const planted = values.planted === undefined ? null : plantedOf(values.planted);

const wantedMs = minutes * 60_000;
const rounds = Math.min(Math.max(Math.round(wantedMs / LONGEST_ROUND_MS), FEWEST_ROUNDS), MOST_ROUNDS);
const keepMs = Math.min(LONGEST_KEPT_MS, wantedMs / rounds / 2);
const round = { ms: wantedMs / rounds, scenarios: Number.MAX_SAFE_INTEGER, pauseMs: PAUSE_MS };
const plan: Plan = { rounds, round, keepMs, users: 32, standing: 100, planted };

const mb = (bytes: number) => (bytes / 1024 / 1024).toFixed(1);
const COLUMNS: Record<string, (sample: Sample) => string | number> = {
  minute: ({ at }) => (at / 60_000).toFixed(1),
  scenarios: ({ scenarios }) => scenarios,
  purged: ({ purged }) => purged,
  'heap MB': ({ heap }) => mb(heap),
  'RSS MB': ({ rss }) => mb(rss),
  'file MB': ({ file }) => mb(file),
  'log MB': ({ log }) => mb(log),
  files: ({ files }) => files ?? '-',
  timers: (sample) => sample.timers,
  runs: ({ runs }) => runs,
  commits: ({ journal }) => journal,
  orphans: ({ orphans }) => orphans,
  'late p50 ms': ({ delayP50 }) => delayP50.toFixed(1),
  'p99 ms': ({ delayP99 }) => delayP99.toFixed(1),
  'max ms': ({ delayMax }) => delayMax.toFixed(0),
};
const row = (cells: readonly (string | number)[]) =>
  cells.map((cell, n) => String(cell).padStart(Object.keys(COLUMNS)[n]!.length)).join('  ');

console.log(
  `${rounds} rounds of ${(round.ms / 1_000).toFixed(1)} s, ${plan.users} runs in flight, ${plan.standing} that wait`,
);
console.log(row(Object.keys(COLUMNS)));
const samples = await soak(plan, (sample) => {
  console.log(row(Object.values(COLUMNS).map((column) => column(sample))));
});

let failed = 0;
const findings = judge(samples, plan);
console.log();
for (const { what, holds, figures } of findings) {
  if (!holds) failed++;
  console.log(`${holds ? '✓' : '✗'} ${what}${figures === '' ? '' : ` (${figures})`}`);
}
process.exitCode = failed > 0 ? 1 : 0;
console.log(`\n${findings.length - failed} passed, ${failed} failed`);

function plantedOf(name: string): Planted {
  const found = PLANTED.find((one) => one === name);
  if (found === undefined) throw new Error(`--planted is one of ${PLANTED.join(', ')}`);
  return found;
}
