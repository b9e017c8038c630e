import {
  ACTIVE_STATUSES,
  type Commit,
  FINAL_STATUSES,
  type NumberedFact,
  type RunCriteria,
  type RunKey,
  type RunQuery,
  type RunRecord,
  type RunStatus,
  withHolds,
  type WorkerRecord,
} from 'stepwell/engine';
import { texts } from './arrays.ts';
import type { Database, Parameter } from './database.ts';
import type { Lanes } from './lanes.ts';
import type { Queues } from './queues.ts';
import {
  type CommitRow,
  commitOf,
  type FactRow,
  factOf,
  type RunRow,
  runOf,
  type WorkerRow,
  workerOf,
} from './rows.ts';

/** Beyond every key and every time. */
const ENDLESS = Number.MAX_SAFE_INTEGER;

interface SeenRow extends RunRow {
  /** The run waits for a slot of its concurrency key. */
  readonly lacks_slot: boolean;
  /** Whether its queue has settings, which may hold it back. */
  readonly has_settings: boolean;
}

/** What is read and not written. */
export class Reads {
  readonly #database: Database;
  readonly #lanes: Lanes;
  readonly #queues: Queues;
  readonly #columns: string;

  constructor(database: Database, lanes: Lanes, queues: Queues) {
    this.#database = database;
    this.#lanes = lanes;
    this.#queues = queues;
    const { schema } = database;
    this.#columns = `run.*,
      case when run.status = 'queued' and run.concurrency_key is not null and run.slot is null then
        coalesce(run.concurrency_limit, (select queue.per_key from ${schema}.queue, ${schema}.lane
            where lane.id = run.lane and queue.namespace = lane.namespace and queue.name = lane.queue), 1) <= (select count(*) from ${schema}.run other
          where other.namespace = run.namespace and other.concurrency_key = run.concurrency_key and other.slot = 1)
      else false end as lacks_slot,
      case when run.status in ('queued', 'waiting') then exists (
        select 1 from ${schema}.queue, ${schema}.lane
        where lane.id = run.lane and queue.namespace = lane.namespace and queue.name = lane.queue)
      else false end as has_settings`;
  }

  /** Null: it was purged. */
  async byKey(key: RunKey): Promise<RunRecord | null> {
    const [run] = await this.#runs(
      `select ${this.#columns} from ${this.#database.schema}.run where key = $1`,
      [key],
    );
    return run ?? null;
  }

  async get(namespace: string, id: string): Promise<RunRecord | null> {
    const [run] = await this.#runs(
      `select ${this.#columns} from ${this.#database.schema}.run
        where run.key = (select name.run from ${this.#database.schema}.run_name name where name.namespace = $1 and name.id = $2)`,
      [namespace, id],
    );
    return run ?? null;
  }

  async find(query: RunQuery): Promise<RunRecord[]> {
    const { schema } = this.#database;
    const { namespace, workflow, version, queue, parent, tag, idContains, statuses, limit } = query;
    return this.#runs(
      `select ${this.#columns} from ${schema}.run
        where key = any (array(select ${schema}.find($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12))) order by key desc`,
      [
        namespace,
        workflow ?? null,
        version ?? null,
        queue ?? null,
        texts(statuses ?? [...ACTIVE_STATUSES, ...FINAL_STATUSES]),
        parent ?? null,
        tag ?? null,
        idContains ?? null,
        query.below ?? ENDLESS,
        Math.floor(query.createdFrom ?? 0),
        Math.ceil(query.createdBefore ?? ENDLESS),
        limit,
      ],
    );
  }

  async count(criteria: RunCriteria): Promise<Partial<Record<RunStatus, number>>> {
    const { schema } = this.#database;
    const values: Parameter[] = [];
    const value = (one: Parameter) => `$${values.push(one)}`;
    const { namespace, workflow, version, queue, statuses, parent, tag, idContains } = criteria;
    const { createdFrom, createdBefore } = criteria;
    const conditions = [`run.namespace = ${value(namespace)}`];
    const lane = Object.entries({ workflow, version, queue }).flatMap(([column, wanted]) =>
      wanted === undefined ? [] : [`${column} = ${value(wanted)}`],
    );
    if (lane.length > 0)
      conditions.push(`lane in (select lane.id from ${schema}.lane where ${lane.join(' and ')})`);
    if (statuses !== undefined) conditions.push(`status = any (${value(texts(statuses))})`);
    if (parent !== undefined) conditions.push(`parent_key = ${value(parent)}`);
    if (createdFrom !== undefined) conditions.push(`created_at >= ${value(Math.floor(createdFrom))}`);
    if (createdBefore !== undefined) conditions.push(`created_at < ${value(Math.ceil(createdBefore))}`);
    if (idContains !== undefined) conditions.push(`position(${value(idContains)} in run.id) > 0`);
    if (tag !== undefined)
      conditions.push(
        `key in (select tag.run from ${schema}.tag where tag.namespace = $1 and tag.tag = ${value(tag)})`,
      );
    const rows = await this.#database.read<{ status: RunStatus; runs: number }>(
      `select status, count(*) as runs from ${schema}.run where ${conditions.join(' and ')} group by status`,
      values,
    );
    return Object.fromEntries(rows.map(({ status, runs }) => [status, runs]));
  }

  async journal(run: RunKey, from: number, limit: number): Promise<Commit[]> {
    // The commit that holds a position begins at it or before it.
    const rows = await this.#database.read<CommitRow>(
      `select position, at, events from ${this.#database.schema}.journal
        where run = $1 and position + count > $2 and position >= coalesce(
          (select max(position) from ${this.#database.schema}.journal where run = $1 and position <= $2), 0)
        order by position limit $3`,
      [run, from, limit],
    );
    return rows.map(commitOf);
  }

  async facts(run: RunKey, after: number): Promise<NumberedFact[]> {
    const rows = await this.#database.read<FactRow>(
      `select number, fact from ${this.#database.schema}.inbox where run = $1 and number > $2 order by number`,
      [run, after],
    );
    return rows.map(factOf);
  }

  async workers(): Promise<WorkerRecord[]> {
    const rows = await this.#database.read<WorkerRow>(
      `select * from ${this.#database.schema}.worker order by id`,
    );
    return rows.map(workerOf);
  }

  async #runs(text: string, values: readonly Parameter[]): Promise<RunRecord[]> {
    const rows = await this.#database.read<SeenRow>(text, values);
    await this.#lanes.meet(rows.map(({ lane }) => lane));
    const held = rows.find(({ has_settings }) => has_settings);
    const holds = held === undefined ? null : await this.#queues.holds(held.namespace);
    return rows.map((row) => {
      const lane = this.#lanes.get(row.lane);
      const run = runOf(row, lane);
      // Cancelled before it began: nothing holds it.
      return row.turn === -1 ? run : withHolds(run, holds?.get(lane.queue) ?? [], row.lacks_slot);
    });
  }
}
