import { setTimeout as wait } from 'node:timers/promises';
import { ask, type Answer } from './wire.ts';

const PAUSE_MS = 20;

export interface DriverParts {
  /** Port of an engine that lives now; null: there is none. */
  readonly port: () => Promise<number | null>;
  /** Whether a call that was made then may be refused with this code; `read`: one that only reads. */
  readonly mayRefuse: (code: string | null, since: number, read?: 'read') => boolean;
  /** Whether a call that was refused in these words may have been carried out all the same. */
  readonly leavesOpen: (message: string) => boolean;
  readonly wasRefused: (message: string) => void;
}

/** How a call was answered in the end. */
export interface Acknowledged extends Answer {
  /** Whether an answer was lost before, so that it may have been carried out twice. */
  readonly isRepeated: boolean;
}

/** Makes calls, and makes them again until they are answered. */
export class Driver {
  /** Answers that nobody should get. */
  readonly surprises: string[] = [];
  /** Calls that got no answer, and were made again. */
  unanswered = 0;
  /** Calls that the store refused for a reason that it had, and were made again. */
  refused = 0;
  readonly #parts: DriverParts;
  readonly #givenUp = new AbortController();
  /** An engine that never gets ready must not be waited for. */
  readonly #nobody = Promise.withResolvers<null>();

  constructor(parts: DriverParts) {
    this.#parts = parts;
  }

  /** Nobody is asked any more. */
  giveUp(): void {
    this.#givenUp.abort();
    this.#nobody.resolve(null);
  }

  /** @param twice what the second of two calls may be told if the answer to the first was lost */
  async acknowledge(path: string, request: object, twice: readonly string[] = []): Promise<Acknowledged> {
    const answer = await this.ask(path, request);
    if (answer.status === 200) return answer;
    const { code, message } = answer.body as { code: string; message: string };
    if (!answer.isRepeated || !twice.includes(code))
      this.surprises.push(`${path} ${JSON.stringify(request)} was answered ${code}: ${message}`);
    return answer;
  }

  /** A call that reads. Null: there was no answer, or a refusal for a reason. */
  async read(path: string, request: object): Promise<unknown> {
    const port = await this.#port();
    if (port === null) return null;
    const askedAt = Date.now();
    const answer = await ask(port, path, request, this.#givenUp.signal).catch(() => null);
    if (answer === null || answer.status === 200) return answer?.body ?? null;
    const { code } = answer.body as { code: string | null };
    if (!this.#parts.mayRefuse(code, askedAt, 'read'))
      this.surprises.push(`${path} ${JSON.stringify(request)} was answered ${JSON.stringify(answer.body)}`);
    return null;
  }

  /** Asks until there is an answer. A call of which it is said that it was not carried out counts as never made. */
  async ask(path: string, request: object): Promise<Acknowledged> {
    for (let isRepeated = false; ; await wait(PAUSE_MS)) {
      this.#givenUp.signal.throwIfAborted();
      const port = await this.#port();
      if (port === null) continue;
      const askedAt = Date.now();
      try {
        const answer = await ask(port, path, request, this.#givenUp.signal);
        if (answer.status === 200) return { ...answer, isRepeated };
        const { code, message } = answer.body as { code: string | null; message: string };
        if (code === null || !this.#parts.mayRefuse(code, askedAt)) return { ...answer, isRepeated };
        this.refused++;
        this.#parts.wasRefused(message);
        isRepeated ||= this.#parts.leavesOpen(message);
      } catch {
        this.unanswered++;
        isRepeated = true;
      }
    }
  }

  #port(): Promise<number | null> {
    return Promise.race([this.#parts.port(), this.#nobody.promise]);
  }
}
