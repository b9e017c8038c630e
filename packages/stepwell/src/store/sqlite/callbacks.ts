import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { RunKey } from '../../model/run.ts';
import type { CommitRequest } from '../contract.ts';

/** A row exists exactly while the callback is open: whoever deletes it has completed or closed the callback. */
export class Callbacks {
  readonly #select: StatementSync;
  readonly #insert: StatementSync;
  readonly #delete: StatementSync;
  readonly #deleteOf: StatementSync;

  constructor(database: DatabaseSync) {
    this.#select = database.prepare('select run, op from callback where callback = ?');
    this.#insert = database.prepare('insert or replace into callback (callback, run, op) values (?, ?, ?)');
    this.#delete = database.prepare('delete from callback where callback = ?');
    this.#deleteOf = database.prepare('delete from callback where run = ?');
  }

  find(callback: string): { run: RunKey; op: string } | undefined {
    return this.#select.get(callback) as { run: RunKey; op: string } | undefined;
  }

  open(callback: string, run: RunKey, op: string): void {
    this.#insert.run(callback, run, op);
  }

  close(callback: string): void {
    this.#delete.run(callback);
  }

  closeAllOf(run: RunKey): void {
    this.#deleteOf.run(run);
  }

  /** Whether all that a commit closes is still open, or is opened by itself. */
  canClose({ run, open, close }: CommitRequest): boolean {
    return close.every(
      (callback) => this.find(callback)?.run === run || open.some((one) => one.callback === callback),
    );
  }
}
