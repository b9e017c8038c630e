import type { Loader } from '../artifacts/loading-store.ts';
import { errorOf } from '../model/failure.ts';
import type { Payloads } from '../model/payload.ts';
import { isFinal, type RunKey, type RunRecord } from '../model/run.ts';
import type { RunEnd } from '../store/commit.ts';
import type { Registry } from '../workflow/registry.ts';
import { sameRun } from './same-run.ts';
import type { ResultOptions } from './types.ts';
import type { Started, Watch } from './watch.ts';

export interface ResultParts {
  readonly watch: Watch;
  readonly registry: Registry;
  readonly payloads: Payloads;
  readonly loader: Pick<Loader, 'payload'>;
  /** @throws StepwellError `RUN_NOT_FOUND`, `ENGINE_CLOSED` */
  readonly record: (id: string) => Promise<RunRecord>;
}

/** Waits for the end of a run, or of the one that goes on for it, and gives its output. */
export async function awaitResult(
  parts: ResultParts,
  id: string,
  { signal }: ResultOptions,
  started: Started | null,
): Promise<unknown> {
  if (started !== null && !parts.watch.mayHaveEnded(started)) {
    const end = await awaitNews(parts.watch, started.key, signal);
    if (end?.status === 'succeeded') return parts.payloads.decode(end.output);
  }
  let run = await awaitEnd(parts, id, signal);
  while (run.continuedBy !== null) run = await awaitEnd(parts, run.continuedBy, signal);
  if (run.status === 'succeeded') return parts.payloads.decode(await parts.loader.payload(run.output));
  const definition = parts.registry.find(run.workflow, run.version);
  const classes = definition === null ? new Map() : parts.registry.errorClassesOf(definition);
  throw errorOf(run.error!, parts.payloads.codec, classes);
}

/** How a run ended that this process has just started, without a look into the store; null: the news did not say. */
async function awaitNews(watch: Watch, run: RunKey, signal: AbortSignal | undefined): Promise<RunEnd | null> {
  const watcher = watch.open(run, true);
  try {
    return await watcher.next(signal);
  } finally {
    watcher.close();
  }
}

async function awaitEnd(parts: ResultParts, id: string, signal: AbortSignal | undefined): Promise<RunRecord> {
  const { watch, record } = parts;
  let run = await record(id);
  if (isFinal(run.status)) return run;
  const watcher = watch.open(run.key, true);
  try {
    // What happened between the first look and the beginning of the watch is seen by the second.
    for (run = await sameRun(record, run); !isFinal(run.status); run = await sameRun(record, run))
      await watcher.next(signal);
    return run;
  } finally {
    watcher.close();
  }
}
