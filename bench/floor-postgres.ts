import { Client } from 'pg';
import { bigints, texts } from '../packages/postgres/src/arrays.ts';
import { Floor, type FloorCommit } from './floor.ts';

/** Flushes go one after the other, so one connection is all that the floor can use. */
const insert = `
  with stored as (
    insert into floor_journal (run, position, at, events)
    select * from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[])
    on conflict do nothing returning run
  ) select run from stored`;

/** The floor on PostgreSQL: each flush is one prepared statement, arrays in binary, planned once. */
export class PostgresFloor extends Floor {
  readonly #client: Client;

  static async open(url: string): Promise<PostgresFloor> {
    const client = new Client({ connectionString: url });
    await client.connect();
    await client.query('set plan_cache_mode = force_generic_plan');
    await client.query(`
      create table floor_journal (
        run bigint not null, position bigint not null, at bigint not null, events text not null,
        primary key (run, position)
      )`);
    return new PostgresFloor(client);
  }

  private constructor(client: Client) {
    super();
    this.#client = client;
  }

  protected override async append(commits: readonly FloorCommit[]): Promise<boolean[]> {
    const { rows } = await this.#client.query<[string]>({
      name: 'flush',
      text: insert,
      values: [
        bigints(commits.map(({ run }) => run)),
        bigints(commits.map(({ position }) => position)),
        bigints(commits.map(({ at }) => at)),
        texts(commits.map(({ events }) => events)),
      ],
      rowMode: 'array',
    });
    if (rows.length === commits.length) return commits.map(() => true);
    const stored = new Set(rows.map(([run]) => Number(run)));
    return commits.map(({ run }) => stored.has(run));
  }

  override close(): Promise<void> {
    return this.#client.end();
  }
}

/** Commits of one row, one after the other: the measure of what a wake-up across processes costs. */
export class OneRowCommits {
  readonly #client: Client;

  static async open(url: string): Promise<OneRowCommits> {
    const client = new Client({ connectionString: url });
    await client.connect();
    await client.query('create table one_row (n bigint primary key)');
    return new OneRowCommits(client);
  }

  private constructor(client: Client) {
    this.#client = client;
  }

  async commit(n: number): Promise<void> {
    await this.#client.query({ name: 'one row', text: 'insert into one_row values ($1)', values: [n] });
  }

  close(): Promise<void> {
    return this.#client.end();
  }
}
