import { concernsOperation, type Fact, isControl } from '../model/fact.ts';
import { type FinalStatus, isFinal, type RunStatus } from '../model/run.ts';

/** Why a run in that state does not take a fact; null: it takes it. */
export function refusalOf(
  status: RunStatus,
  fact: { readonly type: Fact['type'] },
): 'ended' | 'active' | null {
  if (fact.type !== 'reopen') return isFinal(status) ? 'ended' : null;
  if (!isFinal(status)) return 'active';
  return status === 'succeeded' || status === 'continued' ? 'ended' : null;
}

/**
 * Whether a fact makes an unowned run ready. A paused or stuck run has ears only for control facts. One that has not
 * begun is woken only to be cancelled: neither an early event nor a pause and its resume must cut short the delay with
 * which a run was started.
 */
export function wakes(status: RunStatus, begun: boolean, fact: Fact): boolean {
  if (!begun) return fact.type === 'cancel' || fact.type === 'reopen';
  return isControl(fact) || (status !== 'paused' && status !== 'stuck');
}

/** What becomes of a fact that is left in the inbox of a run that ends. */
export function afterEnd(status: FinalStatus, fact: Fact): 'dropped' | 'kept' | 'passed on' {
  if (concernsOperation(fact) || status === 'succeeded') return 'dropped';
  if (status === 'continued') return 'passed on';
  return fact.type === 'event' ? 'kept' : 'dropped';
}

export function isForcedCancel(fact: Fact): boolean {
  return fact.type === 'cancel' && fact.force === true;
}
