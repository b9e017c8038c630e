import { createHash } from 'node:crypto';
import type { Commit, JournalEvent } from 'stepwell/engine';

/**
 * What identifies the way that a run has gone: the kinds and names of its operations, how each ended, and in what order
 * all that came. Values, times and attempts are not in it.
 */
export function pathOf(commits: readonly Commit[]): string {
  const hash = createHash('sha256');
  for (const { events } of commits) {
    for (const event of events) {
      const place = placeOf(event);
      if (place !== null) hash.update(`${place}\n`);
    }
  }
  return hash.digest('base64url').slice(0, 22);
}

/** Null: a replay does not look at it. */
function placeOf(event: JournalEvent): string | null {
  switch (event.type) {
    case 'operation.started':
      return `${event.kind} ${event.op}`;
    case 'operation.succeeded':
    case 'operation.failed':
    case 'run.cancel_requested':
      return `${event.type} ${'op' in event ? event.op : event.cause}`;
    case 'run.stuck':
      return `${event.type} ${event.error.code}`;
    default:
      return event.type.startsWith('run.') && event.type !== 'run.activated' ? event.type : null;
  }
}
