import type { RunEvent } from 'stepwell';
import { type Finding, finding } from './findings.ts';

/** A worker that was killed while it had the order. */
export interface KilledWorker {
  /** Its id in the journal. */
  readonly worker: string;
  /** When it was dead (ms since 1970). */
  readonly at: number;
  /** Its lease, in seconds. */
  readonly lease: number;
}

/** The lease ends, then the others look, three times in a lease; the rest is for a machine that is busy. */
const LONGEST_IN_LEASES = 2;

/** What has become of an order whose API server and whose worker were killed. */
export function takeoverFindings(
  killed: KilledWorker | null,
  serverKills: number,
  events: readonly RunEvent[],
): Finding[] {
  const activations = events.flatMap(({ at, event }) =>
    event.type === 'run.activated' ? [{ at, worker: event.worker }] : [],
  );
  const last = activations.findLastIndex(({ worker }) => worker === killed?.worker);
  const next = last === -1 ? undefined : activations[last + 1];
  const seconds = killed === null || next === undefined ? Number.NaN : (next.at - killed.at) / 1000;
  const limit = LONGEST_IN_LEASES * (killed?.lease ?? 0);
  return [
    finding('the API server was killed once', serverKills === 1, `${serverKills} kills`),
    finding(
      'a worker was killed that had the order',
      last !== -1,
      killed === null ? 'no kill' : 'it had not',
    ),
    finding(
      `the other worker took the order over, after ${seconds.toFixed(1)} s (at most ${limit})`,
      // Not before it was dead, but for what a clock may tremble.
      seconds > -0.1 && seconds <= limit,
      `after ${seconds} s`,
    ),
  ];
}
