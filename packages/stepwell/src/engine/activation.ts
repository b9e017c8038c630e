import { JOURNAL_FORMAT, type Commit, type JournalEvent, type SettlementEvent } from '../model/event.ts';
import { StepwellError } from '../model/errors.ts';
import type { NumberedFact } from '../model/fact.ts';
import type { Json } from '../model/json.ts';
import type { OperationId } from '../model/operation.ts';
import type { RunRecord } from '../model/run.ts';
import { Timers } from '../policy/timers.ts';
import { entriesOf, splitAtLastBeginning, stuckSince } from '../replay/past.ts';
import { RunState } from '../replay/state.ts';
import type { ClaimedRun } from '../store/claim.ts';
import type { CommitAnswer, CommitRequest } from '../store/commit.ts';
import { Alarm } from './alarm.ts';
import { beginEffect, resumeWork, stopBodies, type BodyOutcome } from './attempts.ts';
import type { Body } from './bodies.ts';
import { Draft, type Effect } from './draft.ts';
import { FactQueue } from './fact-queue.ts';
import { endsAtOnce } from './finish.ts';
import { reopening } from './reopening.ts';
import { ActivationHost } from './host.ts';
import { Keeping } from './keeping.ts';
import { noWorker, releaseOf } from './leaving.ts';
import { Observation } from './observation.ts';
import { asInput, replay } from './replay.ts';
import type { Ask, End, Execution, Input } from './runtime.ts';
import type { Over, Surroundings } from './surroundings.ts';
import { addDeadlines, addTimers, isCurrent, type Due } from './timing.ts';
import { work } from './work.ts';

/** What became of a body that ran here. */
interface Arrival {
  readonly body: Body;
  readonly outcome: BodyOutcome;
  /** By the clock of the instruments. */
  readonly at: number;
}

/**
 * One stretch of executing a run on this worker.
 *
 *   open ──replay──▶ live ──┬─ pump: one arrival at a time becomes an event, the event an input, the input a turn
 *     │                     │        of the execution, the turn further events; all of it goes into the draft
 *     │                     ├─ take / committed: the committer carries the draft to the store; when it is durable,
 *     │                     │        what it allows (bodies of steps) begins
 *     └─────────────────────┴─▶ over: released (and perhaps parked: `resume` makes it live again), ended, stuck, lost
 */
export class Activation {
  readonly around: Surroundings;
  readonly draft: Draft;
  readonly state: RunState;
  readonly execution: Execution | null;
  readonly timers = new Timers<Due>((timer) => isCurrent(this.state, timer));
  readonly bodies = new Map<OperationId, Body>();
  /** Settlements that follow from what is known already. */
  readonly settlements: SettlementEvent[] = [];
  readonly facts = new FactQueue();
  readonly arrivals: Arrival[] = [];
  run: RunRecord;
  /** Of the run, with those that it was given since. */
  tags: readonly string[];
  phase: 'replaying' | 'live' | 'over' = 'replaying';
  /** An input is being worked on by the execution. */
  turning = false;
  started = false;
  /** Since when nothing else has happened to it but that code did not fit; null: it has not been tried in vain. */
  readonly stuckSince: number | null;
  /** A commit of it was stored. */
  hasCommitted = false;
  /** The worker is about to stop: nothing new is begun. */
  closing = false;
  end: End | null = null;
  broken: StepwellError | null = null;
  /** What the code says of its operations beyond what the journal keeps; only of those that are not settled. */
  readonly asks = new Map<OperationId, Ask>();
  /** For the instruments of the engine; null: there are none. */
  readonly observation: Observation | null;

  readonly #host: ActivationHost;
  /** Null: large payloads are refused. */
  readonly #keeping: Keeping | null;
  readonly #alarm: Alarm;
  #pumping = false;
  #underWay: { effects: Effect[]; leaves: Over | null } | null = null;

  /** @param heardAt when its facts were heard of, by the clock of the instruments */
  constructor(around: Surroundings, { run, facts }: ClaimedRun, journal: readonly Commit[], heardAt: number) {
    this.around = around;
    this.run = run;
    this.tags = run.tags;
    const entries = entriesOf(journal);
    const last = entries.at(-1);
    this.stuckSince = stuckSince(entries);
    const position = last === undefined ? 0 : last.position + 1;
    const { large } = around;
    this.#keeping = large === null ? null : new Keeping(large, run, () => this.#payloadsKept());
    this.draft = new Draft(run.key, position, last?.at ?? 0, () => around.system.now(), this.#keeping);
    const reopened = reopening(entries, facts);
    if (reopened !== null) {
      entries.push({ position, at: this.draft.at, event: reopened });
      this.draft.append(reopened);
    }
    const { past, present } = splitAtLastBeginning(entries);
    this.state = new RunState(past);
    const { instruments } = around;
    this.observation = instruments && new Observation(instruments, around.system, run, past);
    this.#host = new ActivationHost(this, present);
    this.execution = around.runtime.execute(run, this.#host);
    this.#alarm = new Alarm(around.system, () => this.pump());
    addDeadlines(this);
    this.receive(facts, heardAt);
  }

  /** Rebuilds the run from its journal and goes on from there. */
  async open(): Promise<void> {
    this.append({ type: 'run.activated', worker: this.around.worker, format: JOURNAL_FORMAT });
    const end = endsAtOnce(this);
    if (end !== null) return this.#endAtOnce(end);
    if (this.execution === null) this.broken = noWorker(this);
    try {
      const since = this.observation?.now ?? 0;
      if (this.execution !== null) await replay(this, this.#host);
      this.observation?.activated(false, this.#host.entries.length, since);
    } catch (error) {
      this.broken ??= defectOf(error);
    }
    // The worker may have been stopped while the journal was read.
    if (this.phase === 'over') return;
    this.#goLive();
  }

  /** Goes on with a parked activation. */
  resume(run: RunRecord, facts: readonly NumberedFact[], heardAt: number): void {
    this.run = run;
    this.observation?.resumed(run);
    this.receive(facts, heardAt);
    this.append({ type: 'run.activated', worker: this.around.worker, format: JOURNAL_FORMAT });
    this.#goLive();
  }

  #goLive(): void {
    this.phase = 'live';
    // What was cut off begins again with the resume, if a pause came meanwhile.
    if (this.broken === null && this.end === null && !this.facts.hasPause) resumeWork(this);
    this.pump();
  }

  /** Without the function: there may be none that fits. */
  #endAtOnce(end: End): void {
    this.#host.applyAll();
    this.phase = 'live';
    this.end = end;
    this.pump();
  }

  /** Facts that the store has for this run; those that are known already are passed over. */
  receive(facts: readonly NumberedFact[], heardAt: number): void {
    if (facts.length > 0) this.observation?.heard(heardAt);
    this.facts.receive(facts);
    if (this.phase === 'live') this.pump();
  }

  arrive(body: Body, outcome: BodyOutcome): void {
    if (this.bodies.get(body.op) !== body) return;
    this.bodies.delete(body.op);
    body.ended();
    this.arrivals.push({ body, outcome, at: this.observation?.now ?? 0 });
    this.pump();
  }

  /** Puts an event into the journal and into the state. */
  append(event: JournalEvent): ReturnType<RunState['apply']> {
    const { position, at } = this.draft;
    this.draft.append(event);
    this.observation?.appended(event, this.state, at);
    return this.absorb(event, position, at);
  }

  /** Takes an event of the journal into the state. */
  absorb(event: JournalEvent, position: number, at: number): ReturnType<RunState['apply']> {
    const value = this.state.apply(event, position, at);
    if (this.observation !== null && event.type === 'operation.started') this.observation.started(event, at);
    if (event.type === 'operation.succeeded' || event.type === 'operation.failed') this.asks.delete(event.op);
    else addTimers(this, event);
    return value;
  }

  /** Puts a settlement into the journal and gives it to the function. */
  settle(event: SettlementEvent): void {
    if (!this.state.pending.has(event.op)) return;
    const value = this.append(event);
    this.observation?.goesOn();
    this.advance(asInput(event, value, this.around.payloads));
  }

  advance(input: Input): void {
    this.turning = true;
    this.execution!.advance(input, () => {
      this.turning = false;
      if (!this.#pumping) this.pump();
    });
  }

  /** Works until nothing is left to do without another arrival. */
  pump(): void {
    // A release or an end that is on its way is this activation's last word: what comes now is for when it is resumed.
    if (this.phase !== 'live' || this.#pumping || this.#isLeaving()) return;
    this.#pumping = true;
    while (
      !this.turning &&
      this.draft.end === undefined &&
      this.draft.release === undefined &&
      this.#workSafely()
    );
    this.#pumping = false;
    if (!this.turning) this.#rest();
  }

  /** Nothing is left to do now: what was done is committed, and the next timer is waited for. */
  #rest(): void {
    // With a commit to be made it is waited for when that is durable.
    const waits = !this.state.paused && this.bodies.size > 0 && this.draft.empty;
    this.#alarm.set(waits ? (this.timers.first()?.at ?? null) : null);
    if (!this.draft.empty) this.around.requestCommit(this);
  }

  /** What goes wrong with one run (its codec lacks a key, say) must not reach the others. */
  #workSafely(): boolean {
    try {
      return work(this);
    } catch (error) {
      this.turning = false;
      this.broken ??= defectOf(error);
      return true;
    }
  }

  /** The run's input: a copy, since the function may change it and begin again. */
  input(): Json | undefined {
    const { input } = this.run;
    return this.around.payloads.decode(typeof input === 'object' ? structuredClone(input) : input);
  }

  /** Operations whose bodies begin as soon as a commit that is being written, or is on its way, is durable. */
  beginning(): ReadonlySet<OperationId> {
    return new Set([...this.draft.effects, ...(this.#underWay?.effects ?? [])].map(({ op }) => op));
  }

  /** An operation that was held begins. */
  beginAsk(op: OperationId): void {
    this.#host.begin(this.asks.get(op)!);
  }

  /** What is to be committed now; null if there is nothing, or it cannot be taken at this moment. */
  take(): CommitRequest | null {
    if (this.phase !== 'live' || this.turning || this.#underWay !== null || this.draft.empty) return null;
    if (this.#keeping?.isUnderWay === true) return null;
    const { draft } = this;
    if (draft.end === undefined && draft.release === undefined && this.#canOnlyWait())
      draft.release = releaseOf(this);
    const leaves =
      draft.end !== undefined ? 'ended' : draft.release === undefined ? null : this.#howItLeaves();
    this.#underWay = { effects: draft.effects, leaves };
    // A run that is stuck has taken nothing in: what it was told is there again when it goes on.
    const taken = draft.release?.status === 'stuck' ? 0 : this.facts.take();
    const request = draft.take(taken, this.facts.completed);
    this.observation?.taken(request, this.state);
    return request;
  }

  /** What the draft refers to is durable: it can be committed. */
  #payloadsKept(): void {
    if (this.phase === 'live' && !this.draft.empty) this.around.requestCommit(this);
  }

  #howItLeaves(): Over {
    return this.draft.release!.parkedBy === null ? 'gone' : 'waiting';
  }

  #canOnlyWait(): boolean {
    return this.bodies.size === 0 && this.draft.effects.length === 0 && this.arrivals.length === 0;
  }

  /** Its end or release is decided: nothing comes after that in the journal. */
  get hasLastWord(): boolean {
    return this.draft.end !== undefined || this.draft.release !== undefined || this.#isLeaving();
  }

  #isLeaving(): boolean {
    return this.#underWay !== null && this.#underWay.leaves !== null;
  }

  /** What became of the commit that was taken last. */
  committed(answer: CommitAnswer): void {
    const { effects, leaves } = this.#underWay!;
    this.#underWay = null;
    if (this.phase !== 'live') return;
    if (answer === 'refused') return this.#leave('refused');
    this.hasCommitted = true;
    this.observation?.committed();
    if (leaves !== null) return this.#leave(leaves);
    try {
      // Of a run that has been ended meanwhile nothing begins any more.
      if (!this.hasLastWord) for (const effect of effects) beginEffect(this, effect);
    } catch (error) {
      this.broken ??= defectOf(error);
    }
    // Whatever came meanwhile was worked on when it came.
    if (this.broken === null) this.#rest();
    else this.pump();
  }

  /** Throws the activation away: nothing that is not durable yet has been seen by anybody. */
  drop(reason: unknown): void {
    if (this.phase === 'over') return;
    stopBodies(this, reason);
    this.#leave('lost');
  }

  #leave(how: Over): void {
    this.phase = 'over';
    this.#alarm.set(null);
    if (this.bodies.size > 0) {
      stopBodies(
        this,
        new StepwellError('OPERATION_CANCELLED', `The run "${this.run.id}" does not go on in this process.`),
      );
    }
    if (how !== 'waiting') this.execution?.drop();
    this.around.over(this, how);
  }

  /** A parked activation is no longer kept. */
  evict(): void {
    this.execution?.drop();
  }
}

function defectOf(error: unknown): StepwellError {
  return error instanceof StepwellError
    ? error
    : new StepwellError('INTERNAL', String(error), { cause: error });
}
