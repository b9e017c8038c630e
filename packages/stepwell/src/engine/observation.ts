import type { JournalEvent } from '../model/event.ts';
import type { Failure } from '../model/failure.ts';
import { groupOf, type OperationId, type OperationKind } from '../model/operation.ts';
import type { RunRecord } from '../model/run.ts';
import type { Past } from '../replay/past.ts';
import type { PendingOperation, RunState } from '../replay/state.ts';
import type { CommitRequest, RunEnd } from '../store/commit.ts';
import type { EngineFact, Instruments, OperationEnded } from './instruments.ts';
import type { System } from './system.ts';

/** What gave the function its present turn, and when that was: `since` is of the clock of durations for steps and facts, else of the engine's. */
interface Cause {
  readonly after: Extract<EngineFact, { type: 'step began' }>['after'];
  readonly since: number;
  /** What the function asked for then has begun. */
  answered: boolean;
}

/**
 * Looks on while an activation works, for the engine's instruments; without them there is none. What it sees in a draft
 * is told when that is durable, or never.
 */
export class Observation {
  readonly #instruments: Instruments;
  readonly #system: System;
  readonly #past: Past;
  #run: RunRecord;
  #drafted: EngineFact[] = [];
  #underWay: EngineFact[] = [];
  #cause: Cause | null = null;
  /** The end of a wait was not given to the function yet. */
  #waking = false;
  /** When the facts that are waiting were heard of. */
  #heardAt = 0;
  #hasBegunStep = false;
  /** What the engine has added to the run so far (ms); null: some of it was before this activation, or may have been. */
  #overhead: number | null = null;
  /** Steps that were asked for and have not begun. */
  readonly #asked = new Map<OperationId, Cause>();
  /** Groups that are open, and when they began; of an item, when the first thing in it did. */
  readonly #open = new Map<OperationId, { readonly kind: OperationKind | 'item'; readonly at: number }>();

  constructor(instruments: Instruments, system: System, run: RunRecord, past: Past) {
    this.#instruments = instruments;
    this.#system = system;
    this.#run = run;
    this.#past = past;
  }

  get now(): number {
    return this.#instruments.now();
  }

  activated(parked: boolean, events: number, since: number): void {
    const milliseconds = this.now - since;
    if (!parked && events === 0 && this.#past.beginnings === 0) this.#overhead = 0;
    this.#instruments.tell({ type: 'run activated', run: this.#run, parked, events, milliseconds });
  }

  /** A parked activation goes on. */
  resumed(run: RunRecord): void {
    this.#run = run;
    this.activated(true, 0, this.now);
  }

  /** Facts have come that were heard of at a time. */
  heard(at: number): void {
    this.#heardAt = at;
  }

  /** What is worked on next, and gives the function a turn. */
  begins(): void {
    this.#set('start', this.#run.createdAt);
  }

  bodyEnded(since: number): void {
    this.#set('step', since);
  }

  factComes(): void {
    this.#set('fact', this.#heardAt);
    this.#waking = true;
  }

  timerIsDue(at: number): void {
    this.#set('timer', at);
    this.#waking = true;
  }

  #set(after: Cause['after'], since: number): void {
    this.#cause = { after, since, answered: false };
    this.#waking = false;
  }

  /** The function is given the outcome of an operation. */
  goesOn(): void {
    const cause = this.#cause;
    if (!this.#waking || cause === null) return;
    this.#waking = false;
    const by = cause.after === 'timer' ? 'timer' : 'fact';
    this.#drafted.push({ type: 'woken', run: this.#run, by, milliseconds: this.#since(cause) });
  }

  #since({ after, since }: Cause): number {
    const now = after === 'step' || after === 'fact' ? this.now : this.#system.now();
    return Math.max(0, now - since);
  }

  /** An event goes into the draft; the state has not taken it in yet. */
  appended(event: JournalEvent, { pending }: RunState, at: number): void {
    switch (event.type) {
      case 'operation.started':
        if (event.kind === 'step' && event.held === undefined && this.#cause !== null)
          this.#asked.set(event.op, this.#cause);
        return;
      case 'operation.succeeded':
        return this.#settled(event.op, pending.get(event.op), at, 'succeeded', undefined);
      case 'operation.failed':
        return this.#settled(event.op, pending.get(event.op), at, 'failed', event.error);
      case 'operation.cancelled':
        return this.#settled(event.op, pending.get(event.op), at, 'cancelled', undefined);
      case 'operation.ended':
        return this.#groupEnded(event.op, at, event.error);
      case 'log': {
        const { op, level, message } = event;
        this.#drafted.push({ type: 'logged', run: this.#run, op, level, message });
        return;
      }
      case 'run.stuck':
        this.#drafted.push({ type: 'run stuck', run: this.#run, error: event.error });
        return;
      default:
        return;
    }
  }

  /** An operation is in the journal, from now or from before: it opens the groups that it is in. */
  started({ op, kind }: { readonly op: OperationId; readonly kind: OperationKind }, at: number): void {
    if (kind === 'group' || kind === 'map' || kind === 'parallel') this.#open.set(op, { kind, at });
    for (let group = groupOf(op); group !== '' && !this.#open.has(group); group = groupOf(group))
      if (this.#hasItems(groupOf(group))) this.#open.set(group, { kind: 'item', at });
  }

  #hasItems(op: OperationId): boolean {
    const kind = this.#open.get(op)?.kind;
    return kind === 'map' || kind === 'parallel';
  }

  #groupEnded(op: OperationId, at: number, error: Failure | undefined): void {
    const { kind, at: startedAt } = this.#open.get(op) ?? { kind: 'item' as const, at };
    this.#open.delete(op);
    this.#ended(op, kind, error === undefined ? 'succeeded' : 'failed', error, 1, startedAt, at);
  }

  #settled(
    op: OperationId,
    pending: PendingOperation | undefined,
    at: number,
    outcome: OperationEnded['outcome'],
    error: Failure | undefined,
  ): void {
    this.#asked.delete(op);
    // What an earlier beginning has done ended then.
    if (pending === undefined || this.#past.remembered.has(op)) return;
    this.#ended(op, pending.started.kind, outcome, error, pending.attempts, pending.at, at);
  }

  /** Once a step: an object that is put together from others took as long as all the rest of this. */
  #ended(
    op: OperationId,
    kind: OperationEnded['kind'],
    outcome: OperationEnded['outcome'],
    error: Failure | undefined,
    attempts: number,
    startedAt: number,
    endedAt: number,
  ): void {
    const { beginnings, reopenedAt } = this.#past;
    const run = this.#run;
    this.#drafted.push({
      type: 'operation ended',
      run,
      op,
      kind,
      outcome,
      error,
      attempts,
      startedAt,
      endedAt,
      beginnings,
      reopenedAt,
    });
  }

  /** A step's body is called. */
  bodyBegins(op: OperationId): void {
    const cause = this.#asked.get(op);
    if (cause === undefined) return;
    this.#asked.delete(op);
    this.#answered(cause);
    const { after } = cause;
    if (after === 'start') {
      // Of several the first counts; a function that begins anew has begun before.
      if (this.#hasBegunStep || this.#past.beginnings > 0) return;
      this.#hasBegunStep = true;
    }
    this.#instruments.tell({
      type: 'step began',
      run: this.#run,
      op,
      after,
      milliseconds: this.#since(cause),
    });
  }

  /** Of several things that one cause led to, the first counts. */
  #answered(cause: Cause): void {
    if (cause.answered || this.#overhead === null) return;
    cause.answered = true;
    this.#overhead += this.#since(cause);
  }

  /** The draft is on its way. */
  taken({ starts, change }: CommitRequest, { pending }: RunState): void {
    for (const { run } of starts) this.#drafted.push({ type: 'run started', run, milliseconds: null });
    if (change?.end !== undefined) this.#runEnded(change.end, pending.values());
    this.#underWay = this.#drafted;
    this.#drafted = [];
  }

  /** With it ends what nobody waits for any more. */
  #runEnded({ status, error, endedAt }: RunEnd, pending: Iterable<PendingOperation>): void {
    for (const operation of pending)
      this.#settled(operation.started.op, operation, endedAt, 'cancelled', undefined);
    for (const [op, { kind, at }] of this.#open)
      this.#ended(op, kind, 'cancelled', undefined, 1, at, endedAt);
    const { reopenedAt } = this.#past;
    const overhead = null;
    this.#drafted.push({ type: 'run ended', run: this.#run, status, error, endedAt, reopenedAt, overhead });
  }

  /** It is durable. */
  committed(): void {
    const facts = this.#underWay;
    this.#underWay = [];
    for (const fact of facts)
      this.#instruments.tell(fact.type === 'run ended' ? { ...fact, overhead: this.#wholeOverhead() } : fact);
  }

  /** The end is durable by now: that answers the last cause. */
  #wholeOverhead(): number | null {
    if (this.#cause !== null) this.#answered(this.#cause);
    return this.#overhead;
  }
}
