import type { Ask, ChildRequest, Successor } from '../engine/runtime.ts';
import { milliseconds } from '../model/duration.ts';
import { StepwellError } from '../model/errors.ts';
import { checkId, checkName } from '../model/identifier.ts';
import type { Limits } from '../model/limits.ts';
import { checkPriority } from '../model/priority.ts';
import type { OperationId } from '../model/operation.ts';
import type { RunRecord } from '../model/run.ts';
import type { ChildOptions } from './context.ts';
import type { AnyDefinition } from './definition.ts';
import { startedOf, type Here } from './here.ts';
import type { Registry } from './registry.ts';
import { validate } from './schema.ts';

/** A child run whose result is awaited. */
export async function runChild<T>(
  here: Here,
  child: AnyDefinition | string,
  input: unknown,
  options: ChildOptions,
): Promise<T> {
  return (await here.request(await askOf(here, 'run', child, input, options))) as T;
}

/** A child run that goes on by itself. */
export async function startChild(
  here: Here,
  child: AnyDefinition | string,
  input: unknown,
  options: ChildOptions,
): Promise<{ id: string }> {
  const recorded = here.execution.host.ask(await askOf(here, 'start', child, input, options));
  return { id: recorded.child!.id };
}

async function askOf(
  here: Here,
  method: 'run' | 'start',
  child: AnyDefinition | string,
  input: unknown,
  options: ChildOptions,
): Promise<Ask> {
  const { execution } = here;
  const op = here.begin(method, typeof child === 'string' ? child : child.name);
  const { registry, limits } = execution;
  const { workflow, version, request } = await childOf(registry, child, input, options, op, limits);
  const payload = execution.host.encode(input, `input of child run "${op}"`);
  const isDetached = method === 'start';
  const id = options.id ?? (isDetached ? execution.detachedId(op) : execution.uuid());
  const detached = isDetached ? { detached: true as const } : {};
  return {
    started: { ...startedOf(op, 'child'), child: { id, workflow, version, ...detached } },
    child: { ...request, input: payload },
  };
}

/**
 * What a child run is started with. By name, a workflow that is registered elsewhere needs its version.
 * @throws StepwellError `WORKFLOW_UNKNOWN`, `WORKFLOW_VERSION_UNKNOWN`, `INPUT_INVALID` or that of a wrong option
 */
async function childOf(
  registry: Registry,
  child: AnyDefinition | string,
  input: unknown,
  options: ChildOptions,
  op: OperationId,
  limits: Limits,
): Promise<{ workflow: string; version: string; request: Omit<ChildRequest, 'input'> }> {
  const definition = typeof child === 'string' ? find(registry, child, options.version) : child;
  const workflow = definition?.name ?? checkName(child, 'workflow name');
  const version = options.version ?? definition?.version;
  if (version === undefined) {
    throw new StepwellError(
      'WORKFLOW_UNKNOWN',
      `The child run "${op}" cannot start: no workflow "${workflow}" is registered here. Register it, or give its version if other workers have it.`,
    );
  }
  if (options.id !== undefined) checkId(options.id, `id of child run "${op}"`, limits.idLength);
  const schema = definition?.options.input;
  if (schema !== undefined) await validate(schema, input, 'INPUT_INVALID', `input of child run "${op}"`);
  return {
    workflow,
    version,
    request: {
      queue: checkName(options.queue ?? definition?.options.queue ?? 'default', 'queue', limits.nameLength),
      priority: checkPriority(options.priority ?? definition?.options.priority, `child run "${op}"`),
      timeout: timeoutOf(options.timeout ?? definition?.options.timeout, op),
      hardTimeout: timeoutOf(definition?.options.hardTimeout, op),
      delay: options.delay === undefined ? 0 : milliseconds(options.delay, `delay of child run "${op}"`),
      ...concurrencyOf(definition, input, limits),
    },
  };
}

function find(registry: Registry, name: string, version: string | undefined): AnyDefinition | null {
  return version === undefined ? registry.newest(name) : registry.find(name, version);
}

function timeoutOf(timeout: ChildOptions['timeout'], op: OperationId): number | null {
  return timeout === undefined ? null : milliseconds(timeout, `timeout of child run "${op}"`);
}

/** The key that a workflow gives to an input, and how many of that key may be under way. */
export function concurrencyOf(
  definition: AnyDefinition | null,
  input: unknown,
  limits: Limits,
): { concurrencyKey: string | null; concurrencyLimit: number | null } {
  const concurrency = definition?.options.concurrency;
  if (concurrency === undefined) return { concurrencyKey: null, concurrencyLimit: null };
  const what = `concurrency key of workflow "${definition!.name}"`;
  const key = checkId(concurrency.key(input as never), what, limits.idLength);
  // Keys of different workflows do not hold each other up.
  return { concurrencyKey: `${definition!.name}/${key}`, concurrencyLimit: concurrency.limit ?? null };
}

/** The run that goes on for another is of the newest version that is registered: this is where eternal runs move on. */
export function successorOf(registry: Registry, run: RunRecord, input: unknown, limits: Limits): Successor {
  const definition = registry.newest(run.workflow);
  return {
    workflow: run.workflow,
    version: definition?.version ?? run.version,
    queue: run.queue,
    priority: run.priority,
    timeout: run.timeout,
    hardTimeout: run.hardTimeout,
    ...concurrencyOf(definition, input, limits),
  };
}
