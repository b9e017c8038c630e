import type { Payload } from '../model/codec.ts';
import type { LogLevel, OperationStarted } from '../model/event.ts';
import { StepwellError } from '../model/errors.ts';
import { present } from '../model/fields.ts';
import { failureWith } from '../model/failure.ts';
import type { Json } from '../model/json.ts';
import type { OperationId } from '../model/operation.ts';
import type { Entry } from '../replay/past.ts';
import { isAwaited } from '../replay/state.ts';
import type { RecordedTurn } from '../replay/turn.ts';
import type { Activation } from './activation.ts';
import { abandon } from './attempts.ts';
import { childStartOf } from './child-start.ts';
import { eventOf } from './notes.ts';
import type { Ask, Attempt, End, Host, Note } from './runtime.ts';

/** Heartbeats of one body are kept at most this often (ms): a busy loop may send thousands. */
const HEARTBEAT_INTERVAL = 1_000;

/** How an execution reaches its activation: what it asks for is kept in the draft, or compared in a replay. */
export class ActivationHost implements Host {
  /** The journal since the function last began. */
  readonly entries: readonly Entry[];
  readonly #activation: Activation;
  readonly #patches: ReadonlySet<string>;
  #patchesNotInForce: Set<string> | null = null;
  #turn: RecordedTurn | null = null;
  #now = 0;

  constructor(activation: Activation, entries: readonly Entry[]) {
    this.#activation = activation;
    this.entries = entries;
    this.#patches = new Set(
      entries.flatMap(({ event }) =>
        event.type === 'operation.started' && event.kind === 'patch' ? [event.op] : [],
      ),
    );
  }

  /** Lets the execution live through a turn that the journal has recorded. */
  async replayTurn(
    turn: RecordedTurn,
    { at, isLast }: { at: number; isLast: boolean },
    advance: () => Promise<void>,
  ): Promise<void> {
    this.#turn = turn;
    this.#now = at;
    this.#activation.turning = true;
    await advance();
    this.#activation.turning = false;
    this.#turn = null;
    const { broken, end } = this.#activation;
    if (broken !== null) throw broken;
    // At the end of the journal it may end: a run that got stuck there goes on with code that was mended, or more room.
    if (end !== null && !(isLast && turn.left === null)) throw endedEarly(end, turn.left);
    turn.end();
  }

  /** Takes the whole journal in without an execution: enough to end the run. */
  applyAll(): void {
    for (const { event, position, at } of this.entries) this.#activation.state.apply(event, position, at);
  }

  now(): number {
    return this.#turn === null ? this.#activation.draft.at : this.#now;
  }

  seed(): string {
    return this.#activation.state.seed;
  }

  beginnings(): number {
    return this.#activation.state.past.beginnings;
  }

  encode(value: unknown, what: string): Payload | undefined {
    return this.#activation.around.payloads.encode(value, what);
  }

  replaying(): boolean {
    return this.#turn !== null;
  }

  ask(ask: Ask): OperationStarted {
    const activation = this.#activation;
    this.#demandTurn(ask.started);
    if (saysMore(ask)) activation.asks.set(ask.started.op, ask);
    if (this.#turn === null || this.#turn.isBeyond(ask.started)) return this.#begin(ask);
    try {
      const { event, position } = this.#turn.take(ask.started);
      activation.absorb(event, position, this.#now);
      if (event.held !== undefined) activation.asks.set(event.op, ask);
      return event;
    } catch (error) {
      activation.broken ??= error as StepwellError;
      throw error;
    }
  }

  #demandTurn(started: OperationStarted): void {
    const activation = this.#activation;
    if (activation.broken !== null) throw activation.broken;
    if (activation.turning && activation.phase !== 'over') return;
    const error = new StepwellError(
      'CTX_OUTSIDE_TURN',
      `The workflow "${activation.run.workflow}" asked for ${started.kind} "${started.op}" after it had waited for something that is not an operation of ctx. ` +
        'Await operations only, and do everything else inside a step.',
    );
    // Also of one that is parked: it is stuck as soon as it is to go on.
    activation.broken = error;
    if (activation.phase === 'live') activation.pump();
    throw error;
  }

  /** A new operation, at the living end of the journal. */
  #begin(ask: Ask): OperationStarted {
    const activation = this.#activation;
    const remembered = activation.state.past.remembered.get(ask.started.op);
    const refused = isAwaited(ask.started) && this.#exceedsLimit();
    const begins = remembered === undefined && !refused;
    const held = begins && (activation.state.paused || activation.closing) && canBeHeld(ask.started);
    const started: OperationStarted = held ? { ...ask.started, held: true } : ask.started;
    activation.append(started);
    if (!isAwaited(started) && ask.child === undefined) return started;
    const { op } = started;
    if (held) activation.asks.set(op, ask);
    if (remembered !== undefined) {
      activation.settlements.push(
        remembered.ok
          ? { type: 'operation.succeeded', op, from: remembered.position }
          : { type: 'operation.failed', op, error: remembered.error },
      );
    } else if (refused) {
      activation.settlements.push({ type: 'operation.failed', op, error: this.#tooMany() });
    } else if (!held) {
      this.begin(ask);
    }
    return started;
  }

  /** What an operation needs besides its event; also when it was held and now begins. */
  begin({ started, child }: Ask): void {
    const { run, draft } = this.#activation;
    if (started.kind === 'step' || started.kind === 'condition')
      draft.effects.push({ type: 'perform', op: started.op });
    if (started.kind === 'callback') draft.openCallback({ callback: started.callback!, op: started.op });
    if (child === undefined) return;
    const traceparent = this.traceparentOf(started.op);
    draft.startChild(childStartOf(run, started, child, draft.at, traceparent));
  }

  #exceedsLimit(): boolean {
    return this.#activation.state.pending.size >= this.#activation.around.limits.operationsInFlight;
  }

  #tooMany(): ReturnType<typeof failureWith> {
    const { operationsInFlight } = this.#activation.around.limits;
    return failureWith(
      'TOO_MANY_OPERATIONS',
      `The run "${this.#activation.run.id}" has ${operationsInFlight} operations in flight, the limit operationsInFlight. ` +
        'Use ctx.map with a concurrency, or raise the limit.',
    );
  }

  patched(id: string): boolean {
    const op = `patch(${id})`;
    const { state } = this.#activation;
    if (state.patches.has(op) || this.#patches.has(op)) return true;
    if (this.#turn !== null || this.#patchesNotInForce?.has(op) === true) {
      (this.#patchesNotInForce ??= new Set()).add(op);
      return false;
    }
    this.#activation.append({ type: 'operation.started', op, kind: 'patch' });
    return true;
  }

  cancel(op: OperationId): void {
    abandon(this.#activation, op, this.#turn === null);
    this.#activation.asks.delete(op);
  }

  note(note: Note): void {
    const activation = this.#activation;
    const event = eventOf(activation, note);
    if (event === null || this.#turn !== null || activation.phase !== 'live') return;
    if (event.type === 'tags') activation.tags = [...activation.tags, ...event.tags];
    activation.append(event);
  }

  end(end: End): void {
    this.#activation.end ??= end;
  }

  heartbeat(op: OperationId, attempt: Attempt, details: Json | undefined): void {
    const activation = this.#activation;
    const body = activation.bodies.get(op);
    if (body === undefined || body !== attempt || !this.#takesNotes()) return;
    const payload = this.encode(details, `heartbeat of step "${op}"`);
    const now = activation.around.system.now();
    body.unsaved = payload;
    if (now - body.heartbeatAt < HEARTBEAT_INTERVAL) return;
    body.heartbeatAt = now;
    body.unsaved = undefined;
    activation.append(present({ type: 'operation.heartbeat', op, details: payload } as const));
    activation.pump();
  }

  log(op: OperationId, level: LogLevel, message: string, data: Json | undefined): void {
    const activation = this.#activation;
    if (!this.#takesNotes()) return;
    const payload = activation.around.payloads.encodeForLog(data);
    activation.append(present({ type: 'log', level, message, data: payload, op } as const));
    activation.pump();
  }

  /** A body may go on when its run does not: nobody can make it stop. */
  #takesNotes(): boolean {
    return this.#activation.phase === 'live' && !this.#activation.hasLastWord;
  }

  traceparentOf(op: OperationId): string | undefined {
    const { around, run, state } = this.#activation;
    const own = around.instruments?.traceparentOf?.(run, op, state.past.beginnings);
    return own ?? run.traceparent ?? undefined;
  }

  inTurn(): boolean {
    return this.#activation.turning;
  }
}

/** Operations that take effect outside wait while the run is paused; the others only wait anyway. */
function canBeHeld({ kind }: OperationStarted): boolean {
  return kind === 'step' || kind === 'condition' || kind === 'child';
}

/** A plain step says nothing that is not in its event. */
function saysMore({ retry, poll, timeout, child, reconcilable }: Ask): boolean {
  return (
    retry !== undefined ||
    poll !== undefined ||
    timeout !== undefined ||
    child !== undefined ||
    reconcilable !== undefined
  );
}

function endedEarly(end: End, left: RecordedTurn['left']): StepwellError {
  const how = end.type === 'threw' ? `throws ${end.error.name}: ${end.error.message}` : 'returns';
  const more = left === null ? '' : ` with ${left.kind} "${left.op}" at position ${left.position}`;
  return new StepwellError(
    'JOURNAL_MISMATCH',
    `The code does not fit the journal. The journal goes on here${more}; the function ${how}. Deploy code that fits (the run then goes on by itself).`,
    { data: { journal: left, code: { end: end.type } } },
  );
}
