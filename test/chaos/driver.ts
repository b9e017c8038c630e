import { setTimeout as wait } from 'node:timers/promises';
import type { EngineHost } from './engine-host.ts';
import { ask, type Answer } from './wire.ts';

const USERS = 12;
const PAUSE_MS = 20;

/** A run as whoever started it knows it. */
export interface Told {
  readonly id: string;
  readonly workflow: string;
  readonly n: number;
  /** What it was told of its result; null: nothing yet. */
  outcome: { ok: true; value: unknown } | { ok: false; message: string } | null;
}

export const paymentOf = (id: string) => `paid for ${id}`;
export const isRefused = (n: number) => n % 5 === 0;
const numberOf = (id: string) => Number(/\d+/.exec(id)?.[0]);

/** Users who start runs, raise their events, complete their callbacks, and ask until they are answered. */
export class Driver {
  /** Runs whose start was acknowledged. */
  readonly acknowledged: Told[] = [];
  /** Answers that nobody should get. */
  readonly surprises: string[] = [];
  /** Calls that got no answer, and were made again. */
  unanswered = 0;
  completed = 0;
  readonly #host: EngineHost;
  readonly #givenUp = new AbortController();
  readonly #completing = new Map<string, Promise<void>>();
  #next = 0;

  constructor(host: EngineHost) {
    this.#host = host;
  }

  /** Begins new runs until then, and resolves when all of them have given their results. */
  async work(until: number): Promise<void> {
    const user = async () => {
      while (Date.now() < until) await this.#one(this.#next++);
    };
    await Promise.all(Array.from({ length: USERS }, user));
  }

  /** Nobody is asked any more. */
  giveUp(): void {
    this.#givenUp.abort();
  }

  async pending(): Promise<unknown[]> {
    return (await this.#ask('/pending', {})).body as unknown[];
  }

  /** Once for each callback, however often its id is handed over. */
  complete(callback: string, run: string): void {
    if (this.#completing.has(callback)) return;
    const refused = isRefused(numberOf(run));
    const call = this.#acknowledge(refused ? '/fail' : '/succeed', { id: callback, value: run }, [
      'CALLBACK_COMPLETED',
    ]);
    this.#completing.set(
      callback,
      call.then(
        () => void this.completed++,
        () => {},
      ),
    );
  }

  async #one(n: number): Promise<void> {
    const workflow = n % 3 === 0 ? 'trip' : 'order';
    const told: Told = { id: `${workflow}-${n}`, workflow, n, outcome: null };
    await this.#acknowledge('/start', told, []);
    this.acknowledged.push(told);
    if (workflow === 'order')
      await this.#acknowledge('/raise', { id: told.id, value: paymentOf(told.id) }, ['RUN_ENDED']);
    const { status, body } = await this.#ask('/result', { id: told.id });
    told.outcome =
      status === 200
        ? { ok: true, value: body }
        : { ok: false, message: (body as { message: string }).message };
  }

  /** @param twice what the second of two calls may be told if the answer to the first was lost */
  async #acknowledge(path: string, request: object, twice: readonly string[]): Promise<void> {
    const { status, body, isRepeated } = await this.#ask(path, request);
    if (status === 200) return;
    const { code, message } = body as { code: string; message: string };
    if (!isRepeated || !twice.includes(code))
      this.surprises.push(`${path} ${JSON.stringify(request)} was answered ${message}`);
  }

  /** Asks until there is an answer. */
  async #ask(path: string, request: object): Promise<Answer & { isRepeated: boolean }> {
    for (let isRepeated = false; ; ) {
      this.#givenUp.signal.throwIfAborted();
      const port = await this.#host.port;
      try {
        if (port !== null) return { ...(await ask(port, path, request, this.#givenUp.signal)), isRepeated };
      } catch {
        this.unanswered++;
        isRepeated = true;
      }
      await wait(PAUSE_MS);
    }
  }
}
