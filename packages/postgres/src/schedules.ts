import type { ScheduleRecord } from 'stepwell/engine';
import type { Database } from './database.ts';

/** The schedules of all namespaces. */
export class Schedules {
  readonly #database: Database;
  readonly #table: string;

  constructor(database: Database) {
    this.#database = database;
    this.#table = `${database.schema}.schedule`;
  }

  all(namespace: string): Promise<ScheduleRecord[]> {
    return this.#database.read<ScheduleRecord>(
      `select namespace, name, revision, value from ${this.#table} where namespace = $1 order by name`,
      [namespace],
    );
  }

  async save({ namespace, name, revision, value }: ScheduleRecord): Promise<boolean> {
    const rows = await this.#database.write(
      revision === 1
        ? `insert into ${this.#table} (namespace, name, value, revision) values ($1, $2, $3, $4)
            on conflict do nothing returning revision`
        : `update ${this.#table} set revision = $4, value = $3
            where namespace = $1 and name = $2 and revision = $4 - 1 returning revision`,
      [namespace, name, value, revision],
    );
    return rows.length === 1;
  }

  async delete(namespace: string, name: string): Promise<boolean> {
    const rows = await this.#database.write(
      `delete from ${this.#table} where namespace = $1 and name = $2 returning name`,
      [namespace, name],
    );
    return rows.length === 1;
  }
}
