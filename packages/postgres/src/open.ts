import { Client } from 'pg';
import { StepwellError } from 'stepwell';
import { Newsroom, type Store } from 'stepwell/engine';
import { type Address, addressOf, type PostgresStoreOptions } from './address.ts';
import { DatabaseClock } from './clock.ts';
import { connectionTo, Database } from './database.ts';
import { explain } from './errors.ts';
import { migrate } from './migrate.ts';
import { NewsChannel } from './news-channel.ts';
import { PostgresStore } from './store.ts';

/** The oldest that is tested. */
const OLDEST_SERVER = 15;

/**
 * Opens a store in a PostgreSQL database; its tables are made if they are missing. Any number of processes may have it
 * open. They all go by the database's clock.
 *
 * @throws StepwellError `STORE_UNKNOWN`, `OPTION_INVALID`, `STORE_UNREACHABLE`, `STORE_ACCESS_DENIED`, `STORE_READ_ONLY`,
 * `STORE_TOO_NEW`, `STORE_DAMAGED`, `STORE_IN_USE`, `STORE_FULL`, `STORE_FAILED`
 */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<Store> {
  const address = addressOf(options);
  const report = options.onError ?? ((error: unknown) => console.error('stepwell:', error));
  await prepare(address);
  const database = new Database(address);
  const clock = new DatabaseClock();
  const newsroom = new Newsroom();
  const channel = new NewsChannel({
    url: address.listenUrl,
    schema: address.schema,
    heard: (news) => newsroom.publish(news),
    toldTime: (time, asked, answered) => clock.learn(time, asked, answered),
    report: (error) => report(database.explain(error)),
  });
  try {
    await channel.open();
  } catch (thrown) {
    await database.close();
    throw database.explain(thrown);
  }
  const soon = (callback: () => void) => void setImmediate(callback);
  return new PostgresStore({ database, clock, channel, newsroom, soon, report });
}

/** Looks whether the server can be used, and makes the tables. */
async function prepare({ url, schema, shown }: Address): Promise<void> {
  const client = new Client(connectionTo(url));
  // An error of the connection is that of the query as well.
  client.on('error', () => {});
  try {
    await client.connect();
    await checkServer(client, shown);
    await migrate(client, schema, shown);
    await adoptJournals(client, schema);
  } catch (thrown) {
    throw explain(thrown, shown);
  } finally {
    await client.end().catch(() => {});
  }
}

/**
 * Commits that came with a dump from another server may have numbers of transactions that this one has yet to give: the
 * feed would not show them until then. They become those of this transaction.
 */
async function adoptJournals(client: Client, schema: string): Promise<void> {
  // A dump has no statistics: without the setting the whole table might be read.
  await client.query(
    `begin; set local enable_seqscan = off;
    update ${schema}.journal set xid = pg_current_xact_id() where xid >= pg_snapshot_xmax(pg_current_snapshot());
    commit`,
  );
}

async function checkServer(client: Client, shown: string): Promise<void> {
  const { rows } = await client.query<{
    version: number;
    isolation: string;
    standby: boolean;
    read_only: string;
  }>(
    `select current_setting('server_version_num')::integer / 10000 as version,
      current_setting('transaction_isolation') as isolation, pg_is_in_recovery() as standby,
      current_setting('transaction_read_only') as read_only`,
  );
  const { version, isolation, standby, read_only } = rows[0]!;
  if (version < OLDEST_SERVER) {
    throw new StepwellError(
      'STORE_FAILED',
      `${shown} is PostgreSQL ${version}; Stepwell needs ${OLDEST_SERVER} or newer.`,
    );
  }
  if (standby || read_only === 'on') {
    throw new StepwellError(
      'STORE_READ_ONLY',
      `${shown} takes no writes: it is a standby, or set to read only. Give the address of the primary.`,
    );
  }
  // A statement of a function must see what others have committed while it waited for a lock.
  if (isolation !== 'read committed') {
    throw new StepwellError(
      'STORE_FAILED',
      `${shown} has "${isolation}" as default_transaction_isolation; Stepwell needs "read committed". Set it for the user of the store: alter role … set default_transaction_isolation = 'read committed'.`,
    );
  }
}
