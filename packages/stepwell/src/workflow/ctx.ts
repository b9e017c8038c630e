import type { Duration } from '../model/duration.ts';
import { StepwellError } from '../model/errors.ts';
import { checkName } from '../model/identifier.ts';
import type { Progress } from '../model/run.ts';
import { checkTags } from '../model/tags.ts';
import { OperationArtifacts } from './artifacts.ts';
import { logTo } from './body-io.ts';
import { runChild, startChild, successorOf } from './child.ts';
import type {
  Branches,
  Callback,
  CallbackOptions,
  ChildOptions,
  CompletionOptions,
  ConditionOptions,
  Ctx,
  CtxArtifacts,
  Log,
  MapOptions,
  MapResult,
  StepBody,
  StepIO,
  StepOptions,
  TransactionBody,
  TransactionOptions,
  SubmitOptions,
  WaitOptions,
} from './context.ts';
import type { AnyDefinition } from './definition.ts';
import { LEFT, type FunctionExecution } from './execution.ts';
import { quiet } from './quiet.ts';
import { group, map, parallel } from './groups.ts';
import { Here } from './here.ts';
import { Random } from './random.ts';
import type { Scope } from './scope.ts';
import { plainStep, step, transaction } from './steps.ts';
import {
  createCallback,
  sleep,
  sleepUntil,
  waitForCallback,
  waitForCondition,
  waitForEvent,
} from './waits.ts';

/** The ctx of a workflow or of a group inside it. Its methods only ask; the execution and the engine do the rest. */
export class FunctionCtx implements Ctx {
  readonly #here: Here;
  #random: Random | null = null;

  constructor(execution: FunctionExecution, scope: Scope) {
    this.#here = new Here(execution, scope);
  }

  get runId(): string {
    return this.#here.execution.run.id;
  }

  get workflow(): string {
    return this.#here.execution.run.workflow;
  }

  get version(): string {
    return this.#here.execution.run.version;
  }

  get signal(): AbortSignal {
    return this.#here.scope.signal;
  }

  get log(): Log {
    const { execution, scope } = this.#here;
    const op = scope.id === '' ? undefined : scope.id;
    return logTo((level, message, data) => execution.host.note({ type: 'log', level, message, data, op }));
  }

  get artifacts(): CtxArtifacts {
    return new OperationArtifacts(this.#here);
  }

  step<T>(name: string, optionsOrBody: StepOptions<T> | StepBody<T>, maybeBody?: StepBody<T>): Promise<T> {
    try {
      return typeof optionsOrBody === 'function'
        ? plainStep(this.#here, name, optionsOrBody)
        : step(this.#here, name, optionsOrBody, maybeBody);
    } catch (error) {
      return quiet(Promise.reject(error as Error));
    }
  }

  transaction<T, Tx>(
    name: string,
    optionsOrBody: TransactionOptions<T> | TransactionBody<T, Tx>,
    maybeBody?: TransactionBody<T, Tx>,
  ): Promise<T> {
    try {
      return typeof optionsOrBody === 'function'
        ? transaction(this.#here, name, {}, optionsOrBody)
        : transaction(this.#here, name, optionsOrBody, maybeBody);
    } catch (error) {
      return quiet(Promise.reject(error as Error));
    }
  }

  sleep(nameOrDuration: string | Duration, duration?: Duration): Promise<void> {
    return quiet(
      duration === undefined
        ? sleep(this.#here, 'sleep', nameOrDuration)
        : sleep(this.#here, nameOrDuration as string, duration),
    );
  }

  sleepUntil(nameOrTime: string | Date | number, time?: Date | number): Promise<void> {
    return quiet(
      time === undefined
        ? sleepUntil(this.#here, 'sleep', nameOrTime)
        : sleepUntil(this.#here, nameOrTime as string, time),
    );
  }

  waitForEvent<T>(name: string, options: WaitOptions = {}): Promise<T> {
    return quiet(waitForEvent<T>(this.#here, name, options));
  }

  createCallback<T>(name: string, options: CallbackOptions = {}): Callback<T> {
    return createCallback<T>(this.#here, name, options);
  }

  waitForCallback<T>(
    name: string,
    submit: (id: string, io: StepIO) => unknown,
    options: SubmitOptions = {},
  ): Promise<T> {
    return quiet(waitForCallback<T>(this.#here, name, submit, options));
  }

  waitForCondition(name: string, check: (io: StepIO) => unknown, options: ConditionOptions): Promise<never> {
    return quiet(waitForCondition(this.#here, name, check, options)) as Promise<never>;
  }

  run<T>(child: AnyDefinition | string, input?: unknown, options: ChildOptions = {}): Promise<T> {
    return quiet(runChild<T>(this.#here, child, input, options));
  }

  start(child: AnyDefinition | string, input?: unknown, options: ChildOptions = {}): Promise<{ id: string }> {
    return quiet(startChild(this.#here, child, input, options));
  }

  group<T>(name: string, fn: (ctx: Ctx) => Promise<T>): Promise<T> {
    return quiet(group(this.#here, name, fn));
  }

  parallel(name: string, branches: Branches, options?: CompletionOptions): Promise<never> {
    return quiet(parallel(this.#here, name, branches, options)) as Promise<never>;
  }

  map<R>(
    name: string,
    items: readonly unknown[],
    fn: (ctx: Ctx, item: never, index: number) => Promise<unknown>,
    options: MapOptions = {},
  ): Promise<MapResult<R>> {
    return quiet(map<unknown, R>(this.#here, name, items, fn as never, options));
  }

  progress(progress: Progress): void {
    const { host } = this.#guarded('progress');
    checkPercent(progress.percent);
    host.note({ type: 'progress', progress });
  }

  setStatus(text: string): void {
    this.#guarded('setStatus').host.note({ type: 'status', text });
  }

  tag(...tags: string[]): void {
    const { host, limits, run } = this.#guarded('tag');
    host.note({ type: 'tags', tags: checkTags(tags, `run "${run.id}"`, limits) });
  }

  now(): number {
    return this.#here.execution.host.now();
  }

  random(): number {
    return this.#numbers('random').number();
  }

  uuid(): string {
    return this.#numbers('uuid').uuid();
  }

  /** Each group has its own, so that a change in one branch leaves the numbers of the others alone. */
  #numbers(method: string): Random {
    const { host } = this.#guarded(method);
    this.#random ??= new Random(`${host.seed()}/ctx/${this.#here.scope.id}`);
    return this.#random;
  }

  patched(id: string): boolean {
    const { host, limits } = this.#guarded('patched');
    checkName(id, 'patch id', limits.nameLength);
    return host.patched(id);
  }

  continueAs(input: unknown): never {
    const execution = this.#guarded('continueAs');
    const { registry, run, host, limits } = execution;
    const payload = host.encode(input, `input with which run "${run.id}" goes on`);
    host.end({ type: 'continued', input: payload, request: successorOf(registry, run, input, limits) });
    execution.leave();
    throw LEFT;
  }

  #guarded(method: string): FunctionExecution {
    const { execution, scope } = this.#here;
    execution.guard(scope, method);
    return execution;
  }
}

function checkPercent(percent: number | undefined): void {
  if (percent === undefined || (percent >= 0 && percent <= 100)) return;
  throw new StepwellError(
    'OPTION_INVALID',
    `The percent of a progress is a number from 0 to 100, not ${percent}.`,
  );
}
