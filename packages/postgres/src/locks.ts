import type { CommitRequest, Delivery, RunKey } from 'stepwell/engine';
import { bigints, texts } from './arrays.ts';
import type { Parameter } from './database.ts';

/**
 * The runs whose rows a flush changes or depends on: they are locked first, all together and in one order. Rows that are
 * ended and nothing else need that only beside others: by themselves they are changed in that order.
 */
export class Locks {
  readonly #runs: RunKey[] = [];
  readonly #ended: RunKey[] = [];
  readonly #namespaces: string[] = [];
  readonly #ids: string[] = [];
  readonly #callbacks: string[] = [];
  readonly #ending: RunKey[] = [];

  /** `isPlainEnd`: all that it does with the row of its run is to end it. */
  ofCommit({ run, taken, open, close, starts, deliver, change }: CommitRequest, isPlainEnd: boolean): void {
    if (isPlainEnd && taken === 0) this.#ended.push(run);
    else if (taken > 0 || open.length + close.length + starts.length > 0 || change !== null) {
      this.#runs.push(run);
    }
    for (const { run: to } of deliver) this.#of(to);
    if (change?.end !== undefined) this.#ending.push(run);
  }

  ofDelivery({ to }: Delivery): void {
    this.#of(to);
  }

  #of(to: Delivery['to']): void {
    if ('callback' in to) this.#callbacks.push(to.callback);
    else if ('key' in to) this.#runs.push(to.key);
    else {
      this.#namespaces.push(to.namespace);
      this.#ids.push(to.id);
    }
  }

  parameters(): Parameter[] {
    const needed = this.#runs.length + this.#ids.length + this.#callbacks.length > 0;
    return [
      needed ? bigints([...this.#runs, ...this.#ended]) : null,
      this.#ids.length > 0 ? texts(this.#namespaces) : null,
      this.#ids.length > 0 ? texts(this.#ids) : null,
      this.#callbacks.length > 0 ? texts(this.#callbacks) : null,
      this.#ending.length > 0 ? bigints(this.#ending) : null,
    ];
  }
}
