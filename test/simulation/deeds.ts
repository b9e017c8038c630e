import { ACTIONS } from './program.ts';

/** What was lived through that is no fault. Each must have happened somewhere in a run of many seeds, as every fault. */
export const DEEDS = [
  ...ACTIONS.map((action) => `action: ${action}` as const),
  // What programs come upon
  'a callback was kept alive',
  'the old path under new code',
  'an item was given up for another',
  'a child id was taken',
  // What people do
  'a delayed start',
  'a cancel',
  'a forced cancel',
  'a pause',
  'a run that was cancelled was retried',
  'a child was cancelled',
  'a child was cancelled by force',
  'a child was paused',
  'a child was purged',
  'a fork',
  'a fork of a run under way',
  'a fork with a result',
  'a purge',
  'a late call to a purged run',
  'an id was used again after a purge',
  'a stream was read to the end',
  'a look at a run that waits',
  // What deploys lead to
  'stuck for want of a worker, and went on',
  'stuck with old code, and went on',
  'a version went on as a newer one',
  // What the store was asked
  'a start waited for a slot of its key',
  'a run with another queue was claimed',
] as const;
export type Deed = (typeof DEEDS)[number];

/** Counts them. */
export class Deeds {
  readonly tally = new Map<Deed, number>();

  did(deed: Deed): void {
    this.tally.set(deed, (this.tally.get(deed) ?? 0) + 1);
  }
}
