import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { ACTIVE_STATUSES, FINAL_STATUSES } from '../../model/run.ts';
import type { RunQuery } from '../contract.ts';
import { selectsOf } from './compound.ts';
import type { Lane, Lanes } from './lanes.ts';
import { RUN_ROW, type RunRow } from './rows.ts';

/**
 * Runs that match, newest first. Each term of the compound select walks one stretch of an index from its newest run
 * on, and SQLite merges the terms: a page costs its own length, however many runs there are. Only the times of
 * creation are compared row by row.
 */
export function queryRuns(database: DatabaseSync, lanes: Lanes, query: RunQuery): RunRow[] {
  const found: RunRow[] = [];
  for (const stretches of selectsOf(stretchesOf(query, lanes))) {
    const terms = stretches.map((stretch) => termOf(stretch, query));
    const select = database.prepare(
      `${terms.map(({ sql }) => sql).join(' union all ')} order by key desc limit ?`,
    );
    found.push(...(select.all(...terms.flatMap(({ values }) => values), query.limit) as unknown as RunRow[]));
  }
  return found.toSorted((a, b) => b.key - a.key).slice(0, query.limit);
}

type Condition = readonly [sql: string, ...values: SQLInputValue[]];

/** The stretches of `run_parent` or `run_status` that hold the matching runs. */
function stretchesOf(query: RunQuery, lanes: Lanes): Condition[][] {
  const statuses = query.statuses ?? [...ACTIVE_STATUSES, ...FINAL_STATUSES];
  const byStatus = statuses.map((status): Condition => ['status = ?', status]);
  const matching = lanes.matching((lane) => matches(lane, query));
  if (query.parent !== undefined) {
    return [[...byStatusWithin(query), [`lane in (${matching.map(({ id }) => id).join()})`]]];
  }
  return matching.flatMap(({ id }) => byStatus.map((status): Condition[] => [['lane = ?', id], status]));
}

/** Within the children of one run there is no index by status. */
function byStatusWithin({ statuses }: RunQuery): Condition[] {
  return statuses === undefined ? [] : [[`status in (${statuses.map(() => '?').join()})`, ...statuses]];
}

function matches(lane: Lane, { workflow, version, queue }: RunQuery): boolean {
  return (
    (workflow === undefined || lane.workflow === workflow) &&
    (version === undefined || lane.version === version) &&
    (queue === undefined || lane.queue === queue)
  );
}

function termOf(stretch: readonly Condition[], query: RunQuery): { sql: string; values: SQLInputValue[] } {
  const conditions: Condition[] = [['namespace = ?', query.namespace], ...stretch];
  if (query.parent !== undefined) conditions.push(['parent_key = ?', query.parent]);
  if (query.below !== undefined) conditions.push(['key < ?', query.below]);
  if (query.createdFrom !== undefined) conditions.push(['created_at >= ?', query.createdFrom]);
  if (query.createdBefore !== undefined) conditions.push(['created_at < ?', query.createdBefore]);
  return {
    sql: `select ${RUN_ROW} from run where ${conditions.map(([sql]) => sql).join(' and ')}`,
    values: conditions.flatMap(([, ...values]) => values),
  };
}
