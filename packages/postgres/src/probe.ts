import { Client } from 'pg';
import { addressOf, type PostgresStoreOptions } from './address.ts';
import { connectionTo } from './database.ts';
import { explain } from './errors.ts';
import { tablesOf } from './migrate.ts';

/** A look at a database that changes nothing in it: for those who say what is wrong with it. */
export interface PostgresProbe {
  /** For people: without the password. */
  readonly shown: string;
  readonly schema: string;
  /** At most so many connections, beside the one that listens, a store at this address would have. */
  readonly connections: number;
  /** @throws StepwellError `STORE_…` */
  query<Row>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** The version of the tables (0: there are none), and the one that this Stepwell makes. @throws StepwellError `STORE_…` */
  tables(): Promise<{ version: number; newest: number }>;
  /**
   * Whether a notification that is sent over the one address arrives at a listener on the other, as the news of a store do.
   * @param patience milliseconds
   */
  hears(patience: number): Promise<boolean>;
  close(): Promise<void>;
}

/**
 * Connects to the database of a store; makes and changes nothing.
 * @throws StepwellError `STORE_UNKNOWN`, `OPTION_INVALID`, `STORE_UNREACHABLE`, `STORE_ACCESS_DENIED`, `STORE_FAILED`
 */
export async function openProbe(options: PostgresStoreOptions): Promise<PostgresProbe> {
  const { url, listenUrl, schema, shown, connections } = addressOf(options);
  const client = await connect(url, shown);
  return {
    shown,
    schema,
    connections,
    query: async <Row>(text: string, values: readonly unknown[] = []) => {
      try {
        return (await client.query(text, [...values])).rows as Row[];
      } catch (thrown) {
        throw explain(thrown, shown);
      }
    },
    tables: async () => {
      try {
        return await tablesOf(client, schema, shown);
      } catch (thrown) {
        throw explain(thrown, shown);
      }
    },
    hears: (patience) => hears(client, listenUrl, shown, patience),
    close: () => client.end().catch(() => {}),
  };
}

async function connect(url: string, shown: string): Promise<Client> {
  const client = new Client(connectionTo(url));
  // An error of the connection is that of the query as well.
  client.on('error', () => {});
  try {
    await client.connect();
    return client;
  } catch (thrown) {
    throw explain(thrown, shown);
  }
}

async function hears(sender: Client, listenUrl: string, shown: string, patience: number): Promise<boolean> {
  const listener = await connect(listenUrl, shown);
  let timer: NodeJS.Timeout | undefined;
  try {
    // A pooler gives a connection back after each transaction; what it hears then, nobody hears.
    const channel = `stepwell_probe_${process.pid}_${Date.now()}`;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    timer = setTimeout(() => resolve(false), patience);
    listener.on('notification', (message) => {
      if (message.channel === channel) resolve(true);
    });
    await listener.query(`listen ${channel}`);
    await sender.query('select pg_notify($1, $2)', [channel, '']);
    return await promise;
  } catch (thrown) {
    throw explain(thrown, shown);
  } finally {
    clearTimeout(timer);
    await listener.end().catch(() => {});
  }
}
