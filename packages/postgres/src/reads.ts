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

interface ShownRow extends RunRow {
  readonly lacks_slot: boolean;
  readonly has_settings: boolean;
}

/** What is read and not written. */
export class Reads {
  readonly #database: Database;
  readonly #lanes: Lanes;
  readonly #queues: Queues;
  readonly #shown: string;

  constructor(database: Database, lanes: Lanes, queues: Queues) {
    this.#database = database;
    this.#lanes = lanes;
    this.#queues = queues;
    this.#shown = `select (shown).*, lacks_slot, has_settings from ${database.schema}.shown`;
  }

  /** Null: it was purged. */
  async byKey(key: RunKey): Promise<RunRecord | null> {
    const [run] = await this.#runs(`${this.#shown}(array[$1]::bigint[])`, [key]);
    return run ?? null;
  }

  async get(namespace: string, id: string): Promise<RunRecord | null> {
    const [run] = await this.#runs(
      `${this.#shown}(array(select run from ${this.#database.schema}.run_name where namespace = $1 and id = $2))`,
      [namespace, id],
    );
    return run ?? null;
  }

  async find(query: RunQuery): Promise<RunRecord[]> {
    const { schema } = this.#database;
    const { namespace, workflow, version, queue, parent, tag, idContains, statuses, limit } = query;
    return this.#runs(
      `${this.#shown}(array(select ${schema}.find($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)))`,
      [
        namespace,
        workflow ?? null,
        version ?? null,
        queue ?? null,
        texts([...new Set(statuses ?? [...ACTIVE_STATUSES, ...FINAL_STATUSES])]),
        parent ?? null,
        tag ?? null,
        idContains ?? null,
        query.below ?? ENDLESS,
        Math.ceil(query.createdFrom ?? 0),
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
    if (createdFrom !== undefined) conditions.push(`created_at >= ${value(Math.ceil(createdFrom))}`);
    if (createdBefore !== undefined) conditions.push(`created_at < ${value(Math.ceil(createdBefore))}`);
    if (idContains !== undefined) conditions.push(`position(${value(idContains)} in run.id) > 0`);
    if (tag !== undefined)
      conditions.push(
        `key = any (array(select tag.run from ${schema}.tag where tag.namespace = $1 and tag.tag = ${value(tag)}))`,
      );
    const rows = await this.#database.read<{ status: RunStatus; runs: number }>(
      `select status, count(*) as runs from ${schema}.run where ${conditions.join(' and ')} group by status`,
      values,
    );
    return Object.fromEntries(rows.map(({ status, runs }) => [status, runs]));
  }

  async journal(run: RunKey, from: number, limit: number): Promise<Commit[]> {
    const rows = await this.#database.read<CommitRow>(
      `select position, at, events from ${this.#database.schema}.commits($1, $2, $3)`,
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
    const rows = await this.#database.read<ShownRow>(text, values);
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
