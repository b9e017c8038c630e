import type { EventOf, JournalEvent } from '../model/event.ts';
import type { NumberedFact } from '../model/fact.ts';
import { present } from '../model/fields.ts';
import type { Entry } from '../replay/past.ts';

/** The event with which an operator's retry begins, if the run has ended and one was asked for. */
export function reopening(
  entries: readonly Entry[],
  facts: readonly NumberedFact[],
): EventOf<'run.reopened'> | null {
  if (!facts.some(({ fact }) => fact.type === 'reopen')) return null;
  const last = entries.findLast(({ event }) => canBeReopened(event))?.event;
  if (last === undefined || entries.at(-1)!.event !== last) return null;
  return present({ type: 'run.reopened', op: last.type === 'run.failed' ? last.op : undefined } as const);
}

/** Of the ends, those that an operator's retry can undo. */
function canBeReopened({ type }: JournalEvent): boolean {
  return type === 'run.failed' || type === 'run.timed_out' || type === 'run.cancelled';
}
