import { type NewRequest, REQUEST_PATIENCE, type RequestState } from 'stepwell/engine';
import type { Database } from './database.ts';

/** Requests that were made under a key, of all namespaces. */
export class Requests {
  readonly #database: Database;
  readonly #table: string;

  constructor(database: Database) {
    this.#database = database;
    this.#table = `${database.schema}.request`;
  }

  async begin(request: NewRequest): Promise<RequestState> {
    const { namespace, key, fingerprint, now, expiresAt } = request;
    const begun = await this.#database.write(
      `insert into ${this.#table} as known (namespace, key, fingerprint, begun_at, expires_at)
        values ($1, $2, $3, $4, $5)
        on conflict (namespace, key) do update
          set fingerprint = $3, begun_at = $4, expires_at = $5, answer = null
          where known.expires_at <= $4 or (known.answer is null and known.begun_at < $4 - ${REQUEST_PATIENCE})
        returning key`,
      [namespace, key, fingerprint, Math.floor(now), Math.ceil(expiresAt)],
    );
    if (begun.length === 1) return { begun: true };
    const [known] = await this.#database.write<{ fingerprint: string; answer: string | null }>(
      `select fingerprint, answer from ${this.#table} where namespace = $1 and key = $2`,
      [namespace, key],
    );
    // Forgotten meanwhile, or given up.
    if (known === undefined) return this.begin(request);
    return { begun: false, ...known };
  }

  async answer({
    namespace,
    key,
    answer,
  }: {
    namespace: string;
    key: string;
    answer: string | null;
  }): Promise<void> {
    const ofIt = 'namespace = $1 and key = $2 and answer is null';
    if (answer === null)
      await this.#database.write(`delete from ${this.#table} where ${ofIt}`, [namespace, key]);
    else
      await this.#database.write(`update ${this.#table} set answer = $3 where ${ofIt}`, [
        namespace,
        key,
        answer,
      ]);
  }

  async forget(before: number): Promise<number> {
    const [row] = await this.#database.write<{ forgotten: number }>(
      `select ${this.#database.schema}.forget_requests($1) as forgotten`,
      [Math.floor(before)],
    );
    return row!.forgotten;
  }
}
