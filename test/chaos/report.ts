import { ORACLES, tracesOf } from './oracles.ts';
import type { End } from './store.ts';
import type { Aftermath } from './storm.ts';

const MOST_SHOWN = 10;

/** Judges what is left, prints it with figures, and gives the number of checks that failed. */
export function report(aftermath: Aftermath, boundMs: number): { passed: number; failed: number } {
  const { users, driver, posts, deeds, wrongClocks, adversity, ledger, bookings, runs, settledMs, span } =
    aftermath;
  const isMeant = (end: End) => posts.some(({ ends }) => ends.includes(end));
  const tally = { passed: 0, failed: 0 };
  const check = (what: string, against: readonly string[]) => {
    if (against.length === 0) tally.passed++;
    else tally.failed++;
    console.log(`${against.length === 0 ? '✓' : '✗'} ${what}`);
    for (const line of against.slice(0, MOST_SHOWN)) console.log(`    ${line}`);
    if (against.length > MOST_SHOWN) console.log(`    and ${against.length - MOST_SHOWN} more`);
  };

  for (const [what, oracle] of Object.entries(ORACLES))
    check(what, oracle({ told: users.acknowledged, runs, ledger, bookings, span }));
  check(`all ended within ${boundMs / 1_000} s`, settledMs === null ? ['see which have not'] : []);
  check('nobody got an answer that makes no sense', driver.surprises);
  check('engines had nothing to complain of, and none ended by itself', aftermath.complaints);
  check(adversity.name, adversity.surprises);

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
    ...(isMeant('farewell') && { farewells: deeds.farewells }),
    ...(posts.length > 1 && { 'results told while an engine was stopped': deeds.toldWhileStopped }),
    ...(posts.some(({ clockOffMs }) => clockOffMs !== 0) && { 'engines with a wrong clock': wrongClocks }),
    ...adversity.figures,
  };
  const others: Record<string, number> = {
    'kills while it was stopped': deeds.killsWhileStopped,
    'openings refused by the store': deeds.opensRefused,
    'workers set back by it': deeds.workersSetBack,
    'failures of it that no caller heard of': deeds.storeFailures,
    'leases lost': deeds.leasesLost,
    'commits refused': deeds.commitsRefused,
    'of them late, after a stop': deeds.lateCommitsRefused,
    'runs acknowledged': users.acknowledged.length,
    'runs in the store': runs.size,
    activations,
    'callbacks completed': users.completed,
    reads: users.reads,
    'calls without an answer': driver.unanswered,
    'rows written in transactions': bookings.length,
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
  return tally;
}
