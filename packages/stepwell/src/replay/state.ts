import type { CancelCause, EventOf, JournalEvent, OperationStarted } from '../model/event.ts';
import type { Payload } from '../model/codec.ts';
import type { Failure } from '../model/failure.ts';
import type { OperationId } from '../model/operation.ts';
import { Past } from './past.ts';

/** An operation that was asked for and has no outcome yet. */
export interface PendingOperation {
  readonly started: OperationStarted;
  /** When it was asked for. */
  readonly at: number;
  /** Attempts that have begun; 0 while it is held. */
  attempts: number;
  /** Attempts that failed, or checks that did not hold: an attempt that a crash cut off is neither. */
  failures: number;
  /** An attempt has begun and nothing is known of its outcome. */
  inFlight: boolean;
  /** When the next attempt is due. */
  retryAt: number | null;
  /** Of the attempt that failed last. */
  lastError: Failure | undefined;
  /** A callback's last sign of life. */
  heartbeatAt: number;
  /** What the last heartbeat of a step's body told. */
  details: Payload | undefined;
}

/**
 * What a journal says of a run at this moment of it: built event by event, live and in replay alike.
 * Settled operations leave it, so that a run of a hundred thousand steps needs no more room than a short one.
 */
export class RunState {
  readonly past: Past;
  readonly pending = new Map<OperationId, PendingOperation>();
  readonly patches = new Set<string>();
  cancelled: CancelCause | null = null;
  cancelReason: string | undefined;
  paused: boolean;
  pauseReason: string | undefined;
  seed: string;

  /** Values of events that came and were not taken yet, and who waits for which name: both oldest first. */
  readonly #kept = new Map<string, { position: number; value: Payload | undefined }[]>();
  readonly #values = new Map<number, Payload | undefined>();
  readonly #waiters = new Map<string, OperationId[]>();
  /** Names of which an event or a waiter came last: only there can a new pair have arisen. */
  readonly #unpaired = new Set<string>();

  constructor(past: Past = new Past()) {
    this.past = past;
    this.paused = past.paused;
    this.pauseReason = past.pauseReason;
    this.seed = past.seed;
    for (const { name, position, value } of past.kept) this.#keep(name, position, value);
  }

  /** Takes one event in. The answer is the value of the operation that it settles, if it does so by success. */
  apply(event: JournalEvent, position: number, at: number): Payload | undefined {
    switch (event.type) {
      case 'run.started':
        this.seed = event.seed;
        return undefined;
      case 'run.cancel_requested':
        this.cancelled = event.cause;
        this.cancelReason = event.reason;
        return undefined;
      case 'run.paused':
        this.paused = true;
        this.pauseReason = event.reason;
        return undefined;
      case 'run.resumed':
        this.paused = false;
        return undefined;
      case 'event.received':
        if (event.id !== undefined) this.past.eventIds.add(event.id);
        this.#keep(event.name, position, event.value);
        return undefined;
      case 'operation.started':
        this.#start(event, at);
        return undefined;
      case 'operation.attempt':
      case 'operation.retrying':
      case 'operation.heartbeat':
        this.#attempt(event, at);
        return undefined;
      case 'operation.continued':
        this.#continue(event);
        return undefined;
      case 'operation.succeeded':
        return this.#succeed(event);
      case 'operation.failed':
      case 'operation.cancelled':
        this.remove(event.op);
        return undefined;
      default:
        return undefined;
    }
  }

  /** An event that nobody has taken and the operation that has waited longest for one of its name. */
  nextPair(): { op: OperationId; from: number } | null {
    for (const name of this.#unpaired) {
      const op = this.#waiters.get(name)?.[0];
      const from = this.#kept.get(name)?.[0]?.position;
      if (op !== undefined && from !== undefined) return { op, from };
      this.#unpaired.delete(name);
    }
    return null;
  }

  /** An operation is not awaited any more. */
  remove(op: OperationId): PendingOperation | null {
    const operation = this.pending.get(op);
    if (operation === undefined) return null;
    this.pending.delete(op);
    if (operation.started.kind === 'event')
      dropFrom(this.#waiters, operation.started.event!, (waiter) => waiter === op);
    return operation;
  }

  #keep(name: string, position: number, value: Payload | undefined): void {
    addTo(this.#kept, name, { position, value });
    this.#unpaired.add(name);
    this.#values.set(position, value);
  }

  #start(event: OperationStarted, at: number): void {
    if (event.kind === 'patch') {
      this.patches.add(event.op);
      return;
    }
    const begins = event.held === undefined;
    if (begins && !isAwaited(event)) return;
    this.pending.set(event.op, {
      started: event,
      at,
      attempts: begins ? 1 : 0,
      failures: 0,
      inFlight: begins,
      retryAt: null,
      lastError: undefined,
      heartbeatAt: at,
      details: undefined,
    });
    if (event.kind === 'event') {
      addTo(this.#waiters, event.event!, event.op);
      this.#unpaired.add(event.event!);
    }
  }

  #attempt(
    event: EventOf<'operation.attempt'> | EventOf<'operation.retrying'> | EventOf<'operation.heartbeat'>,
    at: number,
  ): void {
    const operation = this.pending.get(event.op);
    if (operation === undefined) return;
    if (event.type === 'operation.attempt') {
      operation.attempts = event.attempt;
      operation.inFlight = true;
      operation.retryAt = null;
      if (!isAwaited(operation.started)) this.pending.delete(event.op);
    } else if (event.type === 'operation.retrying') {
      operation.failures++;
      operation.inFlight = false;
      operation.retryAt = event.until;
      operation.lastError = event.error;
    } else {
      operation.heartbeatAt = at;
      operation.details = event.details ?? operation.details;
    }
  }

  #continue({ op, by }: EventOf<'operation.continued'>): void {
    const operation = this.pending.get(op);
    const { started } = operation ?? {};
    if (operation === undefined || started?.child === undefined) return;
    this.pending.set(op, { ...operation, started: { ...started, child: { ...started.child, id: by } } });
  }

  #succeed(event: EventOf<'operation.succeeded'>): Payload | undefined {
    const operation = this.remove(event.op);
    if (event.from === undefined) return event.value;
    const remembered = this.past.remembered.get(event.op);
    if (remembered?.ok === true && remembered.position === event.from) return remembered.value;
    const value = this.#values.get(event.from);
    this.#values.delete(event.from);
    const name = operation?.started.event;
    if (name !== undefined) dropFrom(this.#kept, name, ({ position }) => position === event.from);
    return value;
  }
}

/** Whether an input of type `settled` will come for it. */
export function isAwaited({ kind, child }: OperationStarted): boolean {
  return (
    kind !== 'group' &&
    kind !== 'map' &&
    kind !== 'parallel' &&
    kind !== 'patch' &&
    child?.detached === undefined
  );
}

function addTo<T>(lists: Map<string, T[]>, name: string, item: T): void {
  const list = lists.get(name);
  if (list === undefined) lists.set(name, [item]);
  else list.push(item);
}

function dropFrom<T>(lists: Map<string, T[]>, name: string, isIt: (item: T) => boolean): void {
  const list = lists.get(name) ?? [];
  const index = list.findIndex(isIt);
  if (index === -1) return;
  list.splice(index, 1);
  if (list.length === 0) lists.delete(name);
}
