import type { FactKind, ModelRun, ModelStatus } from './store-model.ts';

/** What facts do to runs, said once more than in the engine: a mistake there is not repeated here by an import. */

const FINAL: readonly ModelStatus[] = ['succeeded', 'failed', 'cancelled', 'timed_out', 'continued'];
const REOPENABLE: readonly ModelStatus[] = ['failed', 'cancelled', 'timed_out'];
/** Facts that concern a run as such. */
const CONTROL: readonly FactKind[] = ['cancel', 'forced cancel', 'pause', 'resume', 'reopen'];
/** Facts that mean something only to an operation of the run. */
const OF_OPERATIONS: readonly FactKind[] = ['callback', 'heartbeat', 'child', 'successor'];

export function isFinal(status: ModelStatus): boolean {
  return FINAL.includes(status);
}

/** Why a run does not take a fact; null: it does. */
export function refusalOf(status: ModelStatus, kind: FactKind): 'unknown' | 'ended' | 'active' | null {
  if (status === 'purged') return 'unknown';
  if (kind !== 'reopen') return isFinal(status) ? 'ended' : null;
  if (REOPENABLE.includes(status)) return null;
  return isFinal(status) ? 'ended' : 'active';
}

/** Whether a fact makes an unowned run ready. */
export function wakes(status: ModelStatus, begun: boolean, kind: FactKind): boolean {
  if (!begun) return kind === 'cancel' || kind === 'forced cancel' || kind === 'reopen';
  return CONTROL.includes(kind) || (status !== 'paused' && status !== 'stuck');
}

/** What becomes of a fact that is still in the inbox when its run ends. */
export function fateAtEnd(status: ModelStatus, kind: FactKind): 'dropped' | 'kept' | 'passed on' {
  if (OF_OPERATIONS.includes(kind) || status === 'succeeded') return 'dropped';
  if (status === 'continued') return 'passed on';
  return kind === 'event' ? 'kept' : 'dropped';
}

/** Such a run is given to any worker. */
export function isForced({ inbox }: ModelRun): boolean {
  return inbox.some(({ kind }) => kind === 'forced cancel');
}
