import {
  holdsOf,
  type QueueChange,
  type QueueLimits,
  type QueuePause,
  type QueueRecord,
  type QueueState,
  type RunStatus,
  type WaitReason,
} from 'stepwell/engine';
import type { Database } from './database.ts';

interface SettingsRow {
  readonly name: string;
  readonly limits: string;
  readonly paused: string | null;
  readonly active: number;
  readonly begun: readonly number[] | null;
}

interface CountRow {
  readonly name: string;
  readonly status: RunStatus;
  readonly runs: number;
  readonly queued_since: number | null;
}

/** Queues, most of which have no settings. */
export class Queues {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async set({ namespace, queue, limits, paused }: QueueChange): Promise<void> {
    const given = limits === undefined ? null : JSON.stringify(limits);
    await this.#database.write(
      `select ${this.#database.schema}.set_queue($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
      [
        namespace,
        queue,
        given,
        limits?.concurrency ?? null,
        limits?.rate?.limit ?? null,
        limits?.rate?.period ?? null,
        limits?.perKey ?? null,
        limits?.startDeadline ?? null,
        paused !== undefined,
        paused === undefined || paused === null ? null : JSON.stringify(paused),
      ],
    );
  }

  /** How the queues with settings stand, by name. */
  async states(namespace: string): Promise<ReadonlyMap<string, QueueState>> {
    const { schema } = this.#database;
    const rows = await this.#database.read<SettingsRow>(
      `select name, limits, paused,
          case when concurrency is null then 0 else ${schema}.active_of(array(
            select id from ${schema}.lane where lane.namespace = queue.namespace and lane.queue = queue.name)) end as active,
          case when rate_limit is not null then array(
            select at from ${schema}.beginning where beginning.queue = queue.id order by at) end as begun
        from ${schema}.queue where namespace = $1 order by name`,
      [namespace],
    );
    return new Map(rows.map((row) => [row.name, stateOf(row)]));
  }

  async all(namespace: string): Promise<QueueRecord[]> {
    const { schema } = this.#database;
    const states = await this.states(namespace);
    const rows = await this.#database.read<CountRow>(
      `select lane.queue as name, status, count(*) as runs,
          (array_agg(run.created_at order by run.key) filter (where status = 'queued'))[1] as queued_since
        from ${schema}.run join ${schema}.lane on lane.id = run.lane where run.namespace = $1
        group by lane.queue, status`,
      [namespace],
    );
    const counts = Map.groupBy(rows, ({ name }) => name);
    return [...new Set([...states.keys(), ...counts.keys()])].toSorted().map((name) => {
      const state = states.get(name);
      const own = counts.get(name) ?? [];
      return {
        namespace,
        name,
        limits: state?.limits ?? {},
        paused: state?.paused ?? null,
        counts: Object.fromEntries(own.map(({ status, runs }) => [status, runs])),
        queuedSince: own.find(({ status }) => status === 'queued')?.queued_since ?? null,
        holds: state === undefined ? [] : holdsOf(state),
      };
    });
  }

  /** What holds the runs of queues back, by name. */
  async holds(namespace: string): Promise<ReadonlyMap<string, readonly WaitReason[]>> {
    const states = await this.states(namespace);
    return new Map([...states].map(([name, state]) => [name, holdsOf(state)]));
  }
}

function stateOf({ name, limits, paused, active, begun }: SettingsRow): QueueState {
  return {
    name,
    limits: JSON.parse(limits) as QueueLimits,
    paused: paused === null ? null : (JSON.parse(paused) as QueuePause),
    active,
    begun: begun ?? [],
  };
}
