import type { Payload } from '../../model/codec.ts';
import type { Commit, JournalEvent } from '../../model/event.ts';
import type { Fact, NumberedFact } from '../../model/fact.ts';
import type { Failure } from '../../model/failure.ts';
import type { Progress, RunRecord, RunStatus, WaitReason } from '../../model/run.ts';
import type { WorkerRecord } from '../records.ts';
import type { Lane } from './lanes.ts';
import { tagsOf } from './tags.ts';

/** The columns of a {@link RunRow}. */
export const RUN_ROW = '*, (select value from input where input.run = run.key) as input';

/** A row of `run` with its input; `migrations.ts` says what its columns mean. */
export interface RunRow {
  readonly key: number;
  readonly namespace: string;
  readonly id: string;
  readonly lane: number;
  readonly status: RunStatus;
  readonly ready_at: number | null;
  readonly owner: string | null;
  readonly parked_by: string | null;
  readonly blocked_at: number | null;
  readonly slot: number | null;
  readonly forced: number | null;
  readonly delivered: number;
  readonly created_at: number;
  readonly started_at: number | null;
  readonly ended_at: number | null;
  readonly timeout: number | null;
  readonly concurrency_key: string | null;
  readonly concurrency_limit: number;
  readonly parent_key: number | null;
  readonly parent_id: string | null;
  readonly parent_op: string | null;
  readonly continued_by: string | null;
  readonly waiting_for: string;
  readonly status_text: string | null;
  readonly progress: string | null;
  readonly hard_timeout: number | null;
  readonly begin_by: number | null;
  readonly turn: number | null;
  readonly debounce_key: string | null;
  readonly tags: string | null;
  readonly traceparent: string | null;
  readonly error: string | null;
  readonly input: string | null;
  readonly output: string | null;
}

export function runOf(row: RunRow, lane: Lane): RunRecord {
  return {
    key: row.key,
    namespace: row.namespace,
    id: row.id,
    workflow: lane.workflow,
    version: lane.version,
    status: row.status,
    queue: lane.queue,
    priority: lane.priority,
    readyAt: row.ready_at ?? row.blocked_at,
    owner: row.owner,
    input: parsed(row.input) as Payload | undefined,
    output: parsed(row.output) as Payload | undefined,
    error: parsed(row.error) as Failure | undefined,
    progress: parsed(row.progress) as Progress | undefined,
    statusText: row.status_text ?? undefined,
    waitingFor: row.waiting_for === '[]' ? [] : (JSON.parse(row.waiting_for) as WaitReason[]),
    parent:
      row.parent_key === null || row.parent_id === null
        ? null
        : { key: row.parent_key, id: row.parent_id, op: row.parent_op },
    continuedBy: row.continued_by,
    timeout: row.timeout,
    hardTimeout: row.hard_timeout,
    beginBy: row.begin_by,
    concurrencyKey: row.concurrency_key,
    concurrencyLimit: row.concurrency_limit === 0 ? null : row.concurrency_limit,
    tags: tagsOf(row.tags),
    traceparent: row.traceparent,
    delivered: row.delivered,
    createdAt: row.created_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
  };
}

export interface CommitRow {
  readonly position: number;
  readonly at: number;
  readonly events: string;
}

export function commitOf({ position, at, events }: CommitRow): Commit {
  return { position, at, events: JSON.parse(events) as JournalEvent[] };
}

export interface FactRow {
  readonly number: number;
  readonly fact: string;
}

export function factOf({ number, fact }: FactRow): NumberedFact {
  return { number, fact: JSON.parse(fact) as Fact };
}

export interface WorkerRow {
  readonly id: string;
  readonly name: string;
  readonly kinds: string;
  readonly queues: string | null;
  readonly started_at: number;
  readonly heartbeat_at: number;
  readonly expires_at: number;
}

export function workerOf(row: WorkerRow): WorkerRecord {
  return {
    id: row.id,
    name: row.name,
    kinds: JSON.parse(row.kinds) as string[],
    queues: (parsed(row.queues) as string[] | undefined) ?? null,
    startedAt: row.started_at,
    heartbeatAt: row.heartbeat_at,
    expiresAt: row.expires_at,
  };
}

/** The text of a value that may be missing; a JSON `null` is a value. */
export function textOf(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}

function parsed(text: string | null): unknown {
  return text === null ? undefined : JSON.parse(text);
}
