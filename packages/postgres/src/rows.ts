import type {
  Commit,
  JournalEvent,
  Fact,
  Failure,
  NumberedFact,
  Payload,
  Progress,
  RunRecord,
  RunStatus,
  WaitReason,
  WorkerRecord,
} from 'stepwell/engine';
import type { Lane } from './lanes.ts';

/** A row of `run`; `1-tables.sql` says what its columns mean. */
export interface RunRow {
  readonly key: number;
  readonly ready_at: number | null;
  readonly blocked_at: number | null;
  readonly created_at: number;
  readonly started_at: number | null;
  readonly ended_at: number | null;
  readonly timeout: number | null;
  readonly hard_timeout: number | null;
  readonly begin_by: number | null;
  readonly concurrency_limit: number | null;
  readonly parent_key: number | null;
  readonly lane: number;
  readonly delivered: number;
  readonly slot: 0 | 1 | null;
  readonly turn: number | null;
  readonly debounce_key: string | null;
  readonly tags: string | null;
  readonly traceparent: string | null;
  readonly status: RunStatus;
  readonly namespace: string;
  readonly id: string;
  readonly owner: string | null;
  readonly concurrency_key: string | null;
  readonly parent_id: string | null;
  readonly parent_op: string | null;
  readonly continued_by: string | null;
  readonly waiting_for: string | null;
  readonly status_text: string | null;
  readonly progress: string | null;
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
    statusText: parsed(row.status_text) as string | undefined,
    waitingFor: (parsed(row.waiting_for) as WaitReason[] | undefined) ?? [],
    parent:
      row.parent_key === null || row.parent_id === null
        ? null
        : { key: row.parent_key, id: row.parent_id, op: row.parent_op },
    continuedBy: row.continued_by,
    timeout: row.timeout,
    hardTimeout: row.hard_timeout,
    beginBy: row.begin_by,
    concurrencyKey: row.concurrency_key,
    concurrencyLimit: row.concurrency_limit,
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
  readonly kinds: readonly string[];
  readonly queues: readonly string[] | null;
  readonly started_at: number;
  readonly heartbeat_at: number;
  readonly expires_at: number;
}

export function workerOf(row: WorkerRow): WorkerRecord {
  const { id, name, kinds, queues, started_at, heartbeat_at, expires_at } = row;
  return {
    id,
    name,
    kinds,
    queues,
    startedAt: started_at,
    heartbeatAt: heartbeat_at,
    expiresAt: expires_at,
  };
}

/** Sorted as everywhere: PostgreSQL has them in the order of their bytes. */
export function tagsOf(text: string | null): readonly string[] {
  return text === null ? [] : (JSON.parse(text) as string[]).toSorted();
}

/** A JSON `null` is a value; no text is none. */
function parsed(text: string | null): unknown {
  return text === null ? undefined : JSON.parse(text);
}
