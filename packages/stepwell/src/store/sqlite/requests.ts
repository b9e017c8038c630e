import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { type NewRequest, REQUEST_PATIENCE, type RequestState } from '../records.ts';

/** Requests that were made under a key, of all namespaces. */
export class Requests {
  readonly #begin: StatementSync;
  readonly #select: StatementSync;
  readonly #answer: StatementSync;
  readonly #giveUp: StatementSync;
  readonly #forget: StatementSync;

  constructor(database: DatabaseSync) {
    this.#begin = database.prepare(`
      insert into request (namespace, key, fingerprint, begun_at, expires_at) values (?1, ?2, ?3, ?4, ?5)
      on conflict (namespace, key) do update
        set fingerprint = ?3, begun_at = ?4, expires_at = ?5, answer = null
        where expires_at <= ?4 or (answer is null and begun_at < ?4 - ${REQUEST_PATIENCE})`);
    this.#select = database.prepare(
      'select fingerprint, answer from request where namespace = ? and key = ?',
    );
    this.#answer = database.prepare(
      'update request set answer = ?3 where namespace = ?1 and key = ?2 and answer is null',
    );
    this.#giveUp = database.prepare('delete from request where namespace = ? and key = ? and answer is null');
    this.#forget = database.prepare('delete from request where expires_at < ?');
  }

  begin({ namespace, key, fingerprint, now, expiresAt }: NewRequest): RequestState {
    if (this.#begin.run(namespace, key, fingerprint, now, expiresAt).changes === 1) return { begun: true };
    const known = this.#select.get(namespace, key) as { fingerprint: string; answer: string | null };
    return { begun: false, fingerprint: known.fingerprint, answer: known.answer };
  }

  answer({ namespace, key, answer }: { namespace: string; key: string; answer: string | null }): void {
    if (answer === null) this.#giveUp.run(namespace, key);
    else this.#answer.run(namespace, key, answer);
  }

  forget(before: number): number {
    return Number(this.#forget.run(before).changes);
  }
}
