import type { EventOf, JournalEvent, OperationStarted } from '../../packages/stepwell/src/model/event.ts';

/** Looks at one journal, event by event; the answer is what is wrong with it, if something is. */
export interface JournalRule {
  take(event: JournalEvent, at: number): string | null;
}

/** A beginning from which on operations may be given the outcomes that they had before: they begin nothing, and wait for nothing. */
function remembers({ type }: JournalEvent): boolean {
  return type === 'run.reopened' || type === 'run.forked';
}

function beginsAnew(event: JournalEvent): boolean {
  return remembers(event) || event.type === 'run.retrying';
}

/** Operations that had an outcome before: a later life may be given it again, whatever rule holds for new ones. */
class Memory {
  readonly #known = new Set<string>();
  #settled = new Set<string>();

  take(event: JournalEvent): void {
    if (event.type === 'operation.succeeded' || event.type === 'operation.failed')
      this.#settled.add(event.op);
    if (event.type === 'run.retrying') this.#known.clear();
    if (remembers(event)) for (const op of this.#settled) this.#known.add(op);
    if (beginsAnew(event)) this.#settled = new Set();
  }

  has(op: string): boolean {
    return this.#known.has(op);
  }
}

/** Guarantee "punctual timers": no timer fires before its time by the clock of the worker that writes it down. */
class NoTimerIsEarly implements JournalRule {
  readonly #memory = new Memory();
  readonly #due = new Map<string, { readonly started: OperationStarted; from: number }>();
  readonly #retries = new Map<string, number>();
  #beginsAt = 0;

  take(event: JournalEvent, at: number): string | null {
    const early = this.#earliest(event) - at;
    this.#note(event, at);
    return early > 0 ? `${event.type} came ${early} ms too early` : null;
  }

  #earliest(event: JournalEvent): number {
    if (event.type === 'run.started') return this.#beginsAt;
    if (!('op' in event) || event.op === undefined) return 0;
    if (event.type === 'operation.attempt') return this.#retries.get(event.op) ?? 0;
    const waiting = this.#due.get(event.op);
    if (waiting === undefined || this.#memory.has(event.op)) return 0;
    const { kind, until = 0, heartbeat = 0 } = waiting.started;
    if (event.type === 'operation.succeeded') return kind === 'sleep' ? until : 0;
    if (event.type !== 'operation.failed') return 0;
    if (event.error.code === 'WAIT_TIMED_OUT' && kind !== 'child') return until;
    return event.error.code === 'HEARTBEAT_MISSED' && kind === 'callback' ? waiting.from + heartbeat : 0;
  }

  #note(event: JournalEvent, at: number): void {
    this.#memory.take(event);
    if (event.type === 'operation.started') this.#due.set(event.op, { started: event, from: at });
    if (event.type === 'operation.retrying') this.#retries.set(event.op, event.until);
    if (event.type === 'operation.attempt') this.#retries.delete(event.op);
    if (event.type === 'operation.heartbeat' && this.#due.has(event.op)) this.#due.get(event.op)!.from = at;
    if (!beginsAnew(event)) return;
    this.#due.clear();
    this.#retries.clear();
    this.#beginsAt = event.type === 'run.retrying' ? event.until : 0;
  }
}

const EFFECTIVE = new Set(['step', 'condition', 'child']);

/** Decision 0006: between a pause and its end nothing begins, no timer fires, and no fact is taken in. */
class PauseHoldsEffects implements JournalRule {
  readonly #memory = new Memory();
  readonly #kinds = new Map<string, string>();
  #paused = false;

  take(event: JournalEvent): string | null {
    if (event.type === 'operation.started') this.#kinds.set(event.op, event.kind);
    const wrong = this.#paused && this.#isWrong(event);
    this.#memory.take(event);
    if (event.type === 'run.paused') this.#paused = true;
    if (event.type === 'run.resumed' || remembers(event)) this.#paused = false;
    const op = 'op' in event && event.op !== undefined ? ` of "${event.op}"` : '';
    return wrong ? `${event.type}${op}, though the run was paused` : null;
  }

  #isWrong(event: JournalEvent): boolean {
    switch (event.type) {
      case 'run.started':
      case 'event.received':
      case 'operation.attempt':
        return true;
      case 'operation.started':
        return EFFECTIVE.has(event.kind) && event.held === undefined && !this.#memory.has(event.op);
      case 'operation.succeeded':
        return this.#kinds.get(event.op) === 'sleep' && !this.#memory.has(event.op);
      default:
        return false;
    }
  }
}

/** Guarantee 8: an event that is there is given to whoever waits for it; it is not let go for a timeout. */
class NoEventIsMissed implements JournalRule {
  readonly #memory = new Memory();
  /** Names of the events, by their positions: all, and those that nobody has taken. */
  readonly #received = new Map<number, string>();
  #kept = new Map<number, string>();
  readonly #waiting = new Map<string, string>();
  #position = 0;

  take(event: JournalEvent): string | null {
    const wrong = this.#wrongWith(event);
    const position = this.#position++;
    this.#memory.take(event);
    if (event.type === 'event.received') {
      this.#received.set(position, event.name);
      this.#kept.set(position, event.name);
    }
    if (event.type === 'operation.started' && event.event !== undefined)
      this.#waiting.set(event.op, event.event);
    if (event.type === 'operation.succeeded' && event.from !== undefined) this.#kept.delete(event.from);
    if (beginsAnew(event)) this.#waiting.clear();
    // All is lived anew, with all that has come.
    if (event.type === 'run.retrying') this.#kept = new Map(this.#received);
    return wrong;
  }

  #wrongWith(event: JournalEvent): string | null {
    if (event.type === 'operation.failed' && event.error.code === 'WAIT_TIMED_OUT') {
      const name = this.#waiting.get(event.op);
      const isThere = [...this.#kept.values()].some((kept) => kept === name);
      if (isThere && !this.#memory.has(event.op))
        return `"${event.op}" was given up, though "${name}" was there`;
    }
    if (event.type === 'operation.succeeded' && this.#waiting.has(event.op) && !this.#memory.has(event.op)) {
      if (this.#kept.get(event.from ?? -1) !== this.#waiting.get(event.op))
        return `"${event.op}" was given the event at position ${event.from}, which is not there for it`;
    }
    return null;
  }
}

/** Guarantee 5: by their names, steps that may run at most once and that nobody can find out about. */
const UNSURE = /(^|\/)unsure[^/]*$/;

/** They are begun again only if an attempt is known to have failed. */
class AtMostOnce implements JournalRule {
  /** Whether an attempt has begun of which nothing is known. */
  readonly #open = new Map<string, boolean>();

  take(event: JournalEvent): string | null {
    if (beginsAnew(event)) this.#open.clear();
    if (!('op' in event) || event.op === undefined || !UNSURE.test(event.op)) return null;
    const isOpen = this.#open.get(event.op) === true;
    if (event.type === 'operation.started') this.#open.set(event.op, event.held === undefined);
    if (event.type === 'operation.retrying') this.#open.set(event.op, false);
    if (event.type !== 'operation.attempt') return null;
    this.#open.set(event.op, true);
    return isOpen ? `"${event.op}" was begun again, though nobody knows what became of it` : null;
  }
}

/** Steps of either side of a patch: programs name them so. */
const SIDE = /(^|\/)(old|new) [^/]*$/;

/** Of a patch a run goes one way: the new one if the patch is in force, the old one if it is not. */
class OneWayOfAPatch implements JournalRule {
  #inForce = new Set<string>();

  take(event: JournalEvent): string | null {
    if (beginsAnew(event)) this.#inForce = new Set();
    if (event.type !== 'operation.started') return null;
    if (event.kind === 'patch') this.#inForce.add(event.op);
    const side = SIDE.exec(event.op)?.[2];
    if (side === undefined) return null;
    const patch = patchOf(event);
    return this.#inForce.has(patch) === (side === 'new')
      ? null
      : `"${event.op}" was asked for, where ${patch} was ${side === 'new' ? 'not ' : ''}in force`;
  }
}

/** `new way of patch 7` belongs to `patch(patch 7)`. */
function patchOf({ op }: EventOf<'operation.started'>): string {
  return `patch(${/ of ([^/#]*)(#\d+)?$/.exec(op)?.[1]})`;
}

/** By their names, steps whose undo handlers must run when the run fails. */
const UNDOABLE = /(^|\/)undoable[^/]*$/;

/** Guarantee 19: what succeeded is undone, last first, one after the other. */
class UndoneInOrder implements JournalRule {
  #toUndo: string[] = [];
  #undoing: string | null = null;

  take(event: JournalEvent): string | null {
    const wrong = this.#wrongWith(event);
    if (event.type === 'operation.succeeded' && UNDOABLE.test(event.op)) this.#toUndo.push(event.op);
    if (event.type === 'operation.started' && isUndo(event.op)) this.#undoing = this.#toUndo.pop() ?? null;
    if ((event.type === 'operation.succeeded' || event.type === 'operation.failed') && isUndo(event.op))
      this.#undoing = null;
    if (beginsAnew(event)) {
      this.#toUndo = [];
      this.#undoing = null;
    }
    return wrong;
  }

  #wrongWith(event: JournalEvent): string | null {
    if (event.type === 'operation.started') {
      if (isUndo(event.op) && this.#undoing !== null)
        return `"${event.op}" began, while "${this.#undoing}" was being undone`;
      const expected = this.#toUndo.at(-1);
      if (isUndo(event.op) && event.op !== `${expected}/undo`)
        return `"${event.op}" began, where "${expected}" was to be undone`;
    }
    const forced = event.type === 'run.cancelled' && event.forced === true;
    const left = [...this.#toUndo, ...(this.#undoing === null ? [] : [this.#undoing])];
    return undoes(event) && !forced && left.length > 0
      ? `${event.type}, but not undone: ${left.join(', ')}`
      : null;
  }
}

function isUndo(op: string): boolean {
  return op.endsWith('/undo') && UNDOABLE.test(op.slice(0, -'/undo'.length));
}

/** Whether by then all must have been undone that can be. */
function undoes({ type }: JournalEvent): boolean {
  return (
    type === 'run.failed' || type === 'run.cancelled' || type === 'run.timed_out' || type === 'run.retrying'
  );
}

export function journalRules(): JournalRule[] {
  return [
    new NoTimerIsEarly(),
    new PauseHoldsEffects(),
    new NoEventIsMissed(),
    new AtMostOnce(),
    new OneWayOfAPatch(),
    new UndoneInOrder(),
  ];
}
