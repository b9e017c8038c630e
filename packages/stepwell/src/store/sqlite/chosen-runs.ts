import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { ACTIVE_STATUSES, FINAL_STATUSES, type RunStatus } from '../../model/run.ts';
import type { RunCriteria, RunQuery } from '../query.ts';
import { RUN_ROW, type RunRow } from './rows.ts';

/** Beyond every key. */
const ENDLESS = Number.MAX_SAFE_INTEGER;

/**
 * Keys among which a text in the id is looked for first: a frequent one is soon found there. In the index of ids the whole
 * namespace is read, 0.2 s a million; and then the row of each that has the text, if more is asked for.
 */
const RECENT = 10_000;

const STATUSES: readonly RunStatus[] = [...ACTIVE_STATUSES, ...FINAL_STATUSES];

interface Statements {
  readonly rows: StatementSync;
  readonly counts: StatementSync;
}

/** Whether runs are asked for by something that is not of their lane: by their parent, a tag, or a text in the id. */
export function areChosen({ parent, tag, idContains }: RunCriteria): boolean {
  return parent !== undefined || tag !== undefined || idContains !== undefined;
}

/**
 * Runs that are found by what only they have, and then looked at one by one, the newest first: those of a parent, those
 * with a tag. Those with a text in the id are found by reading all ids.
 */
export class ChosenRuns {
  readonly #children: Statements;
  readonly #tagged: Statements;
  readonly #recent: Statements;
  readonly #named: Statements;
  readonly #newest: StatementSync;

  constructor(database: DatabaseSync) {
    this.#children = statements(database, 'run where parent_key = ?9 and key < ?2', 'key');
    this.#tagged = statements(
      database,
      `tag cross join run on run.key = tag.run
        where ?9 is null and tag.namespace = ?1 and tag.tag = ?7 and tag.run < ?2`,
      'tag.run',
    );
    this.#recent = statements(
      database,
      `run not indexed where ?9 is null and key < ?2 and key >= ?2 - ${RECENT}`,
      'key',
    );
    this.#named = statements(
      database,
      'run indexed by sqlite_autoindex_run_1 where ?9 is null and namespace = ?1 and key < ?2',
      'key',
    );
    this.#newest = database.prepare('select coalesce(max(key), 0) as key from run');
  }

  /** @param lanes their ids; null: any */
  rows(query: RunQuery, lanes: readonly number[] | null): RunRow[] {
    const of = ({ rows }: Statements, { below = ENDLESS, limit }: Pick<RunQuery, 'below' | 'limit'>) =>
      rows.all(...valuesOf(query, lanes, below), limit) as unknown as RunRow[];
    if (query.parent !== undefined) return of(this.#children, query);
    if (query.tag !== undefined) return of(this.#tagged, query);
    const { limit } = query;
    const below = Math.min(query.below ?? ENDLESS, Number(this.#newest.get()!['key']) + 1);
    const recent = of(this.#recent, { below, limit });
    if (recent.length === limit) return recent;
    return [...recent, ...of(this.#named, { below: below - RECENT, limit: limit - recent.length })];
  }

  count(criteria: RunCriteria, lanes: readonly number[] | null): Partial<Record<RunStatus, number>> {
    const found =
      criteria.parent !== undefined
        ? this.#children
        : criteria.tag !== undefined
          ? this.#tagged
          : this.#named;
    const row = found.counts.get(...valuesOf(criteria, lanes, ENDLESS))!;
    const counts = STATUSES.map((status) => [status, Number(row[status])] as const);
    return Object.fromEntries(counts.filter(([, runs]) => runs > 0));
  }
}

/** @param from where they are, with the conditions by which they are found; @param key in whose order they are there */
function statements(database: DatabaseSync, from: string, key: string): Statements {
  const matches = `run.namespace = ?1
    and (?8 is null or instr(id, ?8) > 0)
    and (?7 is null or exists (select 1 from tag one where one.namespace = ?1 and one.tag = ?7 and one.run = run.key))
    and (?3 is null or lane in (select value from json_each(?3)))
    and (?4 is null or status in (select value from json_each(?4)))
    and (?5 is null or created_at >= ?5) and (?6 is null or created_at < ?6)`;
  const counts = STATUSES.map((status) => `count(*) filter (where status = '${status}') as ${status}`);
  return {
    rows: database.prepare(
      `select run.${RUN_ROW} from ${from} and ${matches} order by ${key} desc limit ?10`,
    ),
    counts: database.prepare(`select ${counts.join()} from ${from} and ${matches}`),
  };
}

/** ?1 to ?9. */
function valuesOf(criteria: RunCriteria, lanes: readonly number[] | null, below: number): SQLInputValue[] {
  const { namespace, parent, tag, idContains, statuses, createdFrom, createdBefore } = criteria;
  return [
    namespace,
    below,
    lanes === null ? null : JSON.stringify(lanes),
    statuses === undefined ? null : JSON.stringify(statuses),
    createdFrom ?? null,
    createdBefore ?? null,
    tag ?? null,
    idContains ?? null,
    parent ?? null,
  ];
}
