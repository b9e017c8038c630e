import type { SqliteTransaction } from '../../packages/stepwell/src/index.ts';

/** A row that a workflow has written into a table of its own, in the database that the runs are in. */
export interface Booking {
  /** Nothing keeps it from being there twice but the transaction that it is written in. */
  readonly key: string;
  readonly number: number;
}

interface PostgresTransaction {
  query(sql: string, values: readonly unknown[]): Promise<{ rows: { number: number }[] }>;
}

export const BOOKING_TABLE_OF_POSTGRES = 'create table booking (number serial, key text not null)';
const BOOKING_TABLE_OF_SQLITE =
  'create table if not exists booking (number integer primary key, key text not null)';
export const BOOKINGS = 'select key, number from booking';

/** Gives the number of the row. */
export function book(tx: SqliteTransaction | PostgresTransaction, key: string): number | Promise<number> {
  if ('query' in tx) {
    const insert = tx.query('insert into booking (key) values ($1) returning number', [key]);
    return insert.then(({ rows }) => rows[0]!.number);
  }
  tx.exec(BOOKING_TABLE_OF_SQLITE);
  return (tx.prepare('insert into booking (key) values (?) returning number').get(key) as unknown as Booking)
    .number;
}
