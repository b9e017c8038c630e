import { styleText } from 'node:util';
import type { ErrorInfo, JournalEvent, RunEvent } from 'stepwell';
import { formatTime } from '../terminal/duration.ts';
import { clip } from '../terminal/table.ts';
import { padded, widthOf } from '../terminal/width.ts';
import { errorText } from './error-text.ts';

/** One event of a run as a line for people: its position, when, what, and what of it. */
export function eventLine({ position, at, event }: RunEvent, now: number, width: number): string {
  const { mark, subject, text } = describe(event);
  const head = `${String(position).padStart(5)}  ${formatTime(at, now)}  `;
  const room = Math.max(width - head.length - 2 - Math.max(widthOf(subject), 24) - 2, 20);
  return `${styleText('dim', head)}${mark} ${padded(subject, 24)}  ${clip(text, room)}`.trimEnd();
}

const MARK = {
  ok: styleText('green', '✓'),
  bad: styleText('red', '✗'),
  again: styleText('yellow', '↻'),
  begin: styleText('cyan', '▸'),
  note: styleText('dim', '·'),
};

interface Description {
  readonly mark: string;
  /** The operation's id, or what the event is about. */
  readonly subject: string;
  readonly text: string;
}

function describe(event: JournalEvent): Description {
  switch (event.type) {
    case 'operation.started':
      return { mark: MARK.begin, subject: event.op, text: begun(event) };
    case 'operation.attempt':
      return { mark: MARK.begin, subject: event.op, text: `attempt ${event.attempt}` };
    case 'operation.retrying':
      return {
        mark: MARK.again,
        subject: event.op,
        text: `attempt ${event.attempt} ${reasonOf(event.error)}`,
      };
    case 'operation.succeeded':
      return { mark: MARK.ok, subject: event.op, text: shown(event.value) };
    case 'operation.failed':
      return { mark: MARK.bad, subject: event.op, text: errorText(event.error) };
    case 'operation.continued':
      return { mark: MARK.note, subject: event.op, text: `goes on as run ${event.by}` };
    case 'operation.ended':
      return event.error === undefined
        ? { mark: MARK.ok, subject: event.op, text: '' }
        : { mark: MARK.bad, subject: event.op, text: errorText(event.error) };
    case 'operation.cancelled':
      return { mark: MARK.again, subject: event.op, text: 'cancelled' };
    case 'operation.heartbeat':
      return { mark: MARK.note, subject: event.op, text: `heartbeat ${shown(event.details)}` };
    case 'event.received':
      return { mark: MARK.note, subject: 'event', text: `${event.name} ${shown(event.value)}` };
    case 'progress':
      return { mark: MARK.note, subject: 'progress', text: shown(event.progress) };
    case 'status':
      return { mark: MARK.note, subject: 'status', text: event.text };
    case 'tags':
      return { mark: MARK.note, subject: 'tags', text: event.tags.join(', ') };
    case 'log':
      return {
        mark: MARK.note,
        subject: event.op ?? event.level,
        text: `${event.message} ${shown(event.data)}`,
      };
    default:
      return describeRun(event);
  }
}

function describeRun(event: Extract<JournalEvent, { type: `run.${string}` }>): Description {
  const subject = event.type.slice('run.'.length).replace('_', ' ');
  switch (event.type) {
    case 'run.succeeded':
      return { mark: MARK.ok, subject, text: shown(event.output) };
    case 'run.failed':
    case 'run.timed_out':
    case 'run.stuck':
      return { mark: MARK.bad, subject, text: errorText(event.error) };
    case 'run.retrying':
      return { mark: MARK.again, subject, text: `attempt ${event.attempt} ${reasonOf(event.error)}` };
    case 'run.cancelled':
    case 'run.paused':
    case 'run.cancel_requested':
      return { mark: MARK.bad, subject, text: event.reason ?? '' };
    case 'run.continued':
      return { mark: MARK.ok, subject, text: `as ${event.by}` };
    case 'run.activated':
      return { mark: MARK.note, subject, text: `by ${event.worker}` };
    case 'run.forked':
      return { mark: MARK.note, subject, text: `from ${event.run} at ${event.op}` };
    default:
      return { mark: MARK.note, subject, text: '' };
  }
}

function begun(event: Extract<JournalEvent, { type: 'operation.started' }>): string {
  if (event.callback !== undefined) return `callback ${event.callback}`;
  if (event.child !== undefined) return `child run ${event.child.id}`;
  if (event.event !== undefined) return `event ${event.event}`;
  return event.items === undefined ? event.kind : `${event.kind} of ${event.items}`;
}

function reasonOf(error: ErrorInfo | undefined): string {
  return error === undefined ? 'does not hold yet' : `failed: ${errorText(error)}`;
}

function shown(value: unknown): string {
  return value === undefined ? '' : JSON.stringify(value);
}
