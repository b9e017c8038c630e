import type { EventOf, JournalEvent } from '../../packages/stepwell/src/model/event.ts';
import type { Violations } from './violation.ts';

const FINAL = new Set(['run.succeeded', 'run.failed', 'run.cancelled', 'run.timed_out', 'run.continued']);
const BEGINNINGS = new Set(['run.retrying', 'run.reopened', 'run.forked']);
/** Steps whose undo handler must run when the run fails: programs name them so. */
const UNDOABLE = /(^|\/)undoable[^/]*$/;

interface Operation {
  attempts: number;
  settled: 'succeeded' | 'failed' | 'cancelled' | null;
}

/** Follows one run's journal commit by commit, and knows what can never stand in one. */
export class JournalWatch {
  readonly #id: string;
  readonly #violations: Violations;
  readonly #operations = new Map<string, Operation>();
  /** How often each attempt of each operation is on record, over all beginnings of the run. */
  readonly #recorded = new Map<string, number>();
  readonly #receivedEvents = new Set<string>();
  #next = 0;
  #at = 0;
  #ended: JournalEvent | null = null;
  #toUndo: string[] = [];

  constructor(id: string, violations: Violations) {
    this.#id = id;
    this.#violations = violations;
  }

  take(position: number, at: number, events: readonly JournalEvent[]): void {
    if (position !== this.#next)
      this.#violated(`a commit at position ${position}, where ${this.#next} is the next`);
    if (at < this.#at) this.#violated(`time goes back at position ${position}`);
    if (events.length === 0) this.#violated(`an empty commit at position ${position}`);
    this.#at = at;
    for (const event of events) this.#event(event);
  }

  #event(event: JournalEvent): void {
    if (this.#ended !== null && event.type !== 'run.reopened')
      this.#violated(`${event.type} after the run had ended (${this.#ended.type})`);
    if (FINAL.has(event.type)) this.#end(event);
    if (BEGINNINGS.has(event.type)) this.#beginAnew(event);
    if (event.type === 'event.received' && event.id !== undefined) this.#receive(event.id);
    if (event.type === 'operation.started') this.#start(event);
    else if (event.type === 'operation.attempt') this.#attempt(event);
    else if (event.type === 'operation.succeeded') this.#settle(event.op, 'succeeded');
    else if (event.type === 'operation.failed') this.#settle(event.op, 'failed');
    else if (event.type === 'operation.cancelled') this.#settle(event.op, 'cancelled');
    else if (event.type === 'operation.retrying') this.#demandPending(event.op, event.type);
    this.#next++;
  }

  #receive(id: string): void {
    if (this.#receivedEvents.has(id)) this.#violated(`the event ${id} was taken twice`);
    this.#receivedEvents.add(id);
  }

  #start({ op, held }: EventOf<'operation.started'>): void {
    if (this.#operations.has(op)) this.#violated(`"${op}" was started twice`);
    this.#operations.set(op, { attempts: held === undefined ? 1 : 0, settled: null });
    if (held === undefined) this.#record(op, 1);
  }

  #attempt({ op, attempt }: EventOf<'operation.attempt'>): void {
    const operation = this.#demandPending(op, 'operation.attempt');
    if (attempt !== operation.attempts + 1)
      this.#violated(`attempt ${attempt} of "${op}" after attempt ${operation.attempts}`);
    operation.attempts = attempt;
    this.#record(op, attempt);
  }

  #record(op: string, attempt: number): void {
    const key = `${op} ${attempt}`;
    this.#recorded.set(key, (this.#recorded.get(key) ?? 0) + 1);
  }

  #settle(op: string, how: 'succeeded' | 'failed' | 'cancelled'): void {
    this.#demandPending(op, how).settled = how;
    if (how !== 'succeeded') return;
    if (UNDOABLE.test(op)) this.#toUndo.push(op);
    if (!op.endsWith('/undo')) return;
    const expected = this.#toUndo.pop();
    if (`${expected}/undo` !== op) this.#violated(`"${op}" was undone, where "${expected}" was to be`);
  }

  #demandPending(op: string, what: string): Operation {
    const operation = this.#operations.get(op);
    if (operation === undefined) this.#violated(`${what} of "${op}", which was never asked for`);
    if (operation.settled !== null) this.#violated(`${what} of "${op}", which had ${operation.settled}`);
    return operation;
  }

  #end(event: JournalEvent): void {
    this.#ended = event;
    const undoes = event.type !== 'run.succeeded' && event.type !== 'run.continued';
    const forced = event.type === 'run.cancelled' && event.forced === true;
    if (undoes && !forced) this.#demandUndone(event.type);
  }

  #beginAnew({ type }: JournalEvent): void {
    if (type === 'run.retrying') this.#demandUndone(type);
    this.#ended = null;
    this.#toUndo = [];
    this.#operations.clear();
  }

  #demandUndone(event: string): void {
    if (this.#toUndo.length > 0) this.#violated(`${event}, but not undone: ${this.#toUndo.join(', ')}`);
  }

  /** How often an attempt is on record; a body may begin so often at most. */
  recorded(op: string, attempt: number): number {
    return this.#recorded.get(`${op} ${attempt}`) ?? 0;
  }

  isSettled(op: string): boolean {
    return (this.#operations.get(op)?.settled ?? null) !== null;
  }

  get length(): number {
    return this.#next;
  }

  get ended(): JournalEvent | null {
    return this.#ended;
  }

  #violated(what: string): never {
    return this.#violations.report(`journal of run "${this.#id}": ${what}`);
  }
}
