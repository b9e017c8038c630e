import type { JournalEvent } from '../../packages/stepwell/src/model/event.ts';
import type { NewRun } from '../../packages/stepwell/src/model/run.ts';
import type { ClaimAnswer, ClaimRequest } from '../../packages/stepwell/src/store/claim.ts';
import type { CommitRequest } from '../../packages/stepwell/src/store/commit.ts';
import type { Delivery } from '../../packages/stepwell/src/store/delivery.ts';
import type { WorkerRecord } from '../../packages/stepwell/src/store/records.ts';

/** What the trace says of a call's argument, or of its answer: what tells one run of a seed from another. */
export function summaryOf(method: string, value: unknown): string {
  switch (method) {
    case 'start':
      return (value as readonly NewRun[]).map(({ id, workflow }) => `${id} (${workflow})`).join(', ');
    case 'commit':
      return (value as readonly CommitRequest[]).map(commit).join('; ');
    case 'deliver':
      return (value as readonly Delivery[])
        .map(({ to, fact }) => `${JSON.stringify(to)} ${fact.type}`)
        .join('; ');
    case 'claim': {
      const { worker, limit, now } = value as ClaimRequest;
      return `${worker.slice(0, 8)} limit ${limit} now ${now}`;
    }
    case 'register':
      return (value as WorkerRecord).id.slice(0, 8);
    case 'answer':
      return answer(value);
    default:
      return plain(value) ?? '';
  }
}

function commit({ run, position, events, taken, change, deliver, starts }: CommitRequest): string {
  const leaves =
    change?.release !== undefined ? ` → ${change.release.status} until ${change.release.readyAt}` : '';
  const more = [
    taken > 0 ? ` taken ${taken}` : '',
    starts.length > 0 ? ` starts ${starts.map(({ run }) => run.id).join(',')}` : '',
    deliver.length > 0 ? ` delivers ${deliver.map(({ fact }) => fact.type).join(',')}` : '',
  ].join('');
  return `run ${run} @${position} ${(JSON.parse(events) as JournalEvent[]).map(event).join(' ')}${more}${leaves}`;
}

function event(event: JournalEvent): string {
  const { type } = event;
  const op = 'op' in event && event.op !== undefined ? `(${event.op})` : '';
  return `${type.replace('operation.', '').replace('run.', 'run ')}${op}`;
}

function answer(value: unknown): string {
  if (typeof value === 'object' && value !== null && 'runs' in value && 'nextReadyAt' in value) {
    const { runs, nextReadyAt } = value as ClaimAnswer;
    const claimed = runs.map(
      ({ run, journal, facts }) => `${run.key}${journal === null ? '*' : ''}+${facts.length}`,
    );
    return `[${claimed.join(' ')}] next ${nextReadyAt}`;
  }
  if (Array.isArray(value))
    return value
      .map((one: unknown) =>
        typeof one === 'string'
          ? one
          : 'created' in (one as object)
            ? `created ${String((one as { created: boolean }).created)}`
            : '·',
      )
      .join(' ');
  if (typeof value === 'object' && value !== null && 'status' in value) return String(value.status);
  return plain(value) ?? '·';
}

/** Null for what is no plain value. */
function plain(value: unknown): string | null {
  return typeof value === 'object' && value !== null ? null : (JSON.stringify(value) ?? 'nothing');
}
