import type { Attempt, Ask, Execution, Host, Input, Performed, Reconciled } from '../engine/runtime.ts';
import type { System } from '../engine/system.ts';
import { StepwellError } from '../model/errors.ts';
import { present } from '../model/fields.ts';
import { DEEPEST_CAUSE, errorOf, failureOf, type Failure } from '../model/failure.ts';
import type { Json } from '../model/json.ts';
import type { Limits } from '../model/limits.ts';
import type { OperationId } from '../model/operation.ts';
import type { Codec } from '../model/codec.ts';
import type { RunRecord } from '../model/run.ts';
import type { Ctx, StepIO } from './context.ts';
import type { Shelf } from '../artifacts/shelf.ts';
import type { AnyDefinition } from './definition.ts';
import { validate } from './schema.ts';
import type { Registry } from './registry.ts';
import { checkPlace, enter, startBody } from './place.ts';
import { Random } from './random.ts';
import { retryOf, type Retry } from './retry.ts';
import { Scope } from './scope.ts';
import { BodyArtifacts } from './body-artifacts.ts';
import { BodyIO } from './body-io.ts';

/** The body of a step or condition, as long as it may have to be run. */
export interface BodyOf {
  readonly run: (io: StepIO) => unknown;
  readonly retry: Retry | null;
  /** What the value means: a condition goes on until it holds. */
  readonly isCondition: boolean;
  readonly reconcile: ((io: StepIO) => unknown) | undefined;
}

interface Waiter {
  readonly scope: Scope;
  readonly promise: Promise<Json | undefined>;
  readonly resolve: (value: Json | undefined) => void;
  readonly reject: (error: Error) => void;
  readonly body: BodyOf | undefined;
  /** Is told of a success before the function is. */
  readonly succeeded: ((value: Json | undefined) => void) | undefined;
}

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

/** A step that succeeded and can be undone. */
export interface Undo {
  readonly op: OperationId;
  readonly retry: Retry | null;
  readonly run: (io: StepIO) => unknown;
}

/** Whose failure an error is. */
const failedOperations = new WeakMap<Error, OperationId>();

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
  readonly #waiters = new Map<OperationId, Waiter>();
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
    const op = this.#operationOf(error);
    const undone = await this.#undoAll(failure);
    if (this.#ended) return;
    const retry = retryOf(this.#definition.options.retry, `workflow "${this.#definition.name}"`);
    this.host.end({
      type: 'threw',
      error: undone,
      op,
      retry: retry !== null && retry.isRetryable(error) ? retry.policy : null,
    });
  }

  /** Undoes what succeeded, last first; one that fails does not keep the others from being run. */
  async #undoAll(failure: Failure): Promise<Failure> {
    const failures: string[] = [];
    for (let undo = this.undos.pop(); undo !== undefined && !this.#ended; undo = this.undos.pop()) {
      const op = `${undo.op}/undo`;
      const { run, retry } = undo;
      try {
        const body = { run, retry, isCondition: false, reconcile: undefined };
        const started = { type: 'operation.started', op, kind: 'step' } as const;
        await this.request(this.#undoing, present({ started, retry: retry?.policy }), body);
      } catch (error) {
        failures.push(`"${undo.op}": ${(error as Error).message}`);
      }
    }
    if (failures.length === 0) return failure;
    const error = new StepwellError(
      'UNDO_FAILED',
      `The run failed, and could not be undone: ${failures.join('; ')}.`,
    );
    return { ...failureOf(error, this.#parts.codec), cause: failure };
  }

  ctxOf(scope: Scope): Ctx {
    return this.#parts.ctxOf(this, scope);
  }

  /** Leaves the function for good. */
  leave(): void {
    this.#ended = true;
  }

  #settle(op: OperationId, settlement: Extract<Input, { type: 'settled' }>['settlement']): void {
    const waiter = this.#forget(op);
    if (waiter === undefined) return;
    if (!settlement.ok) return this.#reject(waiter, this.#revive(settlement.error, op));
    waiter.succeeded?.(settlement.value);
    waiter.resolve(settlement.value);
  }

  #reject(waiter: Waiter, error: Error): void {
    void quiet(waiter.promise);
    waiter.reject(error);
  }

  #forget(op: OperationId): Waiter | undefined {
    const waiter = this.#waiters.get(op);
    this.#waiters.delete(op);
    if (waiter !== undefined && waiter.scope !== this.root) waiter.scope.pending.delete(op);
    return waiter;
  }

  #revive(failure: Failure, op: OperationId): Error {
    const error = errorOf(failure, this.#parts.codec, this.registry.errorClassesOf(this.#definition));
    this.blame(error, op);
    return error;
  }

  /** Remembers whose failure an error is, so that an operator's retry knows where to begin. */
  blame(error: Error, op: OperationId): void {
    failedOperations.set(error, op);
  }

  #operationOf(thrown: unknown): OperationId | undefined {
    // As deep as a journal keeps causes: they may go round in a circle.
    let error = thrown;
    for (let depth = 0; error instanceof Error && depth <= DEEPEST_CAUSE; depth++, error = error.cause) {
      const op = failedOperations.get(error);
      if (op !== undefined) return op;
    }
    return undefined;
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
    for (const op of this.#pendingIn(scope)) this.cancelOperation(op, reason);
  }

  /** Most operations are of the workflow itself: only the groups keep lists of theirs. */
  #pendingIn(scope: Scope): OperationId[] {
    if (scope !== this.root) return [...scope.pending];
    return [...this.#waiters].flatMap(([op, waiter]) => (waiter.scope === scope ? [op] : []));
  }

  cancelOperation(op: OperationId, reason: StepwellError): void {
    const waiter = this.#forget(op);
    if (waiter === undefined) return;
    this.host.cancel(op);
    this.#reject(waiter, reason);
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
  request(scope: Scope, ask: Ask, body?: BodyOf, succeeded?: Waiter['succeeded']): Promise<Json | undefined> {
    this.host.ask(ask);
    return this.wait(scope, ask.started.op, body, succeeded);
  }

  /** Waits for the outcome of an operation that was asked for. */
  wait(
    scope: Scope,
    op: OperationId,
    body?: BodyOf,
    succeeded?: Waiter['succeeded'],
  ): Promise<Json | undefined> {
    const { bodyOf } = this.#parts;
    const replaced =
      body === undefined || bodyOf === null ? body : { ...body, run: bodyOf(this.run, op, body.run) };
    if (scope !== this.root) scope.pending.add(op);
    const { promise, resolve, reject } = Promise.withResolvers<Json | undefined>();
    this.#waiters.set(op, { scope, promise, resolve, reject, body: replaced, succeeded });
    return promise;
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
    const body = this.#waiters.get(op)?.body;
    if (body === undefined)
      return done({ type: 'error', error: failureOf(this.#gone(op)), retryable: false });
    const returned = (value: unknown) =>
      done(
        body.isCondition && (value === false || value === null || value === undefined)
          ? { type: 'not yet' }
          : { type: 'value', value },
      );
    const threw = (error: unknown) =>
      done({
        type: 'error',
        error: failureOf(error, this.#parts.codec),
        retryable: body.retry?.isRetryable(error) ?? false,
      });
    startBody(body.run, new BodyIO(this, op, attempt), returned, threw);
  }

  reconcile(op: OperationId, attempt: Attempt, done: (reconciled: Reconciled) => void): void {
    const reconcile = this.#waiters.get(op)?.body?.reconcile;
    const found = (value: unknown) => {
      const { done: isDone, value: result } = value as { done: boolean; value?: unknown };
      done(isDone ? { type: 'done', value: result } : { type: 'not done' });
    };
    const threw = (error: unknown) => done({ type: 'unknown', error: failureOf(error, this.#parts.codec) });
    if (reconcile === undefined) threw(this.#gone(op));
    else startBody(reconcile, new BodyIO(this, op, attempt), found, threw);
  }

  #gone(op: OperationId): StepwellError {
    return new StepwellError('INTERNAL', `The body of "${op}" is not there.`);
  }

  isRetryable(op: OperationId, error: Error): boolean {
    return this.#waiters.get(op)?.body?.retry?.isRetryable(error) ?? false;
  }

  drop(): void {
    this.#ended = true;
    this.#waiters.clear();
  }
}

/** A promise that nobody may be waiting for (the loser of a race, say) must not bring the process down when it fails. */
export function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
