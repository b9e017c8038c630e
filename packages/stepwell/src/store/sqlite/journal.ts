import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Commit } from '../../model/event.ts';
import type { RunKey } from '../../model/run.ts';
import { CONSTRAINT_FOREIGNKEY, resultCodeOf } from './errors.ts';
import { type CommitRow, commitOf } from './rows.ts';

/**
 * Each commit has a number of its own, higher than any before it; the feed goes by these. The last one is kept in memory:
 * the file has one writer.
 */
export class Journals {
  readonly #insert: StatementSync;
  readonly #lastNumber: StatementSync;
  readonly #keepLast: StatementSync;
  #last = 0;
  readonly #selectAll: StatementSync;
  readonly #selectFrom: StatementSync;

  constructor(database: DatabaseSync) {
    this.#insert = database.prepare(
      'insert into journal (number, run, position, at, count, events) values (?, ?, ?, ?, ?, ?) on conflict (run, position) do nothing',
    );
    this.#lastNumber = database.prepare(
      'select max(last, coalesce((select max(number) from journal), 0)) as last from feed',
    );
    this.#keepLast = database.prepare('update feed set last = ?');
    this.#selectAll = database.prepare(
      'select position, at, events from journal where run = ? order by position',
    );
    // The commit that holds a position begins at it or before it.
    this.#selectFrom = database.prepare(`
      select position, at, events from journal
      where run = ?1 and position + count > ?2
        and position >= coalesce((select max(position) from journal where run = ?1 and position <= ?2), 0)
      order by position limit ?3`);
    this.reload();
  }

  /** Number of the commit that was written last. */
  get last(): number {
    return this.#last;
  }

  /** After a rollback: the numbers of what was not stored were never seen. */
  reload(): void {
    this.#last = Number(this.#lastNumber.get()!['last']);
  }

  /** The newest commits are purged: their numbers are not given again. */
  keepLast(): void {
    this.#keepLast.run(this.#last);
  }

  /** False: the position is taken, or there is no such run (its foreign key). The transaction goes on in both cases. */
  append(run: RunKey, position: number, at: number, count: number, events: string): boolean {
    try {
      if (this.#insert.run(this.#last + 1, run, position, at, count, events).changes === 0) return false;
      this.#last++;
      return true;
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
