import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { ScheduleRecord } from '../records.ts';

/** The schedules of all namespaces. */
export class Schedules {
  readonly #select: StatementSync;
  readonly #insert: StatementSync;
  readonly #update: StatementSync;
  readonly #delete: StatementSync;

  constructor(database: DatabaseSync) {
    this.#select = database.prepare('select * from schedule where namespace = ? order by name');
    this.#insert = database.prepare(
      'insert into schedule (namespace, name, revision, value) values (?, ?, 1, ?) on conflict do nothing',
    );
    this.#update = database.prepare(
      'update schedule set revision = revision + 1, value = ?3 where namespace = ?1 and name = ?2 and revision = ?4',
    );
    this.#delete = database.prepare('delete from schedule where namespace = ? and name = ?');
  }

  all(namespace: string): ScheduleRecord[] {
    return this.#select.all(namespace).map((row) => ({ ...(row as unknown as ScheduleRecord) }));
  }

  save({ namespace, name, revision, value }: ScheduleRecord): boolean {
    const { changes } =
      revision === 1
        ? this.#insert.run(namespace, name, value)
        : this.#update.run(namespace, name, value, revision - 1);
    return changes === 1;
  }

  delete(namespace: string, name: string): boolean {
    return this.#delete.run(namespace, name).changes === 1;
  }
}
