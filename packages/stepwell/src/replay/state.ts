import type { CancelCause, EventOf, JournalEvent, OperationStarted } from '../model/event.ts';
import type { Payload } from '../model/codec.ts';
import type { Failure } from '../model/failure.ts';
import type { OperationId } from '../model/operation.ts';
import { EventBox, type KeptEvent } from './event-box.ts';
import { NO_PAST, type Past } from './past.ts';

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
  pausedBy: string | undefined;
  seed: string;

  /** Made with the first event or waiter: most runs have none. */
  #events: EventBox | null = null;
  #cancelIds: Set<string> | null = null;

  constructor(past: Past = NO_PAST) {
    this.past = past;
    this.paused = past.paused;
    this.pauseReason = past.pauseReason;
    this.pausedBy = past.pausedBy;
    this.seed = past.seed;
    for (const id of past.eventIds) this.#eventBox().know(id);
    for (const event of past.kept) this.#eventBox().keep(event);
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
        if (event.id !== undefined) (this.#cancelIds ??= new Set()).add(event.id);
        return undefined;
      case 'run.paused':
        this.paused = true;
        this.pauseReason = event.reason;
        this.pausedBy = event.by;
        return undefined;
      case 'run.resumed':
        this.paused = false;
        return undefined;
      case 'event.received':
        this.#eventBox().keep({ position, name: event.name, value: event.value, id: event.id });
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
    return this.#events === null ? null : this.#events.nextPair();
  }

  /** Whether an event of that id has come before. */
  knowsEvent(id: string): boolean {
    return this.#events !== null && this.#events.knows(id);
  }

  /** Whether the call of that id has cancelled the run before. */
  knowsCancel(id: string): boolean {
    return this.past.cancelIds.has(id) || this.#cancelIds?.has(id) === true;
  }

  /** Events that nobody has taken, oldest first. */
  untakenEvents(): readonly KeptEvent[] {
    return this.#events === null ? [] : this.#events.untaken();
  }

  #eventBox(): EventBox {
    this.#events ??= new EventBox();
    return this.#events;
  }

  /** An operation is not awaited any more. */
  remove(op: OperationId): PendingOperation | null {
    const operation = this.pending.get(op);
    if (operation === undefined) return null;
    this.pending.delete(op);
    if (operation.started.kind === 'event') this.#events?.stopWaiting(operation.started.event!, op);
    return operation;
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
    if (event.kind === 'event') this.#eventBox().wait(event.event!, event.op);
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
    this.remove(event.op);
    if (event.from === undefined) return event.value;
    const remembered = this.past.remembered.get(event.op);
    if (remembered?.ok === true && remembered.position === event.from) return remembered.value;
    return this.#events?.take(event.from);
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
