import type { System } from '../engine/system.ts';
import { milliseconds } from '../model/duration.ts';
import { StepwellError } from '../model/errors.ts';
import { present } from '../model/fields.ts';
import { checkId, checkName } from '../model/identifier.ts';
import { sameJson } from '../model/json.ts';
import type { Limits } from '../model/limits.ts';
import type { Payloads } from '../model/payload.ts';
import { checkPriority } from '../model/priority.ts';
import type { NewRun, RunRecord } from '../model/run.ts';
import { checkTags } from '../model/tags.ts';
import { checkTraceparent } from '../model/traceparent.ts';
import { isTime } from '../model/time.ts';
import { concurrencyOf } from '../workflow/child.ts';
import type { AnyDefinition } from '../workflow/definition.ts';
import type { Registry } from '../workflow/registry.ts';
import { validate } from '../workflow/schema.ts';
import type { StartOptions } from './types.ts';

export interface StartParts {
  readonly registry: Registry;
  readonly system: System;
  readonly payloads: Payloads;
  readonly limits: Limits;
  readonly namespace: string;
}

/**
 * Checks a start and makes the run of it.
 * @throws StepwellError `INPUT_INVALID`, `VALUE_NOT_JSON`, `PAYLOAD_TOO_LARGE`, `ID_INVALID` or that of a wrong option
 */
export async function newRun(
  parts: StartParts,
  definition: AnyDefinition,
  input: unknown,
  options: StartOptions,
): Promise<NewRun> {
  const { system, payloads, limits, namespace } = parts;
  const { name, version, options: own } = definition;
  const where = `the start of workflow "${name}"`;
  if (own.input !== undefined)
    await validate(own.input, input, 'INPUT_INVALID', `input of workflow "${name}"`);
  const now = system.now();
  const timeout = options.timeout ?? own.timeout;
  const given = options.concurrencyKey;
  const run: NewRun = {
    namespace,
    id: options.id === undefined ? system.uuid() : checkId(options.id, 'run id', limits.idLength),
    workflow: name,
    version,
    queue: checkName(options.queue ?? own.queue ?? 'default', `queue of ${where}`, limits.nameLength),
    priority: checkPriority(options.priority ?? own.priority, where),
    readyAt: readyAt(options, now, where),
    input: payloads.encode(input, `input of workflow "${name}"`),
    parent: null,
    timeout: timeout === undefined ? null : milliseconds(timeout, `timeout of ${where}`),
    hardTimeout:
      own.hardTimeout === undefined ? null : milliseconds(own.hardTimeout, `hard timeout of ${where}`),
    ...(given === undefined
      ? concurrencyOf(definition, input, limits)
      : {
          concurrencyKey: `${name}/${checkId(given, 'concurrency key', limits.idLength)}`,
          concurrencyLimit: own.concurrency?.limit ?? null,
        }),
    createdAt: now,
  };
  const { debounce, startDeadline, tags, traceparent } = options;
  if (
    debounce === undefined &&
    startDeadline === undefined &&
    tags === undefined &&
    traceparent === undefined
  )
    return run;
  return { ...run, ...marks(options, limits, where), ...putOff(options, run.readyAt, limits, where) };
}

/** How a run is found later. */
function marks(
  { tags, traceparent }: StartOptions,
  limits: Limits,
  where: string,
): Pick<NewRun, 'tags' | 'traceparent'> {
  return present({
    tags: tags === undefined ? undefined : checkTags(tags, where, limits),
    traceparent: traceparent === undefined ? undefined : checkTraceparent(traceparent, where),
  });
}

/** What a start with a debounce key or a deadline has besides. */
function putOff(
  { debounce, startDeadline }: StartOptions,
  readyAt: number,
  limits: Limits,
  where: string,
): Pick<NewRun, 'beginBy' | 'debounce'> {
  return present({
    beginBy:
      startDeadline === undefined
        ? undefined
        : readyAt + milliseconds(startDeadline, `startDeadline of ${where}`),
    debounce:
      debounce === undefined
        ? undefined
        : {
            key: checkId(debounce.key, `debounce key of ${where}`, limits.idLength),
            maxWait:
              debounce.maxWait === undefined
                ? null
                : milliseconds(debounce.maxWait, `maxWait of the debounce of ${where}`),
          },
  });
}

function readyAt({ delay, at, debounce }: StartOptions, now: number, where: string): number {
  if (debounce !== undefined) {
    if (delay !== undefined || at !== undefined)
      throw new StepwellError('OPTION_INVALID', `Give debounce, delay or at for ${where}, not several.`);
    return now + milliseconds(debounce.delay, `delay of the debounce of ${where}`);
  }
  if (delay !== undefined && at !== undefined)
    throw new StepwellError('OPTION_INVALID', `Give either delay or at for ${where}, not both.`);
  if (delay !== undefined) return now + milliseconds(delay, `delay of ${where}`);
  if (at === undefined) return now;
  const time = Number(at);
  if (!isTime(time)) throw new StepwellError('OPTION_INVALID', `The time "at" of ${where} is not a time.`);
  return Math.max(now, time);
}

/** @throws StepwellError `RUN_ID_TAKEN` unless the run that exists was started in the same way */
export function demandSame(existing: RunRecord, wanted: NewRun, payloads: Payloads): void {
  const what =
    existing.workflow !== wanted.workflow
      ? `is one of workflow "${existing.workflow}", not "${wanted.workflow}"`
      : sameJson(payloads.decode(existing.input), payloads.decode(wanted.input))
        ? null
        : 'has another input';
  if (what === null) return;
  throw new StepwellError(
    'RUN_ID_TAKEN',
    `The run "${wanted.id}" exists already and ${what}. Use another id, or the same workflow and input to get the run that exists.`,
  );
}

/**
 * The definition that a start means.
 * @throws StepwellError `WORKFLOW_UNKNOWN` or `WORKFLOW_VERSION_UNKNOWN`
 */
export function definitionOf(
  registry: Registry,
  workflow: AnyDefinition | string,
  version: string | undefined,
): AnyDefinition {
  const name = typeof workflow === 'string' ? workflow : workflow.name;
  const wanted = version ?? (typeof workflow === 'string' ? undefined : workflow.version);
  const newest = registry.newest(name);
  if (newest === null) {
    throw new StepwellError(
      'WORKFLOW_UNKNOWN',
      `No workflow "${name}" is registered here. Give it to Stepwell.open({ workflows }).`,
    );
  }
  const definition = wanted === undefined ? newest : registry.find(name, wanted);
  if (definition === null) {
    throw new StepwellError(
      'WORKFLOW_VERSION_UNKNOWN',
      `The workflow "${name}" is registered here, but not in version "${wanted}"; the newest is "${newest.version}".`,
    );
  }
  return definition;
}
