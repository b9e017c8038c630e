import type { Attempt, Ask, Execution, Host, Input, Performed, Reconciled } from '../engine/runtime.ts';
import type { System } from '../engine/system.ts';
import { StepwellError } from '../model/errors.ts';
import { present } from '../model/fields.ts';
import { errorOf, failureOf, type Failure } from '../model/failure.ts';
import type { Json } from '../model/json.ts';
import type { Limits } from '../model/limits.ts';
import type { OperationId } from '../model/operation.ts';
import type { Codec } from '../model/codec.ts';
import type { RunRecord } from '../model/run.ts';
import type { Ctx } from './context.ts';
import type { Shelf } from '../artifacts/shelf.ts';
import type { AnyDefinition } from './definition.ts';
import { validate } from './schema.ts';
import type { Registry } from './registry.ts';
import { checkPlace, enter } from './place.ts';
import { Random } from './random.ts';
import { retryOf } from './retry.ts';
import { Scope } from './scope.ts';
import { undoAll, type Undo } from './undo.ts';
import { fail, succeed, Waiters, type Succeeded } from './waiters.ts';
import { blame, blamedFor } from './blame.ts';
import { bodyOf, perform, reconcile, type BodyOf } from './body.ts';
import { BodyArtifacts } from './body-artifacts.ts';
import { BodyIO } from './body-io.ts';

export interface ExecutionParts {
  readonly registry: Registry;
  readonly limits: Limits;
  readonly settled: System['settled'];
  readonly codec: Codec | null;
  /** Makes the ctx of a group. */
  readonly ctxOf: (execution: FunctionExecution, scope: Scope) => Ctx;
  readonly transact: (
    run: RunRecord,
    key: string,
    work: (tx: unknown) => unknown,
  ) => Promise<Json | undefined>;
  /** Null: there is no place for artifacts. */
  readonly artifacts: Shelf | null;
  /** What is run in place of a body: tests replace some. */
  readonly bodyOf: ((run: RunRecord, op: OperationId, body: BodyOf['run']) => BodyOf['run']) | null;
}

/** Thrown by `continueAs` to leave the function; what becomes of the run is decided by then. */
export const LEFT = new Error('The run goes on as another one.');

/** One execution of an async function. */
export class FunctionExecution implements Execution {
  readonly run: RunRecord;
  readonly host: Host;
  readonly registry: Registry;
  readonly limits: Limits;
  readonly root = new Scope('', null);
  readonly undos: Undo[] = [];
  /** Outside the root: a cancel or timeout that comes while a run undoes what it did does not stop that. */
  readonly #undoing = new Scope('', null);
  cancelled: StepwellError | null = null;

  readonly #definition: AnyDefinition;
  readonly #parts: ExecutionParts;
  readonly #waiters = new Waiters(this.root);
  #ids: Random | null = null;
  #artifacts: BodyArtifacts | null = null;
  #ended = false;

  constructor(definition: AnyDefinition, run: RunRecord, host: Host, parts: ExecutionParts) {
    this.run = run;
    this.host = host;
    this.registry = parts.registry;
    this.limits = parts.limits;
    this.#parts = parts;
    this.#definition = definition;
  }

  advance(input: Input, blocked: () => void): void {
    if (input.type === 'start') void this.#live(input.input);
    else if (input.type === 'cancel')
      this.#cancel(input.cause === 'timeout' ? 'it timed out' : (input.reason ?? 'it was asked for'));
    else this.#settle(input.op, input.settlement);
    this.#parts.settled(blocked);
  }

  async #live(input: Json | undefined): Promise<void> {
    const { options, fn, name } = this.#definition;
    try {
      const output = await enter(this.root, async () => {
        const valid =
          options.input === undefined
            ? input
            : await validate(options.input, input, 'INPUT_INVALID', `input of workflow "${name}"`);
        return fn(this.ctxOf(this.root), valid as never);
      });
      const valid =
        options.output === undefined
          ? output
          : await validate(options.output, output, 'OUTPUT_INVALID', `output of workflow "${name}"`);
      if (!this.#ended)
        this.host.end({
          type: 'returned',
          output: this.host.encode(valid, `output of run "${this.run.id}"`),
        });
    } catch (error) {
      if (!this.#ended) await this.#fail(error);
    }
    this.#ended = true;
  }

  async #fail(error: unknown): Promise<void> {
    const failure = failureOf(error, this.#parts.codec);
    const op = blamedFor(error);
    const undoFailed = await undoAll(
      this.undos,
      (undo) => this.#undo(undo),
      () => this.#ended,
    );
    if (this.#ended) return;
    const retry = retryOf(this.#definition.options.retry, `workflow "${this.#definition.name}"`);
    this.host.end({
      type: 'threw',
      error: undoFailed === null ? failure : { ...failureOf(undoFailed, this.#parts.codec), cause: failure },
      op,
      retry: retry !== null && retry.isRetryable(error) ? retry.policy : null,
    });
  }

  #undo({ op, retry, run }: Undo): Promise<unknown> {
    const started = { type: 'operation.started', op: `${op}/undo`, kind: 'step' } as const;
    return this.request(this.#undoing, present({ started, retry: retry?.policy }), bodyOf(run, retry));
  }

  ctxOf(scope: Scope): Ctx {
    return this.#parts.ctxOf(this, scope);
  }

  /** Leaves the function for good. */
  leave(): void {
    this.#ended = true;
  }

  #settle(op: OperationId, settlement: Extract<Input, { type: 'settled' }>['settlement']): void {
    const waiter = this.#waiters.take(op);
    if (waiter === undefined) return;
    if (settlement.ok) succeed(waiter, settlement.value);
    else fail(waiter, this.#revive(settlement.error, op));
  }

  #revive(failure: Failure, op: OperationId): Error {
    const error = errorOf(failure, this.#parts.codec, this.registry.errorClassesOf(this.#definition));
    blame(error, op);
    return error;
  }

  #cancel(reason: string): void {
    this.cancelled = new StepwellError(
      'OPERATION_CANCELLED',
      `The run "${this.run.id}" is being cancelled: ${reason}.`,
    );
    for (const scope of [...this.root.all()]) this.#cancelIn(scope, this.cancelled);
  }

  /** Opens a group, or an item of one. */
  open(id: OperationId, parent: Scope): Scope {
    return new Scope(id, parent);
  }

  /** A group ends: what is still awaited inside is cancelled, and nothing more can be asked for. */
  end(scope: Scope, error: unknown): void {
    if (!scope.open) return;
    const reason = new StepwellError('OPERATION_CANCELLED', `The group "${scope.id}" has ended.`);
    for (const inner of [...scope.all()]) {
      inner.close();
      this.#cancelIn(inner, reason);
    }
    this.host.note({
      type: 'operation.ended',
      op: scope.id,
      error: error === undefined ? undefined : failureOf(error, this.#parts.codec),
    });
  }

  #cancelIn(scope: Scope, reason: StepwellError): void {
    scope.abort(reason);
    for (const op of this.#waiters.in(scope)) this.cancelOperation(op, reason);
  }

  cancelOperation(op: OperationId, reason: StepwellError): void {
    const waiter = this.#waiters.take(op);
    if (waiter === undefined) return;
    this.host.cancel(op);
    fail(waiter, reason);
  }

  /** Whether the ctx of a scope may be used here and now. */
  guard(scope: Scope, what: string): void {
    if (this.#ended || !scope.open) {
      const ended = this.#ended ? `workflow "${this.run.workflow}"` : `group "${scope.id}"`;
      throw new StepwellError(
        'CTX_AFTER_END',
        `ctx.${what} was called after the ${ended} had ended. Await everything before returning.`,
      );
    }
    checkPlace(scope, what);
  }

  /** Asks for an operation and waits for its outcome. */
  request(scope: Scope, ask: Ask, body?: BodyOf, succeeded?: Succeeded): Promise<Json | undefined> {
    this.host.ask(ask);
    return this.wait(scope, ask.started.op, body, succeeded);
  }

  /** Waits for the outcome of an operation that was asked for. */
  wait(scope: Scope, op: OperationId, body?: BodyOf, succeeded?: Succeeded): Promise<Json | undefined> {
    const { bodyOf } = this.#parts;
    const replaced =
      body === undefined || bodyOf === null ? body : { ...body, run: bodyOf(this.run, op, body.run) };
    return this.#waiters.add(op, scope, replaced, succeeded);
  }

  /** Does work in a transaction that keeps its result as well; a second one of that key answers the result. */
  transact(key: string, work: (tx: unknown) => unknown): Promise<Json | undefined> {
    return this.#parts.transact(this.run, key, work);
  }

  /** The files of this run, for bodies of steps. */
  get artifacts(): BodyArtifacts {
    this.#artifacts ??= new BodyArtifacts(this.#parts.artifacts, this.run);
    return this.#artifacts;
  }

  /** The id of a detached child: the same whenever the function begins anew, so that it is started once. */
  detachedId(op: OperationId): string {
    return new Random(`${this.host.seed()}/detached/${op}`).uuid();
  }

  /** An id that is the same in every replay. */
  uuid(): string {
    this.#ids ??= new Random(`${this.host.seed()}/ids/${this.host.beginnings()}`);
    return this.#ids.uuid();
  }

  perform(op: OperationId, attempt: Attempt, done: (performed: Performed) => void): void {
    const body = this.#waiters.bodyOf(op);
    if (body === undefined) done({ type: 'error', error: failureOf(this.#gone(op)), retryable: false });
    else perform(body, new BodyIO(this, op, attempt), this.#parts.codec, done);
  }

  reconcile(op: OperationId, attempt: Attempt, done: (reconciled: Reconciled) => void): void {
    const ask = this.#waiters.bodyOf(op)?.reconcile;
    if (ask === undefined) done({ type: 'unknown', error: failureOf(this.#gone(op)) });
    else reconcile(ask, new BodyIO(this, op, attempt), this.#parts.codec, done);
  }

  #gone(op: OperationId): StepwellError {
    return new StepwellError('INTERNAL', `The body of "${op}" is not there.`);
  }

  isRetryable(op: OperationId, error: Error): boolean {
    return this.#waiters.bodyOf(op)?.retry?.isRetryable(error) ?? false;
  }

  drop(): void {
    this.#ended = true;
    this.#waiters.clear();
  }
}
