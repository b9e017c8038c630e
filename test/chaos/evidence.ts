import type { Booking } from './bookings.ts';
import type { Recorded } from './journals.ts';
import type { Entry, LedgerReport } from './ledger-report.ts';
import type { Told } from './users.ts';

/** What there is to judge by when all is over: what users were told, what is on record, what bodies did. */
interface Evidence {
  readonly told: readonly Told[];
  readonly runs: ReadonlyMap<string, Recorded>;
  readonly ledger: LedgerReport;
  readonly bookings: readonly Booking[];
  /** When it began and ended, by a clock that was right. */
  readonly span: { readonly from: number; readonly until: number };
}

/** Gives what speaks against it. */
export type Oracle = (evidence: Evidence) => string[];

export const byKey = ({ entries }: LedgerReport): Map<string, Entry> =>
  new Map(entries.map((entry) => [entry.key, entry]));

export const differs = (what: string, found: unknown, expected: unknown) =>
  `${what}: ${JSON.stringify(found)} instead of ${JSON.stringify(expected)}`;
