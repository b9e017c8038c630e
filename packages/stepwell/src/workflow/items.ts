import { milliseconds, type Duration } from '../model/duration.ts';
import { isStepwellError, StepwellError } from '../model/errors.ts';
import { decideCompletion, toleratedFailures, type CompletionPolicy } from '../policy/completion.ts';
import type { Branch, CompletionOptions, Ctx, ItemOutcome, MapOptions, MapResult } from './context.ts';
import type { FunctionExecution } from './execution.ts';
import type { Scope } from './scope.ts';

/** One item of a group: how it is named, how many results it stands for, and what it does. */
interface Item<T> {
  readonly name: string;
  readonly weight: number;
  run(ctx: Ctx): Promise<T>;
}

/** Runs the branches of `ctx.parallel`: their results, or with a policy their outcomes. */
export async function runBranches(
  execution: FunctionExecution,
  scope: Scope,
  branches: readonly (readonly [string, Branch])[],
  options: CompletionOptions | undefined,
): Promise<readonly unknown[]> {
  const items = branches.map(([name, run]) => ({ name, weight: 1, run }));
  const { outcomes } = await runItems(execution, scope, items, options ?? {});
  if (options !== undefined) {
    failUnlessEnough(execution, scope, outcomes, policyOf(items.length, options, scope));
    return outcomes;
  }
  return outcomes.map((outcome) => {
    if (outcome.status === 'succeeded') return outcome.value;
    throw firstError(outcomes) ?? execution.cancelled ?? tooMany(scope, outcomes);
  });
}

/** Runs `ctx.map`: one outcome an item, also when the items go in batches. */
export async function mapItems<T, R>(
  execution: FunctionExecution,
  scope: Scope,
  items: readonly T[],
  fn: (ctx: Ctx, item: T | readonly T[], index: number) => Promise<R | readonly R[]>,
  options: MapOptions,
): Promise<MapResult<R>> {
  const size = options.batch;
  if (size !== undefined) demandWhole(size, 'batch', scope);
  const batches =
    size === undefined ? items.map((item): [T | readonly T[], number] => [item, 1]) : batchesOf(items, size);
  const name = size === undefined ? 'item' : 'batch';
  const units = batches.map(([item, weight], index) => ({
    name,
    weight,
    run: async (ctx: Ctx) => {
      const result = await fn(ctx, item, size === undefined ? index : index * size);
      return size === undefined ? [result as R] : resultsOfBatch<R>(result, weight, scope);
    },
  }));
  const { outcomes: unitOutcomes } = await runItems(execution, scope, units, options, items.length);
  const outcomes = unitOutcomes.flatMap((outcome, n) => spread(outcome, units[n]!.weight));
  failUnlessEnough(execution, scope, outcomes, policyOf(items.length, options, scope));
  return {
    outcomes,
    values: outcomes.flatMap((outcome) => (outcome.status === 'succeeded' ? [outcome.value] : [])),
    errors: outcomes.flatMap((outcome, index) =>
      outcome.status === 'failed' ? [{ index, error: outcome.error }] : [],
    ),
  };
}

function batchesOf<T>(items: readonly T[], size: number): [readonly T[], number][] {
  const batches: [readonly T[], number][] = [];
  for (let first = 0; first < items.length; first += size) {
    const batch = items.slice(first, first + size);
    batches.push([batch, batch.length]);
  }
  return batches;
}

function resultsOfBatch<R>(result: R | readonly R[], size: number, scope: Scope): readonly R[] {
  if (Array.isArray(result) && result.length === size) return result as readonly R[];
  throw new StepwellError(
    'OPTION_INVALID',
    `The function of map "${scope.id}" must return one result for each of the ${size} items of its batch.`,
  );
}

function spread<R>(outcome: ItemOutcome<readonly R[]>, weight: number): ItemOutcome<R>[] {
  if (outcome.status === 'succeeded') return outcome.value.map((value) => ({ status: 'succeeded', value }));
  return Array.from({ length: weight }, () => outcome);
}

/** Throws what the group as a whole fails with, if it does. */
function failUnlessEnough(
  execution: FunctionExecution,
  scope: Scope,
  outcomes: readonly ItemOutcome<unknown>[],
  policy: CompletionPolicy,
): void {
  if (execution.cancelled !== null && outcomes.some(({ status }) => status === 'cancelled'))
    throw execution.cancelled;
  const succeeded = outcomes.filter(({ status }) => status === 'succeeded').length;
  const failed = outcomes.filter(({ status }) => status === 'failed').length;
  if (decideCompletion(policy, succeeded, failed) !== 'failed') return;
  const error = tooMany(scope, outcomes);
  execution.blame(error, scope.id);
  throw error;
}

function tooMany(scope: Scope, outcomes: readonly ItemOutcome<unknown>[]): StepwellError {
  const failed = outcomes.flatMap((outcome, index) =>
    outcome.status === 'failed' ? [{ index, error: outcome.error }] : [],
  );
  const first = failed[0];
  const what =
    first === undefined
      ? `"${scope.id}" has ${outcomes.length} items, fewer than its minSuccess.`
      : `${failed.length} of the ${outcomes.length} items of "${scope.id}" failed, more than were tolerated. The first: item ${first.index}: ${first.error.message}`;
  return new StepwellError('GROUP_FAILED', what, {
    cause: first?.error,
    data: { failed: failed.map(({ index, error }) => ({ index, message: error.message })) },
  });
}

function firstError(outcomes: readonly ItemOutcome<unknown>[]): Error | null {
  for (const outcome of outcomes) if (outcome.status === 'failed') return outcome.error;
  return null;
}

function policyOf(total: number, options: CompletionOptions, scope: Scope): CompletionPolicy {
  const { tolerate, minSuccess = null } = options;
  if (minSuccess !== null) demandWhole(minSuccess, 'minSuccess', scope);
  if (tolerate !== undefined) {
    const number = 'count' in tolerate ? tolerate.count : tolerate.percent;
    if (!(number >= 0))
      throw new StepwellError('OPTION_INVALID', `The tolerate of "${scope.id}" must be a number from 0.`);
  }
  return { total, tolerated: toleratedFailures(total, tolerate, minSuccess), minSuccess };
}

function demandWhole(number: number, option: string, scope: Scope): void {
  if (Number.isInteger(number) && number >= 1) return;
  throw new StepwellError('OPTION_INVALID', `The ${option} of "${scope.id}" must be a whole number from 1.`);
}

/** Runs items side by side until the policy has enough of them, and cancels the rest. */
async function runItems<T>(
  execution: FunctionExecution,
  group: Scope,
  items: readonly Item<T>[],
  options: CompletionOptions,
  total = items.length,
): Promise<{ outcomes: ItemOutcome<T>[] }> {
  const policy = policyOf(total, options, group);
  if (options.concurrency !== undefined) demandWhole(options.concurrency, 'concurrency', group);
  const most = options.concurrency ?? items.length;
  const outcomes = Array.from<ItemOutcome<T> | undefined>({ length: items.length });
  const open = new Map<number, Scope>();
  let next = 0;
  let succeeded = 0;
  let failed = 0;

  await new Promise<void>((resolve, reject) => {
    let done = false;
    const finish = (error?: Error) => {
      done = true;
      const reason = new StepwellError(
        'OPERATION_CANCELLED',
        `The group "${group.id}" has ended without this item.`,
      );
      for (const scope of open.values()) execution.end(scope, reason);
      if (error === undefined) resolve();
      else reject(error);
    };
    const settle = (index: number, outcome: ItemOutcome<T>) => {
      if (done || outcomes[index] !== undefined) return;
      outcomes[index] = outcome;
      execution.end(open.get(index)!, outcome.status === 'failed' ? outcome.error : undefined);
      open.delete(index);
      if (outcome.status === 'succeeded') succeeded += items[index]!.weight;
      if (outcome.status === 'failed') failed += items[index]!.weight;
      if (decideCompletion(policy, succeeded, failed) !== 'go on') finish();
      else startMore();
    };
    const startMore = () => {
      while (!done && execution.cancelled === null && open.size < most && next < items.length) start(next++);
      if (!done && open.size === 0) finish();
    };
    const start = (index: number) => {
      const item = items[index]!;
      const scope = execution.open(group.next(item.name), group);
      open.set(index, scope);
      limit(execution, scope, options.itemTimeout, () =>
        settle(index, { status: 'failed', error: timedOut('ITEM_TIMED_OUT', scope, options.itemTimeout!) }),
      );
      execution
        .enter(scope, async () => item.run(execution.ctxOf(scope)))
        .then(
          (value) => settle(index, { status: 'succeeded', value }),
          (error: unknown) => settle(index, outcomeOf(execution, error)),
        );
    };
    limit(execution, group, options.timeout, () => {
      if (done) return;
      const error = timedOut('GROUP_TIMED_OUT', group, options.timeout!);
      execution.blame(error, group.id);
      finish(error);
    });
    startMore();
  });
  return { outcomes: outcomes.map((outcome) => outcome ?? { status: 'cancelled' }) };
}

function outcomeOf<T>(execution: FunctionExecution, thrown: unknown): ItemOutcome<T> {
  if (execution.cancelled !== null && isStepwellError(thrown, 'OPERATION_CANCELLED'))
    return { status: 'cancelled' };
  return {
    status: 'failed',
    error: thrown instanceof Error ? thrown : new StepwellError('VALUE_THROWN', String(thrown)),
  };
}

/** Calls back when a group has been open for too long. */
function limit(
  execution: FunctionExecution,
  scope: Scope,
  duration: Duration | undefined,
  timedOut: () => void,
): void {
  if (duration === undefined) return;
  const until = execution.host.now() + milliseconds(duration, `timeout of "${scope.id}"`);
  const op = scope.next('(timeout)');
  execution
    .request(scope, { started: { type: 'operation.started', op, kind: 'sleep', until } })
    .then(timedOut, () => {});
}

function timedOut(
  code: 'ITEM_TIMED_OUT' | 'GROUP_TIMED_OUT',
  scope: Scope,
  duration: Duration,
): StepwellError {
  return new StepwellError(code, `"${scope.id}" took longer than ${String(duration)}.`);
}
