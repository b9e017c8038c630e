import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { ClaimAnswer, ClaimedRun, ClaimRequest } from '../contract.ts';
import type { Newsroom } from '../newsroom.ts';
import { selectsOf } from './compound.ts';
import type { Inboxes } from './inboxes.ts';
import type { Journals } from './journal.ts';
import type { Lane, Lanes } from './lanes.ts';
import { RUN_ROW, type RunRow, runOf } from './rows.ts';
import type { ConcurrencySlots } from './slots.ts';

/** Each set of lanes has its own select, and every new workflow or version makes new sets. */
const SELECTS_KEPT = 200;

/** A claim that meets very many runs without a slot stops there, and tells workers to claim again. */
const BLOCKED_PER_CLAIM = 1_000;

interface ClaimParts {
  readonly lanes: Lanes;
  readonly journals: Journals;
  readonly inboxes: Inboxes;
  readonly slots: ConcurrencySlots;
  readonly news: Newsroom;
}

interface Candidate {
  readonly key: number;
  readonly ready_at: number;
  readonly priority: number;
}

/** Gives ready runs to workers: the heads of the lanes that the worker fits, merged by urgency. */
export class Claims {
  readonly #database: DatabaseSync;
  readonly #parts: ClaimParts;
  readonly #worker: StatementSync;
  readonly #row: StatementSync;
  readonly #forced: StatementSync;
  readonly #give: StatementSync;
  readonly #selects = new Map<string, StatementSync>();

  constructor(database: DatabaseSync, parts: ClaimParts) {
    this.#database = database;
    this.#parts = parts;
    this.#worker = database.prepare('select 1 from worker where id = ?');
    this.#row = database.prepare(`select ${RUN_ROW} from run where key = ?`);
    this.#forced = database.prepare(`
      select run.key, ready_at, priority from run join lane on lane.id = run.lane
      where forced is not null and ready_at is not null`);
    this.#give = database.prepare(`
      update run set status = 'running', owner = ?2, started_at = ?3, slot = ?4, ready_at = null, parked_by = null,
        blocked_at = null, waiting_for = '[]', error = null
      where key = ?1`);
  }

  claim(request: ClaimRequest): ClaimAnswer {
    if (this.#worker.get(request.worker) === undefined) return { runs: [], nextReadyAt: null };
    const lanes = this.#parts.lanes.fitting(request);
    const runs: ClaimedRun[] = [];
    let blocked = 0;
    while (runs.length < request.limit) {
      const candidates = this.#candidates(lanes, request.now, request.limit - runs.length);
      if (candidates.length === 0) break;
      if (blocked >= BLOCKED_PER_CLAIM) {
        this.#parts.news.ready(request.now);
        break;
      }
      for (const { key } of candidates) {
        const row = this.#row.get(key) as unknown as RunRow;
        if (this.#hasSlot(row)) runs.push(this.#giveTo(request, row));
        else {
          this.#parts.slots.block(key);
          blocked++;
        }
      }
    }
    return { runs, nextReadyAt: this.#nextReadyAt(lanes, request.now) };
  }

  /**
   * Priority by priority, because SQLite merges lanes in the order of their index only: with the priority in the
   * `order by` it would sort all ready runs at every claim (1.5 ms a claim with 40,000 of them).
   */
  #candidates(lanes: readonly Lane[], now: number, limit: number): Candidate[] {
    const found = this.#forcedRuns().filter(({ ready_at }) => ready_at <= now);
    let fromLanes = 0;
    for (const [priority, equals] of [...Map.groupBy(lanes, (lane) => lane.priority)].toSorted(
      ([a], [b]) => b - a,
    )) {
      if (fromLanes >= limit) break;
      for (const some of selectsOf(equals)) {
        const heads = some.map(
          ({ id }) =>
            `select key, ready_at, ${priority} as priority from run where lane = ${id} and ready_at <= ?1`,
        );
        const select = this.#prepared(`${heads.join(' union all ')} order by ready_at, key limit ?2`);
        const rows = select.all(now, limit) as unknown as Candidate[];
        fromLanes += rows.length;
        found.push(...rows);
      }
    }
    const distinct = new Map(found.map((candidate) => [candidate.key, candidate]));
    return [...distinct.values()]
      .toSorted((a, b) => b.priority - a.priority || a.ready_at - b.ready_at || a.key - b.key)
      .slice(0, limit);
  }

  #nextReadyAt(lanes: readonly Lane[], now: number): number | null {
    const times = this.#forcedRuns()
      .map(({ ready_at }) => ready_at)
      .filter((at) => at > now);
    for (const some of selectsOf(lanes)) {
      const firsts = some.map(({ id }) => `select ready_at from run where lane = ${id} and ready_at > ?1`);
      const first = this.#prepared(`${firsts.join(' union all ')} order by ready_at limit 1`).get(now);
      if (first !== undefined) times.push(Number(first['ready_at']));
    }
    return times.length === 0 ? null : Math.min(...times);
  }

  /** Runs of whatever kind that are to be ended by force: rare, and soon gone. */
  #forcedRuns(): Candidate[] {
    return this.#forced.all() as unknown as Candidate[];
  }

  #hasSlot({ forced, slot, namespace, concurrency_key, concurrency_limit }: RunRow): boolean {
    if (concurrency_key === null || slot !== null || forced !== null) return true;
    return this.#parts.slots.taken({ namespace, concurrency_key }) < concurrency_limit;
  }

  #giveTo({ worker, now }: ClaimRequest, row: RunRow): ClaimedRun {
    const { lanes, journals, inboxes } = this.#parts;
    const startedAt = row.started_at ?? now;
    this.#give.run(row.key, worker, startedAt, row.concurrency_key === null ? null : 1);
    const run = runOf(row, lanes.get(row.lane));
    return {
      run: {
        ...run,
        status: 'running',
        owner: worker,
        startedAt,
        readyAt: null,
        waitingFor: [],
        error: undefined,
      },
      journal: row.parked_by === worker ? null : journals.all(row.key),
      facts: row.delivered === 0 ? [] : inboxes.after(row.key, 0),
    };
  }

  #prepared(sql: string): StatementSync {
    const known = this.#selects.get(sql);
    if (known !== undefined) return known;
    if (this.#selects.size >= SELECTS_KEPT) this.#selects.clear();
    const statement = this.#database.prepare(sql);
    this.#selects.set(sql, statement);
    return statement;
  }
}
