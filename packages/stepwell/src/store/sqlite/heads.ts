import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Candidate } from '../queue-rules.ts';
import { selectsOf } from './compound.ts';
import type { Lane } from './lanes.ts';
import type { Arrival } from './turns.ts';

/** Each set of lanes has its own select, and every new workflow or version makes new sets. */
const SELECTS_KEPT = 200;

export interface Head extends Candidate {
  /** Null: its queue has no settings, or it was not in line when they came. */
  readonly turn: number | null;
}

/**
 * `ready`: without a turn; `line`: with one; `begun`: those in line that have begun before; `pass`: cancelled before they
 * began. The columns are those of the index that holds them together, in its order.
 */
const WAYS = {
  ready: { where: 'turn is null and ready_at <= ?1', order: 'ready_at, key' },
  line: { where: 'turn >= 0 and ready_at <= ?1', order: 'turn, ready_at, key' },
  begun: { where: 'turn = 0 and ready_at <= ?1', order: 'turn, ready_at, key' },
  pass: { where: 'turn = -1 and ready_at <= ?1', order: 'ready_at, key' },
} as const;

/** Reads the ready runs of lanes, merged. */
export class Heads {
  readonly #database: DatabaseSync;
  readonly #anyPass: StatementSync;
  readonly #selects = new Map<string, StatementSync>();

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#anyPass = database.prepare(
      'select 1 from run indexed by run_pass where turn = -1 and ready_at is not null limit 1',
    );
  }

  /**
   * The first of the lanes. Priority by priority, because SQLite merges lanes in the order of their index only: with the
   * priority in the `order by` it would sort all ready runs at every claim (1.5 ms a claim with 40,000 of them).
   */
  first(lanes: readonly Lane[], way: keyof typeof WAYS, now: number, limit: number): Head[] {
    const found: Head[] = [];
    if (way === 'pass' && this.#anyPass.get() === undefined) return found;
    const { where, order } = WAYS[way];
    for (const [priority, equals] of [...Map.groupBy(lanes, (lane) => lane.priority)].toSorted(
      ([a], [b]) => b - a,
    )) {
      if (found.length >= limit) break;
      for (const some of selectsOf(equals)) {
        const heads = some.map(
          ({ id }) =>
            `select key, ready_at as readyAt, turn, ${priority} as priority from run where lane = ${id} and ${where}`,
        );
        const sorted = order.replace('ready_at', 'readyAt');
        const select = this.#prepared(`${heads.join(' union all ')} order by ${sorted} limit ?2`);
        found.push(...(select.all(now, limit) as unknown as Head[]));
      }
    }
    return found;
  }

  /** Those of the lanes that have no turn yet, the oldest first. */
  arrivals(lanes: readonly Lane[], now: number, limit: number): Arrival[] {
    const found: (Arrival & { readonly ready_at: number })[] = [];
    for (const some of selectsOf(lanes)) {
      const heads = some.map(
        ({ id }) =>
          `select key, ready_at, started_at, concurrency_key from run where lane = ${id} and ${WAYS.ready.where}`,
      );
      const select = this.#prepared(`${heads.join(' union all ')} order by ready_at, key limit ?2`);
      found.push(...(select.all(now, limit) as unknown as typeof found));
    }
    return found.toSorted((a, b) => a.ready_at - b.ready_at || a.key - b.key).slice(0, limit);
  }

  /** When the next run of the lanes becomes ready. */
  next(lanes: readonly Lane[], now: number): number | null {
    const ways = this.#anyPass.get() === undefined ? ['turn is null'] : ['turn is null', 'turn = -1'];
    const times = ways.flatMap((way) => this.#nextOf(lanes, way, now));
    return times.length === 0 ? null : Math.min(...times);
  }

  #nextOf(lanes: readonly Lane[], way: string, now: number): number[] {
    return [...selectsOf(lanes)].flatMap((some) => {
      const firsts = some.map(
        ({ id }) => `select ready_at from run where lane = ${id} and ${way} and ready_at > ?1`,
      );
      const first = this.#prepared(`${firsts.join(' union all ')} order by ready_at limit 1`).get(now);
      return first === undefined ? [] : [Number(first['ready_at'])];
    });
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
