import { StepwellError } from '../model/errors.ts';
import { decideCompletion, toleratedFailures, type CompletionPolicy } from '../policy/completion.ts';
import type { Branch, CompletionOptions, Ctx, ItemOutcome, MapOptions, MapResult } from './context.ts';
import { blame } from './blame.ts';
import type { FunctionExecution } from './execution.ts';
import { ItemRun, type Item } from './item-run.ts';
import type { Scope } from './scope.ts';

/** Runs the branches of `ctx.parallel`: their results, or with a policy their outcomes. */
export async function runBranches(
  execution: FunctionExecution,
  scope: Scope,
  branches: readonly (readonly [string, Branch])[],
  options: CompletionOptions | undefined,
): Promise<readonly unknown[]> {
  const items = branches.map(([name, run]) => ({ name, weight: 1, run }));
  const outcomes = await runItems(execution, scope, items, options ?? {});
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
  const unitOutcomes = await runItems(execution, scope, units, options, items.length);
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
  blame(error, scope.id);
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

async function runItems<T>(
  execution: FunctionExecution,
  group: Scope,
  items: readonly Item<T>[],
  options: CompletionOptions,
  total = items.length,
): Promise<ItemOutcome<T>[]> {
  const policy = policyOf(total, options, group);
  if (options.concurrency !== undefined) demandWhole(options.concurrency, 'concurrency', group);
  return new ItemRun(execution, group, items, policy, options).outcomes();
}
