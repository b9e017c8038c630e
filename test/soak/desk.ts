import type { Desk } from './scenarios.ts';

/** Where bodies and users meet. What has been asked for is forgotten, so that it keeps nothing itself. */
export class SoakDesk implements Desk {
  readonly #callbacks = new Map<string, PromiseWithResolvers<string>>();
  readonly #mended = new Set<string>();

  submit(run: string, callback: string): void {
    this.#handover(run).resolve(callback);
  }

  async callbackOf(run: string): Promise<string> {
    const callback = await this.#handover(run).promise;
    this.#callbacks.delete(run);
    return callback;
  }

  mend(run: string): void {
    this.#mended.add(run);
  }

  isMended(run: string): boolean {
    return this.#mended.delete(run);
  }

  #handover(run: string): PromiseWithResolvers<string> {
    const open = this.#callbacks.get(run) ?? Promise.withResolvers<string>();
    this.#callbacks.set(run, open);
    return open;
  }
}
