import type { ChildRequest } from '../engine/runtime.ts';
import type { OperationStarted } from '../model/event.ts';
import { milliseconds, type Duration } from '../model/duration.ts';
import { StepwellError } from '../model/errors.ts';
import { present } from '../model/fields.ts';
import { checkName } from '../model/identifier.ts';
import type { Json } from '../model/json.ts';
import type { OperationId, OperationKind } from '../model/operation.ts';
import type { Progress } from '../model/run.ts';
import { childOf, successorOf } from './child.ts';
import type {
  Branch,
  Branches,
  Callback,
  CallbackOptions,
  ChildOptions,
  CompletionOptions,
  ConditionOptions,
  Ctx,
  Log,
  MapOptions,
  MapResult,
  StepBody,
  StepIO,
  StepOptions,
  SubmitOptions,
  WaitOptions,
} from './context.ts';
import type { AnyDefinition } from './definition.ts';
import { LEFT, quiet, type BodyOf, type FunctionExecution } from './execution.ts';
import { mapItems, runBranches } from './items.ts';
import { Random } from './random.ts';
import { retryOf, type Retry } from './retry.ts';
import { validate, type Schema } from './schema.ts';
import type { Scope } from './scope.ts';
import { logTo } from './body-io.ts';

/** The ctx of a workflow or of a group inside it. Its methods only ask; the execution and the engine do the rest. */
export class FunctionCtx implements Ctx {
  readonly #execution: FunctionExecution;
  readonly #scope: Scope;
  #random: Random | null = null;

  constructor(execution: FunctionExecution, scope: Scope) {
    this.#execution = execution;
    this.#scope = scope;
  }

  get runId(): string {
    return this.#execution.run.id;
  }

  get workflow(): string {
    return this.#execution.run.workflow;
  }

  get version(): string {
    return this.#execution.run.version;
  }

  get signal(): AbortSignal {
    return this.#scope.signal;
  }

  get log(): Log {
    const op = this.#scope.id === '' ? undefined : this.#scope.id;
    return logTo((level, message, data) =>
      this.#execution.host.note({ type: 'log', level, message, data, op }),
    );
  }

  step<T>(name: string, optionsOrBody: StepOptions<T> | StepBody<T>, maybeBody?: StepBody<T>): Promise<T> {
    try {
      return typeof optionsOrBody === 'function'
        ? this.#plainStep(name, optionsOrBody)
        : this.#step(name, optionsOrBody, maybeBody);
    } catch (error) {
      return quiet(Promise.reject(error as Error));
    }
  }

  #plainStep<T>(name: string, run: StepBody<T>): Promise<T> {
    const started = this.#started(this.#begin('step', name), 'step');
    return this.#execution.request(this.#scope, { started }, bodyOf(run, null)) as Promise<T>;
  }

  #step<T>(name: string, options: StepOptions<T>, run: StepBody<T> | undefined): Promise<T> {
    const op = this.#begin('step', name);
    if (typeof run !== 'function') throw new StepwellError('OPTION_INVALID', `The step "${op}" has no body.`);
    const { atMostOnce, reconcile, undo } = options;
    const retry = retryOf(options.retry, `step "${op}"`);
    const ask = present({
      started: present({ ...this.#started(op, 'step'), atMostOnce: atMostOnce === true ? true : undefined } as const),
      timeout: limitOf(options.timeout, `timeout of step "${op}"`),
      reconcilable: reconcile && true,
      retry: retry?.policy,
    });
    const { undos } = this.#execution;
    const succeeded = undo && ((result: Json | undefined) => void undos.push({ op, retry, run: (io) => undo(result as T, io) }));
    return this.#execution.request(this.#scope, ask, bodyOf(run, retry, reconcile), succeeded) as Promise<T>;
  }

  async sleep(nameOrDuration: string | Duration, maybeDuration?: Duration): Promise<void> {
    const [name, duration] =
      maybeDuration === undefined ? ['sleep', nameOrDuration] : [String(nameOrDuration), maybeDuration];
    const op = this.#begin('sleep', name);
    await this.#sleepUntil(op, this.now() + milliseconds(duration, `duration of sleep "${op}"`));
  }

  async sleepUntil(nameOrTime: string | Date | number, maybeTime?: Date | number): Promise<void> {
    const [name, time] = maybeTime === undefined ? ['sleep', nameOrTime] : [String(nameOrTime), maybeTime];
    const op = this.#begin('sleepUntil', name);
    const until = time instanceof Date || typeof time === 'number' ? Number(time) : Number.NaN;
    if (!Number.isFinite(until)) {
      throw new StepwellError(
        'OPTION_INVALID',
        `The time of sleep "${op}" must be a Date or milliseconds since 1970.`,
      );
    }
    await this.#sleepUntil(op, until);
  }

  async #sleepUntil(op: OperationId, until: number): Promise<void> {
    await this.#execution.request(this.#scope, { started: { ...this.#started(op, 'sleep'), until } });
  }

  async waitForEvent<T>(name: string, options: WaitOptions = {}): Promise<T> {
    const op = this.#begin('waitForEvent', name);
    const until = this.#untilOf(options.timeout, op);
    const started = present({ ...this.#started(op, 'event'), event: name, until });
    const value = await this.#execution.request(this.#scope, { started });
    return valid<T>(options.schema, value, `event "${name}"`);
  }

  createCallback<T>(name: string, options: CallbackOptions = {}): Callback<T> {
    return this.#openCallback(this.#begin('createCallback', name), options);
  }

  #openCallback<T>(op: OperationId, options: CallbackOptions): Callback<T> {
    const { run } = this.#execution;
    const until = this.#untilOf(options.timeout, op);
    const heartbeat = limitOf(options.heartbeat, `heartbeat of callback "${op}"`);
    const callback = `cb_${run.key.toString(36)}_${this.#execution.uuid().replaceAll('-', '')}`;
    const started = present({ ...this.#started(op, 'callback'), callback, until, heartbeat });
    // In a replay the id that was given away counts, whatever the code would make of it today.
    const id = this.#execution.host.ask({ started }).callback!;
    const value = this.#execution.wait(this.#scope, op);
    const result = value.then((given) => valid<T>(options.schema, given, `callback "${op}"`));
    return { id, result: quiet(result) };
  }

  async waitForCallback<T>(
    name: string,
    submit: (id: string, io: StepIO) => unknown,
    options: SubmitOptions = {},
  ): Promise<T> {
    const op = this.#begin('waitForCallback', name);
    const retry = retryOf(options.retry, `callback "${op}"`);
    const callback = this.#openCallback<T>(op, options);
    const submitOp = `${op}/submit`;
    const submitted = this.#execution.request(
      this.#scope,
      present({ started: this.#started(submitOp, 'step'), retry: retry?.policy }),
      bodyOf(async (io) => void (await submit(callback.id, io)), retry),
    );
    let completed = false;
    quiet(callback.result.then(() => (completed = true)));
    try {
      // Whoever completed it must have been told its id, whatever the submit says.
      const told = submitted.catch((error: unknown) => {
        if (!completed) throw error;
      });
      const [result] = await Promise.all([callback.result, told]);
      return result;
    } catch (error) {
      // Whichever failed, the other is of no use any more.
      const reason = new StepwellError(
        'OPERATION_CANCELLED',
        `The callback "${op}" is not awaited any more.`,
      );
      this.#execution.cancelOperation(op, reason);
      this.#execution.cancelOperation(submitOp, reason);
      throw error;
    }
  }

  async waitForCondition<T>(
    name: string,
    check: (io: StepIO) => T | Promise<T>,
    options: ConditionOptions,
  ): Promise<never> {
    const op = this.#begin('waitForCondition', name);
    const every = milliseconds(options.every, `every of condition "${op}"`);
    const factor = options.factor ?? 1;
    if (!(factor >= 1))
      throw new StepwellError('OPTION_INVALID', `The factor of condition "${op}" must be a number from 1.`);
    const maxDelay =
      options.maxDelay === undefined ? Number.MAX_SAFE_INTEGER : milliseconds(options.maxDelay);
    const started = present({ ...this.#started(op, 'condition'), until: this.#untilOf(options.timeout, op) });
    const ask = { started, poll: { every, factor, maxDelay } };
    return (await this.#execution.request(this.#scope, ask, { ...bodyOf(check, null), isCondition: true })) as never;
  }

  async run<T>(child: AnyDefinition | string, input?: unknown, options: ChildOptions = {}): Promise<T> {
    const { started, request } = await this.#child('run', child, input, options, false);
    return (await this.#execution.request(this.#scope, { started, child: request })) as T;
  }

  async start(
    child: AnyDefinition | string,
    input?: unknown,
    options: ChildOptions = {},
  ): Promise<{ id: string }> {
    const { started, request } = await this.#child('start', child, input, options, true);
    const recorded = this.#execution.host.ask({ started, child: request });
    return { id: recorded.child!.id };
  }

  async #child(
    method: 'run' | 'start',
    child: AnyDefinition | string,
    input: unknown,
    options: ChildOptions,
    detached: boolean,
  ): Promise<{ started: OperationStarted; request: ChildRequest }> {
    const name = typeof child === 'string' ? child : child.name;
    const op = this.#begin(method, name);
    const { workflow, version, request } = await childOf(this.#execution.registry, child, input, options, op);
    const payload = this.#execution.host.encode(input, `input of child run "${op}"`);
    const id = options.id ?? this.#execution.uuid();
    const started = {
      ...this.#started(op, 'child'),
      child: { id, workflow, version, ...(detached ? { detached: true as const } : {}) },
    };
    return { started, request: { ...request, input: payload } };
  }

  async group<T>(name: string, fn: (ctx: Ctx) => Promise<T>): Promise<T> {
    const op = this.#begin('group', name);
    return this.#inGroup({ ...this.#started(op, 'group') }, (scope) =>
      this.#execution.enter(scope, () => fn(this.#execution.ctxOf(scope))),
    );
  }

  async parallel<const B extends Branches>(
    name: string,
    branches: B,
    options?: CompletionOptions,
  ): Promise<never> {
    const op = this.#begin('parallel', name);
    const named: [string, Branch][] = Array.isArray(branches)
      ? branches.map((branch: Branch) => ['branch', branch])
      : Object.entries(branches as { [name: string]: Branch });
    for (const [branch] of named) checkName(branch, `branch of parallel "${op}"`, this.#execution.limits.nameLength);
    return this.#inGroup({ ...this.#started(op, 'parallel'), items: named.length }, async (scope) => {
      const results = await runBranches(this.#execution, scope, named, options);
      return (
        Array.isArray(branches) ? results : Object.fromEntries(named.map(([key], n) => [key, results[n]]))
      ) as never;
    });
  }

  async map<T, R>(
    name: string,
    items: readonly T[],
    fn: (ctx: Ctx, item: never, index: number) => Promise<unknown>,
    options: MapOptions = {},
  ): Promise<MapResult<R>> {
    const op = this.#begin('map', name);
    return this.#inGroup({ ...this.#started(op, 'map'), items: items.length }, (scope) =>
      mapItems<T, R>(this.#execution, scope, items, fn as never, options),
    );
  }

  /** Opens a group, lets `live` run in it, and closes it, whatever comes of it. */
  async #inGroup<T>(started: OperationStarted, live: (scope: Scope) => Promise<T>): Promise<T> {
    this.#execution.host.ask({ started });
    const scope = this.#execution.open(started.op, this.#scope);
    try {
      const result = await live(scope);
      this.#execution.end(scope, undefined);
      return result;
    } catch (error) {
      this.#execution.end(scope, error);
      throw error;
    }
  }

  progress(progress: Progress): void {
    this.#execution.guard(this.#scope, 'progress');
    this.#execution.host.note({ type: 'progress', progress });
  }

  setStatus(text: string): void {
    this.#execution.guard(this.#scope, 'setStatus');
    this.#execution.host.note({ type: 'status', text });
  }

  now(): number {
    return this.#execution.host.now();
  }

  random(): number {
    this.#execution.guard(this.#scope, 'random');
    return this.#numbers().number();
  }

  uuid(): string {
    this.#execution.guard(this.#scope, 'uuid');
    return this.#numbers().uuid();
  }

  /** Each group has its own, so that a change in one branch leaves the numbers of the others alone. */
  #numbers(): Random {
    this.#random ??= new Random(`${this.#execution.host.seed()}/ctx/${this.#scope.id}`);
    return this.#random;
  }

  patched(id: string): boolean {
    this.#execution.guard(this.#scope, 'patched');
    checkName(id, 'patch id', this.#execution.limits.nameLength);
    return this.#execution.host.patched(id);
  }

  continueAs(input: unknown): never {
    this.#execution.guard(this.#scope, 'continueAs');
    const { registry, run, host } = this.#execution;
    host.end({ type: 'continued', input, request: successorOf(registry, run, input) });
    this.#execution.leave();
    throw LEFT;
  }

  /** The id of an operation that is asked for here and now. */
  #begin(method: string, name: string): OperationId {
    this.#execution.guard(this.#scope, method);
    checkName(name, `name given to ctx.${method}`, this.#execution.limits.nameLength);
    return this.#scope.next(name);
  }

  #started<K extends OperationKind>(op: OperationId, kind: K): OperationStarted & { kind: K } {
    return { type: 'operation.started', op, kind };
  }

  #untilOf(timeout: Duration | undefined, op: OperationId): number | undefined {
    const limit = limitOf(timeout, `timeout of "${op}"`);
    return limit === undefined ? undefined : this.now() + limit;
  }
}

function bodyOf(run: BodyOf['run'], retry: Retry | null, reconcile?: BodyOf['reconcile']): BodyOf {
  return { run, retry, isCondition: false, reconcile };
}

function limitOf(duration: Duration | undefined, what: string): number | undefined {
  return duration === undefined ? undefined : milliseconds(duration, what);
}

async function valid<T>(schema: Schema | undefined, value: Json | undefined, what: string): Promise<T> {
  return (schema === undefined ? value : await validate(schema, value, 'EVENT_INVALID', what)) as T;
}
