import type { RunRecord } from '../model/run.ts';
import { entriesOf } from '../replay/past.ts';
import type { Store } from '../store/contract.ts';

/**
 * Whether a stuck run has been asked to end before. Its function cannot run, so it does not hear a second call: the
 * engine has to end it by force, which needs no function.
 */
export async function isStuckInCancel(store: Store, { status, key }: RunRecord): Promise<boolean> {
  if (status !== 'stuck') return false;
  const facts = await store.facts(key, 0);
  if (facts.some(({ fact }) => fact.type === 'cancel' && fact.cause === 'request')) return true;
  const journal = entriesOf(await store.journal(key, 0, Number.MAX_SAFE_INTEGER));
  const last = journal.findLast(
    ({ event: { type } }) => type === 'run.cancel_requested' || type === 'run.reopened',
  );
  return last?.event.type === 'run.cancel_requested' && last.event.cause === 'request';
}
