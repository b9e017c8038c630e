import type { Failure, WorkerRecord } from 'stepwell/engine';
import { texts } from './arrays.ts';
import type { Database } from './database.ts';

/** Who is there to run runs, and what becomes of runs when nobody is. The answers say whether runs became ready. */
export class Leases {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async register(worker: WorkerRecord): Promise<boolean> {
    const { id, name, kinds, queues, startedAt, heartbeatAt, expiresAt } = worker;
    const [row] = await this.#database.write<{ freed: boolean }>(
      `select ${this.#database.schema}.register($1, $2, $3, $4, $5, $6, $7) as freed`,
      [
        id,
        name,
        texts(kinds),
        queues === null ? null : texts(queues),
        Math.floor(startedAt),
        Math.floor(heartbeatAt),
        Math.floor(expiresAt),
      ],
    );
    return row!.freed;
  }

  async renew(worker: string, now: number, expiresAt: number): Promise<boolean> {
    const rows = await this.#database.write(
      `update ${this.#database.schema}.worker set heartbeat_at = $2, expires_at = $3 where id = $1 returning id`,
      [worker, Math.floor(now), Math.floor(expiresAt)],
    );
    return rows.length === 1;
  }

  async retire(worker: string, now: number): Promise<boolean> {
    const [row] = await this.#database.write<{ freed: boolean }>(
      `select ${this.#database.schema}.retire($1, $2) as freed`,
      [worker, Math.floor(now)],
    );
    return row!.freed;
  }

  async expire(now: number): Promise<{ workers: string[]; freed: boolean }> {
    const [row] = await this.#database.write<{ workers: string[]; freed: boolean }>(
      `select * from ${this.#database.schema}.expire($1)`,
      [Math.floor(now)],
    );
    return row!;
  }

  async strand(now: number, error: Failure): Promise<number> {
    const [row] = await this.#database.write<{ stranded: number }>(
      `select ${this.#database.schema}.strand($1, $2) as stranded`,
      [Math.floor(now), JSON.stringify(error)],
    );
    return row!.stranded;
  }
}
