import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Head } from './heads.ts';

/** Of runs that have not begun in time, a claim looks at this many: there is one for each that has just run out. */
const EXPIRED_PER_CLAIM = 1_000;

/** Runs that any worker is given, whatever its kinds and queues: rare, and soon gone. */
export class OutOfTurn {
  readonly #forced: StatementSync;
  readonly #expired: StatementSync;
  readonly #nextExpired: StatementSync;

  constructor(database: DatabaseSync) {
    this.#forced = database.prepare(`
      select run.key, ready_at as readyAt, priority, turn from run join lane on lane.id = run.lane
      where forced is not null and ready_at is not null`);
    const unbegun = 'begin_by is not null and started_at is null and owner is null and ended_at is null';
    this.#expired = database.prepare(`
      select run.key, min(coalesce(ready_at, blocked_at, begin_by), ?1) as readyAt, priority, turn
      from run indexed by run_begin_by cross join lane on lane.id = run.lane
      where ${unbegun} and begin_by <= ?1 order by begin_by limit ${EXPIRED_PER_CLAIM}`);
    this.#nextExpired = database.prepare(`
      select begin_by from run indexed by run_begin_by where ${unbegun} and begin_by > ? order by begin_by limit 1`);
  }

  /** Those that are to be given now. */
  at(now: number): Head[] {
    const forced = (this.#forced.all() as unknown as Head[]).filter(({ readyAt }) => readyAt <= now);
    return [...forced, ...(this.#expired.all(now) as unknown as Head[])];
  }

  /** When the next one is to be given. */
  next(now: number): number | null {
    const times = (this.#forced.all() as unknown as Head[]).map(({ readyAt }) => readyAt);
    const expired = this.#nextExpired.get(now);
    if (expired !== undefined) times.push(Number(expired['begin_by']));
    const next = Math.min(...times.filter((at) => at > now));
    return next === Number.POSITIVE_INFINITY ? null : next;
  }
}
