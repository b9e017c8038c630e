import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { openPostgresStore } from '../../../packages/postgres/src/open.ts';
import type { Store } from '../../../packages/stepwell/src/store/contract.ts';
import { storeTables } from '../../postgres/store-tables.ts';
import { Node } from './node.ts';
import { onTwoNodes } from './two-nodes.ts';

interface Schema {
  readonly name: string;
  /** What is done to it between two worlds. */
  readonly emptying: string;
  readonly nodes: readonly [Node, Node];
}

/**
 * Stores for one world after the other, in schemas of one database that are used again: to make the tables anew takes
 * longer than many a world.
 */
export class Schemas {
  readonly #url: string;
  readonly #admin: Client;
  /** Others may have schemas in the same database. */
  readonly #prefix = `world_${randomUUID().slice(0, 8)}`;
  readonly #free: Schema[] = [];
  #made: Schema[] = [];

  private constructor(url: string, admin: Client) {
    this.#url = url;
    this.#admin = admin;
  }

  static async of(url: string): Promise<Schemas> {
    const admin = new Client({ connectionString: url });
    await admin.connect();
    return new Schemas(url, admin);
  }

  /** An empty store, the same as any other to the number of its first run. */
  async open(): Promise<Store> {
    const schema = this.#free.pop() ?? (await this.#another());
    return onTwoNodes(schema.nodes, async (isWhole) => {
      if (!isWhole) return;
      await this.#admin.query(schema.emptying);
      this.#free.push(schema);
    });
  }

  async #another(): Promise<Schema> {
    const name = `${this.#prefix}_${this.#made.length}`;
    // Makes the tables.
    await (await openPostgresStore({ url: this.#url, schema: name, connections: 3 })).close();
    const nodes = [await Node.open(this.#url, name), await Node.open(this.#url, name)] as const;
    const schema = { name, emptying: await this.#emptyingOf(name), nodes };
    this.#made.push(schema);
    return schema;
  }

  async #emptyingOf(name: string): Promise<string> {
    const tables = await storeTables(this.#admin, name);
    return `truncate ${tables.join()} restart identity; alter sequence ${name}.run_key restart`;
  }

  async close(): Promise<void> {
    const made = this.#made;
    this.#made = [];
    for (const { nodes } of made) for (const { store } of nodes) await store.close();
    await this.#admin.end();
  }
}
