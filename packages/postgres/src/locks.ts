import type { CommitRequest, Delivery, RunKey } from 'stepwell/engine';
import { bigints, texts } from './arrays.ts';
import type { Parameter } from './database.ts';

/** The runs whose rows a flush changes or depends on: they are locked first, all together and in one order. */
export class Locks {
  readonly #runs: RunKey[] = [];
  readonly #namespaces: string[] = [];
  readonly #ids: string[] = [];
  readonly #callbacks: string[] = [];
  readonly #ending: RunKey[] = [];

  ofCommit({ run, taken, open, close, starts, deliver, change }: CommitRequest): void {
    if (taken > 0 || open.length + close.length + starts.length > 0 || change !== null) this.#runs.push(run);
    for (const { run: to } of deliver) this.#of(to);
    if (change?.end === undefined) return;
    this.#ending.push(run);
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
      needed ? bigints(this.#runs) : null,
      this.#ids.length > 0 ? texts(this.#namespaces) : null,
      this.#ids.length > 0 ? texts(this.#ids) : null,
      this.#callbacks.length > 0 ? texts(this.#callbacks) : null,
      this.#ending.length > 0 ? bigints(this.#ending) : null,
    ];
  }
}
