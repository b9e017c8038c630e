import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { NewRun, RunKey } from '../../model/run.ts';
import type { Newsroom } from '../newsroom.ts';
import type { Lanes } from './lanes.ts';
import type { Queues } from './queues.ts';
import type { RunRow } from './rows.ts';

/** What a run shares with the others of its concurrency key. */
interface Sharer {
  readonly namespace: string;
  readonly concurrency_key: string | null;
}

/**
 * The slots of concurrency keys. A run takes one with its first claim and has it until it ends; a child whose parent
 * awaits it and has the same key has that of its parent. A run for which a claim finds none is blocked: it leaves the
 * ready runs, so that no claim meets it again until a run of its key ends. Then the first of its key in every lane is
 * made ready: in one lane only, the worker that could use the slot might be one that does not serve that lane.
 */
export class ConcurrencySlots {
  readonly #lanes: Lanes;
  readonly #queues: Queues;
  readonly #news: Newsroom;
  /** Whether slots were ever asked for: if not, the end of a run has nobody to make room for. */
  #areUsed: boolean;
  readonly #select: StatementSync;
  readonly #count: StatementSync;
  readonly #ofParent: StatementSync;
  readonly #leave: StatementSync;
  readonly #block: StatementSync;
  readonly #nextLane: StatementSync;
  readonly #firstOfLane: StatementSync;
  readonly #unblock: StatementSync;

  constructor(database: DatabaseSync, lanes: Lanes, queues: Queues, news: Newsroom) {
    this.#lanes = lanes;
    this.#queues = queues;
    this.#news = news;
    this.#select = database.prepare('select namespace, concurrency_key from run where key = ?');
    this.#count = database.prepare(
      'select count(*) as taken from run where namespace = ? and concurrency_key = ? and slot = 1',
    );
    this.#ofParent = database.prepare(
      'select 1 from run where key = ? and concurrency_key = ? and slot is not null',
    );
    this.#leave = database.prepare(
      'update run set slot = iif(started_at is null, null, 1) where parent_key = ? and slot = 0',
    );
    this.#block = database.prepare('update run set blocked_at = ready_at, ready_at = null where key = ?');
    this.#nextLane = database.prepare(
      'select min(lane) as lane from run where lane > ? and blocked_at is not null',
    );
    this.#firstOfLane = database.prepare(`
      select key from run
      where lane = ? and namespace = ? and concurrency_key = ? and blocked_at is not null
        and iif(concurrency_limit = 0, ?, concurrency_limit) > ?
      order by turn, blocked_at, key limit 1`);
    this.#unblock = database.prepare('update run set ready_at = blocked_at, blocked_at = null where key = ?');
    const used = database.prepare(
      `select exists (select 1 from run where slot = 1)
        or exists (select 1 from run where blocked_at is not null) as used`,
    );
    this.#areUsed = used.get()?.['used'] === 1;
  }

  /** Whether a run has a slot, or needs none, or there is one left. */
  has({ slot, namespace, concurrency_key, concurrency_limit, lane }: RunRow): boolean {
    if (concurrency_key === null || slot !== null) return true;
    const limit = concurrency_limit === 0 ? this.#limitOf(lane) : concurrency_limit;
    return this.#taken(namespace, concurrency_key) < limit;
  }

  /** Whether the run that awaits a new one has a slot of the same key. */
  areShared({ parent, concurrencyKey }: NewRun): boolean {
    if (concurrencyKey === null || parent === null || parent.op === null) return false;
    return this.#ofParent.get(parent.key, concurrencyKey) !== undefined;
  }

  block(run: RunKey): void {
    this.#block.run(run);
  }

  /** A run has ended and given its slot back, if it had one. */
  freedBy(run: RunKey, at: number): void {
    if (!this.#areUsed) return;
    const { namespace, concurrency_key } = this.#select.get(run) as unknown as Sharer;
    if (concurrency_key === null) return;
    this.#leave.run(run);
    const taken = this.#taken(namespace, concurrency_key);
    for (let lane = this.#laneAfter(0); lane !== null; lane = this.#laneAfter(lane)) {
      const first = this.#firstOfLane.get(lane, namespace, concurrency_key, this.#limitOf(lane), taken);
      if (first !== undefined) this.#unblock.run(Number(first['key']));
    }
    this.#news.ready(at);
  }

  /** Of runs that have no limit of their own. */
  #limitOf(lane: number): number {
    return this.#queues.areUsed ? (this.#queues.of(this.#lanes.get(lane))?.limits.perKey ?? 1) : 1;
  }

  #taken(namespace: string, concurrencyKey: string): number {
    this.#areUsed = true;
    return Number(this.#count.get(namespace, concurrencyKey)?.['taken']);
  }

  #laneAfter(lane: number): number | null {
    return this.#nextLane.get(lane)?.['lane'] as number | null;
  }
}
