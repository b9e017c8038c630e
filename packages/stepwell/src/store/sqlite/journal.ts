import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Commit } from '../../model/event.ts';
import type { RunKey } from '../../model/run.ts';
import { CONSTRAINT_FOREIGNKEY, resultCodeOf } from './errors.ts';
import { type CommitRow, commitOf } from './rows.ts';

export class Journals {
  readonly #insert: StatementSync;
  readonly #selectAll: StatementSync;
  readonly #selectFrom: StatementSync;

  constructor(database: DatabaseSync) {
    this.#insert = database.prepare(
      'insert into journal (run, position, at, count, events) values (?, ?, ?, ?, ?) on conflict do nothing',
    );
    this.#selectAll = database.prepare(
      'select position, at, events from journal where run = ? order by position',
    );
    // The commit that holds a position begins at it or before it.
    this.#selectFrom = database.prepare(`
      select position, at, events from journal
      where run = ?1 and position + count > ?2
        and position >= coalesce((select max(position) from journal where run = ?1 and position <= ?2), 0)
      order by position limit ?3`);
  }

  /** False: the position is taken, or there is no such run (its foreign key). The transaction goes on in both cases. */
  append(run: RunKey, position: number, at: number, count: number, events: string): boolean {
    try {
      return this.#insert.run(run, position, at, count, events).changes === 1;
    } catch (thrown) {
      if (resultCodeOf(thrown) === CONSTRAINT_FOREIGNKEY) return false;
      throw thrown;
    }
  }

  all(run: RunKey): Commit[] {
    return this.#selectAll.all(run).map((row) => commitOf(row as unknown as CommitRow));
  }

  from(run: RunKey, position: number, limit: number): Commit[] {
    return this.#selectFrom.all(run, position, limit).map((row) => commitOf(row as unknown as CommitRow));
  }
}
