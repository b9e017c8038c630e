import type { EventOf, JournalEvent } from '../../packages/stepwell/src/model/event.ts';
import { journalRules } from './journal-rules.ts';
import type { Violations } from './violation.ts';

const FINAL = new Set(['run.succeeded', 'run.failed', 'run.cancelled', 'run.timed_out', 'run.continued']);
const BEGINNINGS = new Set(['run.retrying', 'run.reopened', 'run.forked']);

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
  #isCopy = false;
  readonly #rules = journalRules();
  /** Children that it says are started, by their ids; of those that it names some may be of an earlier life. */
  readonly children = new Set<string>();
  readonly childrenNamed = new Set<string>();
  readonly #held = new Map<string, string>();
  /** Operations that had ended before the run began anew: it may be given their outcomes again. */
  #remembered = new Set<string>();
  /** Reasons for which it got stuck. */
  readonly stuck: string[] = [];
  /** Beginnings of a life: each but the first is a retry, a fork or a new attempt. */
  beginnings = 0;
  /** When it was told that its own time was up. */
  timedOutAt: number | null = null;

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
    this.#isCopy = events.at(-1)?.type === 'run.forked';
    for (const event of events) this.#event(event, at);
  }

  #event(event: JournalEvent, at: number): void {
    for (const rule of this.#rules) {
      // What a fork has copied has lost its times.
      const wrong = rule.take(event, this.#isCopy ? Number.POSITIVE_INFINITY : at);
      if (wrong !== null) this.#violated(wrong);
    }
    // A fork has the whole journal of a run that ended before it was what the fork is to do otherwise.
    if (this.#ended !== null && event.type !== 'run.reopened' && !this.#isCopy)
      this.#violated(`${event.type} after the run had ended (${this.#ended.type})`);
    if (FINAL.has(event.type)) this.#ended = event;
    if (BEGINNINGS.has(event.type)) this.#beginAnew(event);
    if (event.type === 'run.stuck') this.stuck.push(event.error.code ?? event.error.name);
    if (event.type === 'run.cancel_requested' && event.cause === 'timeout') this.timedOutAt = at;
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

  #start({ op, held, child }: EventOf<'operation.started'>): void {
    if (child !== undefined) this.childrenNamed.add(child.id);
    if (child !== undefined && !this.#remembered.has(op)) {
      if (held === undefined) this.children.add(child.id);
      else this.#held.set(op, child.id);
    }
    if (this.#operations.has(op)) this.#violated(`"${op}" was started twice`);
    this.#operations.set(op, { attempts: held === undefined ? 1 : 0, settled: null });
    if (held === undefined) this.#record(op, 1);
  }

  #attempt({ op, attempt }: EventOf<'operation.attempt'>): void {
    const operation = this.#demandPending(op, 'operation.attempt');
    if (attempt !== operation.attempts + 1)
      this.#violated(`attempt ${attempt} of "${op}" after attempt ${operation.attempts}`);
    operation.attempts = attempt;
    if (this.#held.has(op)) this.children.add(this.#held.get(op)!);
    this.#record(op, attempt);
  }

  #record(op: string, attempt: number): void {
    const key = `${op} ${attempt}`;
    this.#recorded.set(key, (this.#recorded.get(key) ?? 0) + 1);
  }

  #settle(op: string, how: 'succeeded' | 'failed' | 'cancelled'): void {
    this.#demandPending(op, how).settled = how;
  }

  #demandPending(op: string, what: string): Operation {
    const operation = this.#operations.get(op);
    if (operation === undefined) this.#violated(`${what} of "${op}", which was never asked for`);
    // A fork may be told by hand what a cancelled one gives.
    if (operation.settled !== null && !this.#isCopy)
      this.#violated(`${what} of "${op}", which had ${operation.settled}`);
    return operation;
  }

  #beginAnew({ type }: JournalEvent): void {
    this.#ended = null;
    this.beginnings++;
    if (type === 'run.retrying') this.#remembered = new Set();
    else
      for (const [op, { settled }] of this.#operations)
        if (settled === 'succeeded' || settled === 'failed') this.#remembered.add(op);
    this.#held.clear();
    this.#operations.clear();
  }

  /** How often an attempt is on record; a body may begin so often at most. */
  recorded(op: string, attempt: number): number {
    return this.#recorded.get(`${op} ${attempt}`) ?? 0;
  }

  isSettled(op: string): boolean {
    return (this.#operations.get(op)?.settled ?? null) !== null;
  }

  /** Whether an event of that id is in it. */
  received(event: string): boolean {
    return this.#receivedEvents.has(event);
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
