import { type Client, Pool, type PoolClient, type PoolConfig } from 'pg';
import { StepwellError } from 'stepwell';
import type { Address } from './address.ts';
import { explain } from './errors.ts';
import { TYPES } from './types.ts';

/** How long to wait for a connection, new or free (ms). */
const CONNECT_TIMEOUT = 5_000;
/** How long to wait for an answer (ms). Without an end, a network that swallows packets would hold a worker for ever. */
const ANSWER_TIMEOUT = 30_000;
/** Connections that are kept for writing, claiming and leases: many slow readers must not cost a worker its lease. */
const FOR_WRITES = 3;

export type Parameter = string | number | boolean | Buffer | null;

interface Statement {
  /** Of one that is made often: where connections are not shared it is prepared under that name. */
  readonly name: string | undefined;
  readonly text: string;
  readonly values: readonly Parameter[];
}

/**
 * The connections to the database. Every call is one statement and one transaction on whatever connection is free, and
 * leaves no settings behind in it: a pooler may give each transaction another one. Behind a pooler it leaves no named
 * statements either; without one these save 0.1 ms of 0.3 for the commit of a step.
 */
export class Database {
  readonly schema: string;
  readonly #shown: string;
  readonly #isPooled: boolean;
  readonly #writers: Pool;
  readonly #readers: Pool;
  #closed: Promise<void> | null = null;

  constructor(address: Address) {
    this.schema = address.schema;
    this.#shown = address.shown;
    this.#isPooled = address.isPooled;
    const pool = (max: number): Pool => {
      const opened = new Pool({ ...connectionTo(address.url), max, idleTimeoutMillis: 30_000 });
      // An idle connection was lost: the pool makes another when it is needed.
      opened.on('error', () => {});
      return opened;
    };
    this.#writers = pool(Math.min(FOR_WRITES, address.connections - 1));
    this.#readers = pool(address.connections - Math.min(FOR_WRITES, address.connections - 1));
  }

  /**
   * As {@link Database.write}, for one who looks at the error itself.
   * @throws what the driver throws: see {@link Database.explain}
   */
  tryWrite<Row>(name: string, text: string, values: readonly Parameter[]): Promise<Row[]> {
    return this.#query(this.#writers, { name, text, values });
  }

  /** @throws StepwellError `STORE_…` */
  write<Row>(text: string, values: readonly Parameter[], name?: string): Promise<Row[]> {
    return this.#explained(() => this.#query(this.#writers, { name, text, values }));
  }

  /** @throws StepwellError `STORE_…` */
  read<Row>(text: string, values: readonly Parameter[] = [], name?: string): Promise<Row[]> {
    return this.#explained(() => this.#query(this.#readers, { name, text, values }));
  }

  /**
   * A transaction of several statements, on a connection of those for reading: it may take long.
   * @throws what the work has thrown through {@link Database.fault}, as it is; StepwellError `STORE_…` otherwise
   */
  async transaction<T>(work: (client: Client) => Promise<T>): Promise<T> {
    this.#demandOpen();
    return this.#explained(async () => {
      const client = (await this.#readers.connect()) as PoolClient & Client;
      let broken: Error | undefined;
      const lose = (error: Error) => (broken = error);
      client.on('error', lose);
      try {
        await client.query('begin isolation level read committed');
        const result = await work(client);
        await client.query('commit');
        return result;
      } catch (thrown) {
        await client.query('rollback').catch(lose);
        throw thrown;
      } finally {
        client.off('error', lose);
        client.release(broken);
      }
    });
  }

  /** Work of a user within a {@link Database.transaction}: its errors are not those of the store. */
  async fault<T>(work: () => T | Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (thrown) {
      throw new Fault(thrown);
    }
  }

  explain(thrown: unknown): StepwellError {
    return explain(thrown, this.#shown);
  }

  close(): Promise<void> {
    this.#closed ??= Promise.all([this.#writers.end(), this.#readers.end()]).then(() => {});
    return this.#closed;
  }

  async #query<Row>(pool: Pool, { name, text, values }: Statement): Promise<Row[]> {
    this.#demandOpen();
    const named = name === undefined || this.#isPooled ? {} : { name };
    const { rows } = await pool.query({ ...named, text, values: values as unknown[] });
    return rows as Row[];
  }

  async #explained<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (thrown) {
      throw thrown instanceof Fault ? thrown.thrown : this.explain(thrown);
    }
  }

  #demandOpen(): void {
    if (this.#closed !== null)
      throw new StepwellError('STORE_FAILED', `The store ${this.#shown} has been closed.`);
  }
}

class Fault extends Error {
  readonly thrown: unknown;

  constructor(thrown: unknown) {
    super('the work of a user has thrown');
    this.thrown = thrown;
  }
}

/** How a connection is made, a pooled one or one that stands alone. */
export function connectionTo(url: string): PoolConfig {
  return {
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT,
    query_timeout: ANSWER_TIMEOUT,
    keepAlive: true,
    types: TYPES,
  };
}
