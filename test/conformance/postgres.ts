import { Client } from 'pg';
import { afterAll } from 'vitest';
import { openPostgresStore } from '../../packages/postgres/src/open.ts';
import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import type { TestDatabase } from '../postgres/database.ts';
import { testDatabase } from '../postgres/shared.ts';
import { storeTables } from '../postgres/store-tables.ts';

interface Opened {
  readonly store: Store;
  /** Leaves nothing in it. */
  readonly emptying: string;
}

/**
 * Stores that are used again by one test after the other, emptied: to make the tables anew, and to have the server
 * compile its functions again for each test, took 20 times as long.
 */
class Stores {
  readonly #free: Opened[] = [];
  readonly #all: Opened[] = [];
  #database: Promise<TestDatabase> | null = null;
  #client: Promise<Client> | null = null;

  async open() {
    const opened = this.#free.pop() ?? (await this.#another());
    const discard = async () => {
      await (await this.#connected()).query(opened.emptying);
      this.#free.push(opened);
    };
    return { store: opened.store, discard };
  }

  async #another(): Promise<Opened> {
    this.#database ??= testDatabase();
    const { url } = await this.#database;
    const schema = `conformance_${this.#all.length}`;
    const store = await openPostgresStore({ url, schema, connections: 4 });
    const tables = await storeTables(await this.#connected(), schema);
    const opened = { store, emptying: tables.map((table) => `delete from ${table};`).join('') };
    this.#all.push(opened);
    return opened;
  }

  #connected(): Promise<Client> {
    return (this.#client ??= this.#connect());
  }

  async #connect(): Promise<Client> {
    const client = new Client({ connectionString: (await this.#database!).url });
    await client.connect();
    return client;
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map(({ store }) => store.close()));
    await (await this.#client)?.end();
    await (await this.#database)?.drop();
  }
}

const stores = new Stores();
afterAll(() => stores.close());

export function openPostgres() {
  return stores.open();
}
