import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { RunKey } from '../../model/run.ts';
import type { CommitRequest } from '../commit.ts';

/** A row exists exactly while the callback is open: whoever deletes it has completed or closed the callback. */
export class Callbacks {
  readonly #select: StatementSync;
  readonly #insert: StatementSync;
  readonly #delete: StatementSync;
  readonly #deleteOf: StatementSync;
  readonly #count: StatementSync;
  /** How many are open: where there are none, the end of a run has none to close. */
  #open = 0;

  constructor(database: DatabaseSync) {
    this.#select = database.prepare('select run, op from callback where callback = ?');
    this.#insert = database.prepare('insert into callback (callback, run, op) values (?, ?, ?)');
    this.#delete = database.prepare('delete from callback where callback = ?');
    this.#deleteOf = database.prepare('delete from callback where run = ?');
    this.#count = database.prepare('select count(*) as open from callback');
    this.reload();
  }

  find(callback: string): { run: RunKey; op: string } | undefined {
    return this.#select.get(callback) as { run: RunKey; op: string } | undefined;
  }

  /** After a rollback. */
  reload(): void {
    this.#open = Number(this.#count.get()?.['open']);
  }

  open(callback: string, run: RunKey, op: string): void {
    this.close(callback);
    this.#insert.run(callback, run, op);
    this.#open++;
  }

  close(callback: string): void {
    this.#open -= Number(this.#delete.run(callback).changes);
  }

  closeAllOf(run: RunKey): void {
    if (this.#open > 0) this.#open -= Number(this.#deleteOf.run(run).changes);
  }

  /** Whether all that a commit closes is still open, or is opened by itself. */
  canClose({ run, open, close }: CommitRequest): boolean {
    return close.every(
      (callback) => this.find(callback)?.run === run || open.some((one) => one.callback === callback),
    );
  }
}
