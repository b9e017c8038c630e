import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { RunKey } from '../../model/run.ts';
import type { Queue } from './queues.ts';

/** A run that is to get its place in line. */
export interface Arrival {
  readonly key: RunKey;
  readonly started_at: number | null;
  readonly concurrency_key: string | null;
}

/** Who comes when in the line of a queue with settings: keys take turns. */
export class Turns {
  readonly #ofQueue: StatementSync;
  readonly #ofKey: StatementSync;
  readonly #setKey: StatementSync;
  readonly #place: StatementSync;
  readonly #advance: StatementSync;
  readonly #prune: StatementSync;
  readonly #insertBeginning: StatementSync;
  readonly #forgetBeginnings: StatementSync;

  constructor(database: DatabaseSync) {
    this.#ofQueue = database.prepare('select turn from queue where id = ?');
    this.#ofKey = database.prepare('select turn from queue_turn where queue = ? and concurrency_key = ?');
    this.#setKey = database.prepare(`
      insert into queue_turn (queue, concurrency_key, turn) values (?, ?, ?)
      on conflict do update set turn = excluded.turn`);
    this.#place = database.prepare('update run set turn = ?2 where key = ?1');
    this.#advance = database.prepare('update queue set turn = ?2 where id = ?1 and turn < ?2');
    this.#prune = database.prepare('delete from queue_turn where queue = ? and turn <= ?');
    this.#insertBeginning = database.prepare('insert into beginning (queue, at) values (?, ?)');
    this.#forgetBeginnings = database.prepare('delete from beginning where queue = ? and at <= ?');
  }

  /** Gives runs their turns, in their order. */
  lineUp({ id }: Queue, arrivals: readonly Arrival[]): void {
    const queueTurn = Number(this.#ofQueue.get(id)?.['turn']);
    const turns = new Map<string, number>();
    for (const { key, started_at, concurrency_key } of arrivals) {
      if (started_at !== null) {
        this.#place.run(key, 0);
        continue;
      }
      // The empty key is none: keys have at least one character.
      const name = concurrency_key ?? '';
      const last = turns.get(name) ?? Number(this.#ofKey.get(id, name)?.['turn'] ?? 0);
      const turn = Math.max(queueTurn, last) + 1;
      turns.set(name, turn);
      this.#place.run(key, turn);
    }
    for (const [name, turn] of turns) this.#setKey.run(id, name, turn);
  }

  /** A run that was in line begins. */
  begin({ id, limits: { rate } }: Queue, turn: number, now: number): void {
    if (this.#advance.run(id, turn).changes !== 0) this.#prune.run(id, turn);
    if (rate === undefined) return;
    this.#forgetBeginnings.run(id, now - rate.period);
    this.#insertBeginning.run(id, now);
  }
}
