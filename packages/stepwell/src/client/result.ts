import { isStepwellError, StepwellError } from '../model/errors.ts';
import { errorOf } from '../model/failure.ts';
import type { Payloads } from '../model/payload.ts';
import { isFinal, type RunRecord } from '../model/run.ts';
import type { Registry } from '../workflow/registry.ts';
import type { ResultOptions } from './types.ts';
import type { Watch } from './watch.ts';

export interface ResultParts {
  readonly watch: Watch;
  readonly registry: Registry;
  readonly payloads: Payloads;
  /** @throws StepwellError `RUN_NOT_FOUND`, `ENGINE_CLOSED` */
  readonly record: (id: string) => Promise<RunRecord>;
}

/** Waits for the end of a run, or of the one that goes on for it, and gives its output. */
export async function awaitResult(
  parts: ResultParts,
  id: string,
  { signal }: ResultOptions,
): Promise<unknown> {
  let run = await awaitEnd(parts, id, signal);
  while (run.continuedBy !== null) run = await awaitEnd(parts, run.continuedBy, signal);
  if (run.status === 'succeeded') return parts.payloads.decode(run.output);
  const classes = parts.registry.find(run.workflow, run.version)?.options.errors ?? [];
  throw errorOf(run.error!, parts.payloads.codec, new Map(classes.map((type) => [type.name, type])));
}

async function awaitEnd(
  parts: ResultParts,
  id: string,
  signal: AbortSignal | undefined,
): Promise<RunRecord> {
  const { watch, record } = parts;
  let run = await record(id);
  if (isFinal(run.status)) return run;
  const watcher = watch.open(run.key, true);
  try {
    // What happened between the first look and the beginning of the watch is seen by the second.
    for (run = await again(parts, run); !isFinal(run.status); run = await again(parts, run))
      await watcher.next(signal);
    return run;
  } finally {
    watcher.close();
  }
}

/** The run as it is now. The id alone does not tell: after a purge another run may have it. */
async function again({ record }: ResultParts, { id, key }: RunRecord): Promise<RunRecord> {
  try {
    const run = await record(id);
    if (run.key === key) return run;
  } catch (error) {
    if (!isStepwellError(error, 'RUN_NOT_FOUND')) throw error;
  }
  throw new StepwellError('RUN_PURGED', `The run "${id}" was purged while its result was waited for.`);
}
