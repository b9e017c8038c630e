import { StepwellError } from '../model/errors.ts';
import { checkName } from '../model/identifier.ts';
import { milliseconds } from '../model/duration.ts';
import { checkPriority } from '../model/priority.ts';
import type { Ctx } from './context.ts';
import type { Definition, WorkflowOptions } from './definition.ts';
import { retryOf } from './retry.ts';
import type { Accepted, Schema, Validated } from './schema.ts';

type Fn<I, O> = (ctx: Ctx, input: I) => Promise<O>;
type Unvalidated<I> = WorkflowOptions<I> & { input?: undefined };

/**
 * Defines a workflow: an async function whose operations (everything it does through `ctx`) are kept in a journal.
 * The input's type comes from the schema if there is one, else from the function.
 *
 * @throws StepwellError `NAME_INVALID`, `DURATION_INVALID` or `OPTION_INVALID`
 */
export function workflow<S extends Schema, O>(
  name: string,
  options: WorkflowOptions<Accepted<S>> & { input: S },
  fn: Fn<Validated<S>, O>,
): Definition<Accepted<S>, O>;
export function workflow<I, O>(name: string, options: Unvalidated<I>, fn: Fn<I, O>): Definition<I, O>;
export function workflow<I, O>(name: string, fn: Fn<I, O>): Definition<I, O>;
export function workflow(
  name: string,
  optionsOrFn: WorkflowOptions<never> | Fn<never, unknown>,
  maybeFn?: Fn<never, unknown>,
): Definition<never, unknown> {
  const options = typeof optionsOrFn === 'function' ? {} : optionsOrFn;
  const fn = typeof optionsOrFn === 'function' ? optionsOrFn : maybeFn;
  checkName(name, 'workflow name');
  if (typeof fn !== 'function') {
    throw new StepwellError('OPTION_INVALID', `The workflow "${name}" has no function.`);
  }
  const version = checkName(options.version ?? '1', `version of workflow "${name}"`);
  if (name.includes('@') || version.includes('@')) {
    throw new StepwellError(
      'NAME_INVALID',
      `The workflow "${name}" version "${version}" cannot be used: "@" separates the two.`,
    );
  }
  checkOptions(name, options);
  return Object.freeze({ name, version, options, fn });
}

function checkTimeouts(name: string, { timeout, hardTimeout }: WorkflowOptions<never>): void {
  const soft = timeout === undefined ? 0 : milliseconds(timeout, `timeout of workflow "${name}"`);
  if (hardTimeout === undefined) return;
  if (milliseconds(hardTimeout, `hard timeout of workflow "${name}"`) > soft) return;
  throw new StepwellError(
    'OPTION_INVALID',
    `The hardTimeout of workflow "${name}" must be longer than its timeout: the time between the two is for its cleanup.`,
  );
}

function checkOptions(name: string, options: WorkflowOptions<never>): void {
  checkTimeouts(name, options);
  if (options.queue !== undefined) checkName(options.queue, `queue of workflow "${name}"`);
  checkPriority(options.priority, `workflow "${name}"`);
  retryOf(options.retry, `workflow "${name}"`);
  const limit = options.concurrency?.limit;
  if (limit !== undefined && !(Number.isSafeInteger(limit) && limit > 0)) {
    throw new StepwellError(
      'OPTION_INVALID',
      `The concurrency limit of workflow "${name}" must be a positive whole number.`,
    );
  }
}
