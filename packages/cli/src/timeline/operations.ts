import type { ErrorInfo, Json, JournalEvent, RunEvent } from 'stepwell';

type Started = Extract<JournalEvent, { type: 'operation.started' }>;

/** One operation of a run as `show` shows it. Times are milliseconds since 1970. */
export interface OperationLine {
  readonly op: string;
  readonly kind: Started['kind'];
  readonly startedAt: number;
  endedAt?: number;
  /** How often its body began; only steps and conditions have one. */
  attempts?: number;
  status: 'running' | 'waiting' | 'retrying' | 'succeeded' | 'failed' | 'cancelled';
  value?: Json;
  error?: ErrorInfo;
  /** What it waits for: an event's name, a callback's id, a child's id. */
  waitsFor?: string;
  /** When the wait, or the pause before the next attempt, ends by itself. */
  until?: number;
}

/** The operations that a journal tells of, in the order in which they began. */
export function operationsOf(events: readonly RunEvent[]): OperationLine[] {
  const lines = new Map<string, OperationLine>();
  // What came from outside, and what a run was that this one is a fork of, is in the journal once.
  const values = new Map<number, Json | undefined>();
  for (const { position, at, event } of events) {
    switch (event.type) {
      case 'operation.started':
        if (event.kind === 'patch') break;
        // Begun anew after a retry of the run: the line moves to where the run is now.
        lines.delete(event.op);
        lines.set(event.op, begin(event, at));
        break;
      case 'operation.attempt':
        change(lines.get(event.op), { status: 'running', attempts: event.attempt }, ['until']);
        break;
      case 'operation.retrying':
        change(lines.get(event.op), {
          status: 'retrying',
          until: event.until,
          ...(event.error && { error: event.error }),
        });
        break;
      case 'operation.succeeded': {
        const value = event.from === undefined ? event.value : values.get(event.from);
        values.set(position, value);
        change(
          lines.get(event.op),
          { status: 'succeeded', endedAt: at, ...(value !== undefined && { value }) },
          ['error', 'until'],
        );
        break;
      }
      case 'operation.failed':
        change(lines.get(event.op), { status: 'failed', endedAt: at, error: event.error }, ['until']);
        break;
      case 'operation.cancelled':
        change(lines.get(event.op), { status: 'cancelled', endedAt: at }, ['until']);
        break;
      case 'operation.ended':
        change(
          lines.get(event.op),
          event.error
            ? { status: 'failed', endedAt: at, error: event.error }
            : { status: 'succeeded', endedAt: at },
        );
        break;
      case 'operation.continued':
        change(lines.get(event.op), { waitsFor: event.by });
        break;
      case 'event.received':
        values.set(position, event.value);
        break;
      default:
        break;
    }
  }
  return [...lines.values()];
}

function begin(event: Started, at: number): OperationLine {
  const hasBody = event.kind === 'step' || event.kind === 'condition';
  const waitsFor = event.event ?? event.callback ?? event.child?.id;
  return {
    op: event.op,
    kind: event.kind,
    startedAt: at,
    status: hasBody || isGroup(event.kind) ? 'running' : 'waiting',
    ...(hasBody && { attempts: event.held === true ? 0 : 1 }),
    ...(waitsFor !== undefined && { waitsFor }),
    ...(event.until !== undefined && { until: event.until }),
  };
}

function isGroup(kind: Started['kind']): boolean {
  return kind === 'group' || kind === 'map' || kind === 'parallel';
}

function change(
  line: OperationLine | undefined,
  to: Partial<OperationLine>,
  drop: readonly ('error' | 'until')[] = [],
): void {
  if (line === undefined) return;
  for (const key of drop) delete line[key];
  Object.assign(line, to);
}
