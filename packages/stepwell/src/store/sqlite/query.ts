import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { ACTIVE_STATUSES, FINAL_STATUSES } from '../../model/run.ts';
import type { RunQuery } from '../contract.ts';
import type { Lane, Lanes } from './lanes.ts';
import { RUN_ROW, type RunRow } from './rows.ts';

/** Beyond every key and every time. */
const ENDLESS = Number.MAX_SAFE_INTEGER;

/**
 * Runs that match, newest first. `run_owned` and `run_status` hold the runs of one lane in one status together, in the
 * order of their keys: the newest of each such stretch are merged here, so that a page costs its own length and a look at every
 * stretch, however many runs there are. (A compound select that merges them costs 1 ms a lane to prepare: 147 ms
 * with 100 lanes, where this takes 20 ms.)
 */
export class Queries {
  readonly #lanes: Lanes;
  readonly #running: StatementSync;
  readonly #resting: StatementSync;
  readonly #children: StatementSync;
  readonly #row: StatementSync;

  constructor(database: DatabaseSync, lanes: Lanes) {
    this.#lanes = lanes;
    const within = `lane = ? and namespace = ? and key > ? and key < ? and created_at >= ? and created_at < ?
      order by key desc limit ?`;
    this.#running = database.prepare(`select key from run where owner is not null and ${within}`);
    this.#resting = database.prepare(`select key from run where owner is null and status = ? and ${within}`);
    this.#children = database.prepare(
      `select ${RUN_ROW} from run where parent_key = ? and key < ? order by key desc`,
    );
    this.#row = database.prepare(`select ${RUN_ROW} from run where key = ?`);
  }

  find(query: RunQuery): RunRow[] {
    if (query.parent !== undefined) return this.#childrenOf(query.parent, query);
    return this.#keys(query).map((key) => this.#row.get(key) as unknown as RunRow);
  }

  #keys(query: RunQuery): number[] {
    const { namespace, limit, below = ENDLESS, createdFrom = 0, createdBefore = ENDLESS } = query;
    let keys: number[] = [];
    for (const { id } of this.#lanes.matching((lane) => isWanted(lane, query))) {
      for (const status of query.statuses ?? [...ACTIVE_STATUSES, ...FINAL_STATUSES]) {
        // What is older than a page's worth of what was found already need not be read.
        const above = keys.length < limit ? 0 : (keys.at(-1) ?? 0);
        const within = [id, namespace, above, below, createdFrom, createdBefore, limit];
        const rows =
          status === 'running' ? this.#running.all(...within) : this.#resting.all(status, ...within);
        if (rows.length === 0) continue;
        keys = [...keys, ...rows.map(({ key }) => Number(key))].toSorted((a, b) => b - a).slice(0, limit);
      }
    }
    return keys;
  }

  #childrenOf(parent: number, query: RunQuery): RunRow[] {
    const found: RunRow[] = [];
    if (query.limit === 0) return found;
    for (const row of this.#children.iterate(parent, query.below ?? ENDLESS)) {
      const child = row as unknown as RunRow;
      if (isWanted(this.#lanes.get(child.lane), query) && matches(child, query)) found.push(child);
      if (found.length === query.limit) break;
    }
    return found;
  }
}

function isWanted(lane: Lane, { namespace, workflow, version, queue }: RunQuery): boolean {
  return (
    lane.namespace === namespace &&
    (workflow === undefined || lane.workflow === workflow) &&
    (version === undefined || lane.version === version) &&
    (queue === undefined || lane.queue === queue)
  );
}

function matches(
  run: RunRow,
  { namespace, statuses, createdFrom = 0, createdBefore = ENDLESS }: RunQuery,
): boolean {
  return (
    run.namespace === namespace &&
    (statuses === undefined || statuses.includes(run.status)) &&
    run.created_at >= createdFrom &&
    run.created_at < createdBefore
  );
}
