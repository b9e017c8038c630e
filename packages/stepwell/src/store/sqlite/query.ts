import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { ACTIVE_STATUSES, FINAL_STATUSES, type RunStatus } from '../../model/run.ts';
import type { RunCriteria, RunQuery } from '../query.ts';
import { areChosen, ChosenRuns } from './chosen-runs.ts';
import type { Lane, Lanes } from './lanes.ts';
import { RUN_ROW, type RunRow } from './rows.ts';

/** Beyond every key and every time. */
const ENDLESS = Number.MAX_SAFE_INTEGER;

type Counts = Partial<Record<RunStatus, number>>;

const STATUSES: readonly RunStatus[] = [...ACTIVE_STATUSES, ...FINAL_STATUSES];

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
  readonly #counts: StatementSync;
  readonly #countRunning: StatementSync;
  readonly #countsWithin: StatementSync;
  readonly #countRunningWithin: StatementSync;
  readonly #chosen: ChosenRuns;
  readonly #row: StatementSync;

  constructor(database: DatabaseSync, lanes: Lanes) {
    this.#lanes = lanes;
    const within = `lane = ? and namespace = ? and key > ? and key < ? and created_at >= ? and created_at < ?
      order by key desc limit ?`;
    this.#running = database.prepare(`select key from run where owner is not null and ${within}`);
    this.#resting = database.prepare(`select key from run where owner is null and status = ? and ${within}`);
    this.#counts = database.prepare(
      'select status, count(*) as runs from run where owner is null and lane = ? and namespace = ? group by status',
    );
    this.#countRunning = database.prepare(
      'select count(*) as runs from run where owner is not null and lane = ? and namespace = ?',
    );
    const times = 'created_at >= ? and created_at < ?';
    this.#countsWithin = database.prepare(
      `select status, count(*) as runs from run where owner is null and lane = ? and namespace = ? and ${times} group by status`,
    );
    this.#countRunningWithin = database.prepare(
      `select count(*) as runs from run where owner is not null and lane = ? and namespace = ? and ${times}`,
    );
    this.#chosen = new ChosenRuns(database);
    this.#row = database.prepare(`select ${RUN_ROW} from run where key = ?`);
  }

  find(query: RunQuery): RunRow[] {
    if (areChosen(query)) return this.#chosen.rows(query, this.#lanesOf(query));
    return this.#keys(query).map((key) => this.#row.get(key) as unknown as RunRow);
  }

  /** Null: any will do. */
  #lanesOf(criteria: RunCriteria): readonly number[] | null {
    const { workflow, version, queue } = criteria;
    if (workflow === undefined && version === undefined && queue === undefined) return null;
    return this.#lanes.matching((lane) => isWanted(lane, criteria)).map(({ id }) => id);
  }

  count(criteria: RunCriteria): Counts {
    if (areChosen(criteria)) return this.#chosen.count(criteria, this.#lanesOf(criteria));
    const counts: Counts = {};
    const add = (status: RunStatus, runs: number) => {
      const isAskedFor = criteria.statuses?.includes(status) ?? true;
      if (isAskedFor && runs > 0) counts[status] = (counts[status] ?? 0) + runs;
    };
    const { createdFrom, createdBefore } = criteria;
    const within = createdFrom === undefined && createdBefore === undefined ? null : timesOf(criteria);
    for (const { id, namespace } of this.#lanes.matching((lane) => isWanted(lane, criteria))) {
      const [running, resting] =
        within === null
          ? [this.#countRunning.get(id, namespace), this.#counts.all(id, namespace)]
          : [
              this.#countRunningWithin.get(id, namespace, ...within),
              this.#countsWithin.all(id, namespace, ...within),
            ];
      add('running', Number(running!['runs']));
      for (const { status, runs } of resting) add(status as RunStatus, Number(runs));
    }
    return counts;
  }

  #keys(query: RunQuery): number[] {
    const { namespace, limit, below = ENDLESS } = query;
    const times = timesOf(query);
    let keys: number[] = [];
    for (const { id } of this.#lanes.matching((lane) => isWanted(lane, query))) {
      for (const status of new Set(query.statuses ?? STATUSES)) {
        // What is older than a page's worth of what was found already need not be read.
        const above = keys.length < limit ? 0 : (keys.at(-1) ?? 0);
        const within = [id, namespace, above, below, ...times, limit];
        const rows =
          status === 'running' ? this.#running.all(...within) : this.#resting.all(status, ...within);
        if (rows.length === 0) continue;
        keys = [...keys, ...rows.map(({ key }) => Number(key))].toSorted((a, b) => b - a).slice(0, limit);
      }
    }
    return keys;
  }
}

function timesOf({ createdFrom = 0, createdBefore = ENDLESS }: RunCriteria): [from: number, before: number] {
  return [createdFrom, createdBefore];
}

function isWanted(lane: Lane, { namespace, workflow, version, queue }: RunCriteria): boolean {
  return (
    lane.namespace === namespace &&
    (workflow === undefined || lane.workflow === workflow) &&
    (version === undefined || lane.version === version) &&
    (queue === undefined || lane.queue === queue)
  );
}
