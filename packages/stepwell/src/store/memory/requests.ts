import { type NewRequest, REQUEST_PATIENCE, type RequestState } from '../records.ts';

interface Request {
  readonly fingerprint: string;
  readonly begunAt: number;
  readonly expiresAt: number;
  answer: string | null;
}

/** Requests that were made under a key, of all namespaces. */
export class Requests {
  readonly #requests = new Map<string, Request>();

  begin({ namespace, key, fingerprint, now, expiresAt }: NewRequest): RequestState {
    const known = this.#requests.get(nameOf(namespace, key));
    const isOver =
      known === undefined ||
      known.expiresAt <= now ||
      (known.answer === null && known.begunAt < now - REQUEST_PATIENCE);
    if (!isOver) return { begun: false, fingerprint: known.fingerprint, answer: known.answer };
    this.#requests.set(nameOf(namespace, key), { fingerprint, begunAt: now, expiresAt, answer: null });
    return { begun: true };
  }

  answer({ namespace, key, answer }: { namespace: string; key: string; answer: string | null }): void {
    const known = this.#requests.get(nameOf(namespace, key));
    if (known === undefined || known.answer !== null) return;
    if (answer === null) this.#requests.delete(nameOf(namespace, key));
    else known.answer = answer;
  }

  forget(before: number): number {
    const expired = [...this.#requests].filter(([, { expiresAt }]) => expiresAt < before);
    for (const [name] of expired) this.#requests.delete(name);
    return expired.length;
  }
}

function nameOf(namespace: string, key: string): string {
  return JSON.stringify([namespace, key]);
}
