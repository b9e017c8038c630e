import { expect, onTestFinished } from 'vitest';
import { Newsroom, type Store } from 'stepwell/engine';
import { addressOf } from '../src/address.ts';
import { DatabaseClock } from '../src/clock.ts';
import { Database } from '../src/database.ts';
import { NewsChannel } from '../src/news-channel.ts';
import { PostgresStore } from '../src/store.ts';
import { connect, databaseUrl } from './database.ts';

/** What a call has read: rows of tables and entries of indexes, and pages of either. */
export interface Reading {
  readonly rows: number;
  readonly pages: number;
}

/** A store of which it can be said what each call reads. */
export interface CountedStore {
  readonly store: Store;
  readonly database: Database;
  /** Of what is done alone: nobody else may use the schema meanwhile. */
  readonly readingOf: (work: () => Promise<unknown>) => Promise<Reading>;
}

/**
 * A store with one connection for reading and one for writing, so that each statement is planned once for all the calls
 * of a test, as it is in a process that lives long. Its tables are there.
 */
export async function openCounted(schema: string): Promise<CountedStore> {
  const address = addressOf({ url: await databaseUrl(), schema, connections: 3 });
  // One of each: `addressOf` asks for more.
  const database = new Database({ ...address, connections: 2 });
  const report = (error: unknown) => expect.unreachable(String(error));
  const channel = new NewsChannel({
    url: address.listenUrl,
    schema,
    heard: () => {},
    toldTime: () => {},
    report,
  });
  await channel.open();
  const soon = (callback: () => void) => void setImmediate(callback);
  const clock = new DatabaseClock();
  const store = new PostgresStore({ database, clock, channel, newsroom: new Newsroom(), soon, report });
  onTestFinished(() => store.close());
  const observer = await connect();
  // Counters of a session reach the others when it is asked for that, or after a second.
  const flush = 'select pg_stat_force_next_flush()';
  const counted = async (): Promise<Reading> => {
    await database.read(flush);
    await database.write(flush, []);
    const { rows } = await observer.query<{ rows: string; pages: string }>(COUNTED, [schema]);
    return { rows: Number(rows[0]!.rows), pages: Number(rows[0]!.pages) };
  };
  return {
    store,
    database,
    async readingOf(work) {
      const before = await counted();
      await work();
      const after = await counted();
      return { rows: after.rows - before.rows, pages: after.pages - before.pages };
    },
  };
}

const COUNTED = `
  select (select sum(seq_tup_read) from pg_stat_user_tables where schemaname = $1)
      + (select sum(idx_tup_read) from pg_stat_user_indexes where schemaname = $1) as rows,
    (select sum(heap_blks_read + heap_blks_hit + coalesce(idx_blks_read + idx_blks_hit, 0))
      from pg_statio_user_tables where schemaname = $1) as pages`;
