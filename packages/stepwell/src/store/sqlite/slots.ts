import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { RunKey } from '../../model/run.ts';
import type { Newsroom } from '../newsroom.ts';

/** What a run shares with the others of its concurrency key. */
interface Sharer {
  readonly namespace: string;
  readonly concurrency_key: string | null;
}

/**
 * The slots of concurrency keys. A run takes one with its first claim and has it until it ends. A run for which a
 * claim finds none is blocked: it leaves the ready runs, so that no claim meets it again until a run of its key ends.
 * Then the first of its key in every lane is made ready: in one lane only, the worker that could use the slot might
 * be one that does not serve that lane.
 */
export class ConcurrencySlots {
  readonly #news: Newsroom;
  /** Whether slots were ever asked for: if not, the end of a run has nobody to make room for. */
  #areUsed: boolean;
  readonly #select: StatementSync;
  readonly #count: StatementSync;
  readonly #block: StatementSync;
  readonly #nextLane: StatementSync;
  readonly #firstOfLane: StatementSync;
  readonly #unblock: StatementSync;

  constructor(database: DatabaseSync, news: Newsroom) {
    this.#news = news;
    this.#select = database.prepare('select namespace, concurrency_key from run where key = ?');
    this.#count = database.prepare(
      'select count(*) as taken from run where namespace = ? and concurrency_key = ? and slot is not null',
    );
    this.#block = database.prepare('update run set blocked_at = ready_at, ready_at = null where key = ?');
    this.#nextLane = database.prepare(
      'select min(lane) as lane from run where lane > ? and blocked_at is not null',
    );
    this.#firstOfLane = database.prepare(`
      select key from run
      where lane = ? and namespace = ? and concurrency_key = ? and blocked_at is not null and concurrency_limit > ?
      order by blocked_at, key limit 1`);
    this.#unblock = database.prepare('update run set ready_at = blocked_at, blocked_at = null where key = ?');
    const used = database.prepare(
      `select exists (select 1 from run where slot is not null)
        or exists (select 1 from run where blocked_at is not null) as used`,
    );
    this.#areUsed = used.get()?.['used'] === 1;
  }

  taken(run: { readonly namespace: string; readonly concurrency_key: string }): number {
    this.#areUsed = true;
    return Number(this.#count.get(run.namespace, run.concurrency_key)?.['taken']);
  }

  block(run: RunKey): void {
    this.#block.run(run);
  }

  /** A run has ended and given its slot back, if it had one. */
  freedBy(run: RunKey, at: number): void {
    if (!this.#areUsed) return;
    const { namespace, concurrency_key } = this.#select.get(run) as unknown as Sharer;
    if (concurrency_key === null) return;
    const taken = this.taken({ namespace, concurrency_key });
    for (let lane = this.#laneAfter(0); lane !== null; lane = this.#laneAfter(lane)) {
      const first = this.#firstOfLane.get(lane, namespace, concurrency_key, taken);
      if (first !== undefined) this.#unblock.run(Number(first['key']));
    }
    this.#news.ready(at);
  }

  #laneAfter(lane: number): number | null {
    return this.#nextLane.get(lane)?.['lane'] as number | null;
  }
}
