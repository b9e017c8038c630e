import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { StepwellError } from '../../model/errors.ts';
import type { Payload } from '../../model/codec.ts';
import type { RunKey } from '../../model/run.ts';
import type { TransactionWork } from '../contract.ts';
import type { TransactionOutcome } from '../records.ts';
import { runPurged } from '../transaction-error.ts';
import { textOf } from './rows.ts';

/** What the body of a transaction writes with, in the file that the runs are in. It ends with the body. */
export interface SqliteTransaction {
  prepare(sql: string): StatementSync;
  exec(sql: string): void;
}

type Attempt =
  | { readonly ok: true; readonly value: Payload | undefined }
  | { readonly ok: false; readonly error: unknown };

/** Transactions of users, each with its outcome, inside the transactions of the store. */
export class Outcomes {
  readonly #database: DatabaseSync;
  readonly #select: StatementSync;
  readonly #selectAll: StatementSync;
  readonly #insert: StatementSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#select = database.prepare(`
      select outcome.key is not null as kept, value from run
      left join outcome on outcome.run = run.key and outcome.key = ?2 where run.key = ?1`);
    this.#selectAll = database.prepare('select key, value from outcome where run = ? order by key');
    this.#insert = database.prepare('insert into outcome (run, key, value) values (?, ?, ?)');
  }

  /** @throws what leaves no transaction to go on in, a full disk for example; all else is in the answer */
  attempt(run: RunKey, key: string, work: TransactionWork): Attempt {
    const known = this.#select.get(run, key);
    if (known === undefined) return { ok: false, error: runPurged() };
    if (known['kept'] === 1) return { ok: true, value: valueOf(known['value']) };
    const tx = new EndingTransaction(this.#database);
    this.#database.exec('savepoint work');
    try {
      const value = work(tx);
      if (value instanceof Promise) throw asynchronous(value);
      this.put(run, { key, value });
      this.#database.exec('release work');
      return { ok: true, value };
    } catch (error) {
      if (!this.#database.isTransaction) throw error;
      this.#database.exec('rollback to work; release work');
      return { ok: false, error };
    } finally {
      tx.end();
    }
  }

  put(run: RunKey, { key, value }: TransactionOutcome): void {
    this.#insert.run(run, key, textOf(value));
  }

  all(run: RunKey): TransactionOutcome[] {
    return this.#selectAll.all(run).map(({ key, value }) => ({ key: String(key), value: valueOf(value) }));
  }
}

class EndingTransaction implements SqliteTransaction {
  #database: DatabaseSync | null;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  prepare(sql: string): StatementSync {
    return this.#open().prepare(sql);
  }

  exec(sql: string): void {
    this.#open().exec(sql);
  }

  end(): void {
    this.#database = null;
  }

  #open(): DatabaseSync {
    if (this.#database !== null) return this.#database;
    throw new StepwellError(
      'OPTION_INVALID',
      'The transaction has ended: on SQLite it ends with the first turn of its body. Write everything without await.',
    );
  }
}

function asynchronous(promise: Promise<unknown>): StepwellError {
  promise.catch(() => {});
  return new StepwellError(
    'OPTION_INVALID',
    'The body of a transaction is async. On SQLite everything waits while a transaction is open, so it must not wait itself: give a function that is not async. Do what waits in a step before it.',
  );
}

function valueOf(text: unknown): Payload | undefined {
  return text === null ? undefined : (JSON.parse(text as string) as Payload);
}
