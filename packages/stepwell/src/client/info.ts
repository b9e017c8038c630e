import { unseal, type Codec } from '../model/codec.ts';
import type { JournalEvent } from '../model/event.ts';
import { present } from '../model/fields.ts';
import type { Failure } from '../model/failure.ts';
import { isFinal, type RunRecord, type WaitReason } from '../model/run.ts';
import type { Store } from '../store/contract.ts';
import { fits, kindOf } from '../store/fit.ts';
import type { WorkerRecord } from '../store/records.ts';
import type { ErrorInfo, RunInfo } from './types.ts';

/** Runs as an application sees them. */
export async function infosOf(
  store: Store,
  runs: readonly RunRecord[],
  codec: Codec | null,
  now: number,
): Promise<RunInfo[]> {
  // Most runs wait for something else, or for nothing.
  const workers = runs.some((run) => wantsAWorker(run, now)) ? await store.workers() : [];
  const alive = workers.filter(({ expiresAt }) => expiresAt > now);
  return runs.map((run) => infoOf(run, codec, now, alive));
}

function infoOf(run: RunRecord, codec: Codec | null, now: number, alive: readonly WorkerRecord[]): RunInfo {
  const { parent, error } = run;
  return {
    id: run.id,
    namespace: run.namespace,
    workflow: run.workflow,
    version: run.version,
    status: run.status,
    queue: run.queue,
    priority: run.priority,
    input: unseal(run.input, codec),
    output: unseal(run.output, codec),
    error: error === undefined ? undefined : errorInfoOf(error, codec),
    progress: run.progress,
    statusText: run.statusText,
    waitingFor: waitingFor(run, now, alive),
    parent: parent === null ? undefined : { id: parent.id, op: parent.op },
    continuedBy: run.continuedBy ?? undefined,
    readyAt: run.readyAt ?? undefined,
    beginBy: run.beginBy ?? undefined,
    tags: run.tags,
    traceparent: run.traceparent ?? undefined,
    createdAt: run.createdAt,
    startedAt: run.startedAt ?? undefined,
    endedAt: run.endedAt ?? undefined,
  };
}

/** The reasons that still hold: the rate of a queue may let the next run begin by now. */
export function holdsAt(reasons: readonly WaitReason[], now: number): readonly WaitReason[] {
  return reasons.filter(({ kind, until }) => kind !== 'rate' || until === undefined || until > now);
}

function waitingFor(run: RunRecord, now: number, alive: readonly WorkerRecord[]): RunInfo['waitingFor'] {
  if (isFinal(run.status) || run.status === 'running') return [];
  const reasons = holdsAt(run.waitingFor, now);
  // Workers mark runs that none of them fits, but where there is no worker nobody does.
  if (wantsAWorker(run, now) && !alive.some((worker) => fits(worker, run)))
    return [...reasons, { kind: 'no worker', detail: kindOf(run.workflow, run.version) }];
  if (run.status !== 'queued' || reasons.length > 0) return reasons;
  return [present({ kind: 'start', detail: 'a worker', until: run.readyAt ?? undefined } as const)];
}

/** Its time has come, whatever it waited for until then, and nothing of its queue holds it. */
function wantsAWorker({ status, readyAt, waitingFor }: RunRecord, now: number): boolean {
  if (readyAt === null || readyAt > now) return false;
  if (status === 'queued') return holdsAt(waitingFor, now).length === 0;
  return status === 'waiting' || status === 'paused';
}

function errorInfoOf({ cause, data, ...rest }: Failure, codec: Codec | null): ErrorInfo {
  return present({
    ...rest,
    cause: cause === undefined ? undefined : errorInfoOf(cause, codec),
    data: unseal(data, codec),
  });
}

/** An event of the journal with its payloads decoded. */
export function decodeEvent(event: JournalEvent, codec: Codec | null): JournalEvent {
  if (codec === null) return event;
  const decoded: Record<string, unknown> = { ...event };
  for (const field of ['value', 'output', 'details', 'data']) {
    if (decoded[field] !== undefined) decoded[field] = unseal(decoded[field] as never, codec);
  }
  if ('error' in event && event.error !== undefined) decoded['error'] = errorInfoOf(event.error, codec);
  return decoded as JournalEvent;
}
