import type { Commit, EventOf, JournalEvent } from '../model/event.ts';
import type { Failure } from '../model/failure.ts';
import type { Payload } from '../model/codec.ts';
import { isInside, isTimeLimit, type OperationId } from '../model/operation.ts';
import type { KeptEvent } from './event-box.ts';

/** One event of a journal with its place. */
export interface Entry {
  readonly position: number;
  readonly at: number;
  readonly event: JournalEvent;
}

export function entriesOf(commits: readonly Commit[]): Entry[] {
  return commits.flatMap(({ position, at, events }) =>
    events.map((event, n) => ({ position: position + n, at, event })),
  );
}

/** Since when a run has been stuck, if its journal ends with that: it may have been tried in vain several times. */
export function stuckSince(entries: readonly Entry[]): number | null {
  let since: number | null = null;
  for (let index = entries.length - 1; index >= 0; index--) {
    const { event, at } = entries[index]!;
    if (event.type === 'run.stuck') since = at;
    else if (event.type !== 'run.activated') break;
  }
  return since;
}

/** A settled operation that a later beginning of the function is not to do again. */
export type Remembered =
  | { readonly ok: true; readonly position: number; readonly value: Payload | undefined }
  | { readonly ok: false; readonly error: Failure };

/**
 * What of a journal still matters when the function begins again from its start (after `run.retrying`, `run.reopened`
 * or `run.forked`), gathered event by event. Before the first beginning it is empty.
 */
export class Past {
  /** Outcomes by operation; empty after `run.retrying`, which wants everything done again. */
  readonly remembered = new Map<OperationId, Remembered>();
  /** Events that no operation has taken, oldest first. */
  kept: KeptEvent[] = [];
  /** Ids of events that came, against doubles. */
  readonly eventIds = new Set<string>();
  /** Ids of the calls that cancelled it. */
  readonly cancelIds = new Set<string>();
  /** How often each step was undone: what it does after that is a new effect. */
  readonly undone = new Map<OperationId, number>();
  seed = '';
  /** How often the function has begun anew. */
  beginnings = 0;
  /** The pause before a new beginning after a failure; null: there is none. */
  retrying: EventOf<'run.retrying'> | null = null;
  paused = false;
  pauseReason: string | undefined;
  pausedBy: string | undefined;
  /** Failed beginnings of the whole function since the run was started or reopened. */
  failures = 0;
  /** When the present life of the run began; the run's timeout counts from here. Null: when it was started. */
  reopenedAt: number | null = null;

  readonly #received = new Map<number, KeptEvent>();
  readonly #callbacks = new Map<OperationId, 'open' | 'closed'>();

  /** @throws never: events that do not matter here are passed over */
  take({ event, position, at }: Entry): void {
    switch (event.type) {
      case 'run.started':
        this.seed = event.seed;
        return;
      case 'run.paused':
        this.paused = true;
        this.pauseReason = event.reason;
        this.pausedBy = event.by;
        return;
      case 'run.resumed':
        this.paused = false;
        return;
      case 'run.cancel_requested':
        if (event.id !== undefined) this.cancelIds.add(event.id);
        return;
      case 'event.received':
        return this.#receive(event, position);
      case 'operation.started':
        if (event.kind === 'callback') this.#callbacks.set(event.op, 'open');
        return;
      case 'operation.succeeded':
        return this.#succeed(event, position);
      case 'operation.failed':
        this.remembered.set(event.op, { ok: false, error: event.error });
        return;
      case 'run.retrying':
        this.beginnings++;
        this.retrying = event;
        return this.#forget(event.attempt);
      case 'run.reopened':
        return this.#reopen(at, (op) => event.op === undefined || op === event.op || isInside(op, event.op));
      case 'run.forked':
        this.seed = '';
        // Those were calls for the run that it was made of.
        this.cancelIds.clear();
        return this.#reopen(at, () => false);
      default:
        return;
    }
  }

  #receive(event: EventOf<'event.received'>, position: number): void {
    const kept = { position, name: event.name, value: event.value, id: event.id };
    this.kept.push(kept);
    this.#received.set(position, kept);
    if (event.id !== undefined) this.eventIds.add(event.id);
  }

  #succeed(event: EventOf<'operation.succeeded'>, position: number): void {
    const source = event.from === undefined ? undefined : this.#received.get(event.from);
    if (source !== undefined) this.kept = this.kept.filter((kept) => kept !== source);
    const old = this.remembered.get(event.op);
    const value = source?.value ?? (event.from !== undefined && old?.ok === true ? old.value : event.value);
    this.remembered.set(event.op, { ok: true, position: event.from ?? position, value });
    // A step that its author called "undo", in a group, undoes no step.
    const undone = event.op.endsWith('/undo') ? event.op.slice(0, -'/undo'.length) : null;
    if (undone !== null && this.remembered.has(undone)) this.#undo(undone);
  }

  #undo(op: OperationId): void {
    this.undone.set(op, (this.undone.get(op) ?? 0) + 1);
    this.remembered.delete(op);
    this.remembered.delete(`${op}/undo`);
  }

  /** A whole new beginning: also the events that came are there again, since the function will ask for them again. */
  #forget(failures: number): void {
    this.remembered.clear();
    this.#callbacks.clear();
    this.kept = [...this.#received.values()];
    this.failures = failures;
  }

  #reopen(at: number, isToBlame: (op: OperationId) => boolean): void {
    this.beginnings++;
    this.retrying = null;
    this.failures = 0;
    this.reopenedAt = at;
    this.paused = false;
    for (const [op, outcome] of this.remembered) {
      // A group whose time was up gets all its time again.
      if (isToBlame(op) && (!outcome.ok || isTimeLimit(op))) this.remembered.delete(op);
    }
    // Whoever is to complete a callback has to be told its new id: what was done for the old one is done again.
    for (const callback of this.#callbacks.keys()) {
      if (this.remembered.has(callback)) continue;
      for (const op of this.remembered.keys()) if (isInside(op, callback)) this.remembered.delete(op);
    }
  }
}

/** Of a run whose function has not begun anew yet. */
export const NO_PAST: Past = new Past();

/** Splits a journal at its last new beginning. */
export function splitAtLastBeginning(entries: readonly Entry[]): { past: Past; present: readonly Entry[] } {
  const begin = entries.findLastIndex(({ event }) => isBeginning(event)) + 1;
  if (begin === 0) return { past: NO_PAST, present: entries };
  const past = new Past();
  for (let index = 0; index < begin; index++) past.take(entries[index]!);
  return { past, present: entries.slice(begin) };
}

function isBeginning(event: JournalEvent): boolean {
  return event.type === 'run.retrying' || event.type === 'run.reopened' || event.type === 'run.forked';
}
