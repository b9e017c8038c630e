import { readFileSync } from 'node:fs';
import { Client, type QueryResultRow } from 'pg';
import { BOOKING_TABLE_OF_POSTGRES } from '../bookings.ts';
import { withSettings } from '../../postgres/database.ts';
import { Proxy } from '../../postgres/proxy.ts';
import { type PostgresServer, startPostgres } from '../../postgres/server.ts';

/** Few enough to be used up. */
const MAX_CONNECTIONS = 50;
const LISTENER = 'chaos-listener';

interface AddressOptions {
  readonly connections: number;
  readonly statementTimeoutMs?: number;
}

/**
 * A PostgreSQL server with the durability that it comes with, and the ways to it: what engines open goes through proxies,
 * one of which is for LISTEN alone.
 */
export class Site {
  readonly proxy: Proxy;
  readonly listenProxy: Proxy;
  /** Its guard looks after those that take its place, too. */
  readonly #first: PostgresServer;
  #server: PostgresServer;

  static async build(): Promise<Site> {
    // A deadlock is noticed by then; the default of a second would cost a short test too much.
    const settings = { max_connections: MAX_CONNECTIONS, deadlock_timeout: '200ms' };
    const server = await startPostgres({ settings });
    const site = new Site(server, await Proxy.to(server.url), await Proxy.to(server.url));
    await site.ask(BOOKING_TABLE_OF_POSTGRES);
    return site;
  }

  private constructor(server: PostgresServer, proxy: Proxy, listenProxy: Proxy) {
    this.#first = server;
    this.#server = server;
    this.proxy = proxy;
    this.listenProxy = listenProxy;
  }

  /** The server that takes writes now. */
  get server(): PostgresServer {
    return this.#server;
  }

  /** From now on another one is at the addresses that were given out. */
  moveTo(server: PostgresServer): void {
    this.#server = server;
    this.proxy.aim(server.url);
    this.listenProxy.aim(server.url);
  }

  /** For an engine. */
  address({ connections, statementTimeoutMs }: AddressOptions): string {
    const plain = this.proxy.url;
    const url = new URL(
      statementTimeoutMs === undefined
        ? plain
        : withSettings(plain, { statement_timeout: statementTimeoutMs }),
    );
    const listenUrl = new URL(this.listenProxy.url);
    listenUrl.searchParams.set('application_name', LISTENER);
    url.searchParams.set('connections', String(connections));
    url.searchParams.set('listen_url', listenUrl.href);
    return url.href;
  }

  /** A connection past the proxies. */
  async session(): Promise<Client> {
    const client = new Client({ connectionString: this.#server.url });
    // Its queries say so as well.
    client.on('error', () => {});
    await client.connect();
    return client;
  }

  async ask<Row extends QueryResultRow>(sql: string, values: unknown[] = []): Promise<Row[]> {
    const client = await this.session();
    try {
      return (await client.query<Row>(sql, values)).rows;
    } finally {
      await client.end();
    }
  }

  /** Ends the connections on which engines listen; the answer is how many there were. */
  async terminateListeners(): Promise<number> {
    const ended = await this.ask(
      'select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1',
      [LISTENER],
    );
    return ended.length;
  }

  /** How often the server has written this into its log since it was started. */
  logged(words: string): number {
    return readFileSync(`${this.#server.dataDirectory}.log`, 'utf8').split(words).length - 1;
  }

  async close(): Promise<void> {
    await this.proxy.close();
    await this.listenProxy.close();
    await this.#first.close();
  }
}
