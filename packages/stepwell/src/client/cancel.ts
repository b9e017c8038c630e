import type { CancelCause } from '../model/event.ts';
import type { Fact } from '../model/fact.ts';
import { present } from '../model/fields.ts';
import { checkId, checkReason } from '../model/identifier.ts';
import type { RunRecord } from '../model/run.ts';
import { entriesOf } from '../replay/past.ts';
import type { Store } from '../store/contract.ts';
import type { CancelOptions } from './types.ts';

/** That somebody asks a run to end. @throws StepwellError `OPTION_INVALID`, `ID_INVALID` */
export function cancelFact({
  reason,
  id,
}: Pick<CancelOptions, 'reason' | 'id'>): Extract<Fact, { type: 'cancel' }> {
  if (id !== undefined) checkId(id, 'id of a cancel');
  return present({ type: 'cancel', cause: 'request', reason: checkReason(reason), id } as const);
}

/**
 * Whether a stuck run has been asked to end before, by another call than the one with that id. Its function cannot run,
 * so it does not hear a second call: the engine has to end it by force, which needs no function.
 */
export async function isStuckInCancel(
  store: Store,
  { status, key }: RunRecord,
  id: string | undefined,
): Promise<boolean> {
  if (status !== 'stuck') return false;
  const isOther = (asked: { readonly cause: CancelCause; readonly id?: string }) =>
    asked.cause === 'request' && (id === undefined || asked.id !== id);
  const facts = await store.facts(key, 0);
  if (facts.some(({ fact }) => fact.type === 'cancel' && isOther(fact))) return true;
  const journal = entriesOf(await store.journal(key, 0, Number.MAX_SAFE_INTEGER));
  const last = journal.findLast(
    ({ event: { type } }) => type === 'run.cancel_requested' || type === 'run.reopened',
  );
  return last?.event.type === 'run.cancel_requested' && isOther(last.event);
}
