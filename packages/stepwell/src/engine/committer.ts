import type { CommitAnswer, CommitRequest } from '../store/commit.ts';
import type { Store } from '../store/contract.ts';
import type { Activation } from './activation.ts';
import type { Instruments } from './instruments.ts';
import type { System } from './system.ts';

interface CommitterEvents {
  readonly written: () => void;
  /** The store could not write: whether anything of it is durable is not known. */
  readonly failed: (error: unknown) => void;
}

/**
 * Carries the commits of all activations of this process to the store, in one write at a time: what comes while a write
 * is under way goes with the next one. The slower the disk, the larger the writes.
 */
export class Committer {
  readonly #store: Store;
  readonly #system: System;
  readonly #on: CommitterEvents;
  readonly #instruments: Instruments | null;
  #waiting = new Set<Activation>();
  #busy = false;
  #writingSince: number | null = null;

  constructor(store: Store, system: System, on: CommitterEvents, instruments: Instruments | null) {
    this.#store = store;
    this.#system = system;
    this.#on = on;
    this.#instruments = instruments;
  }

  /** Since when the store has been busy with a write; null: it is not. */
  get writingSince(): number | null {
    return this.#writingSince;
  }

  request(activation: Activation): void {
    this.#waiting.add(activation);
    this.#schedule();
  }

  /** Soon and not at once: the other runs that move at this moment come along. */
  #schedule(): void {
    if (this.#busy || this.#waiting.size === 0) return;
    this.#busy = true;
    this.#system.soon(() => void this.#write());
  }

  async #write(): Promise<void> {
    const taken: Activation[] = [];
    const requests = [];
    const waiting = this.#waiting;
    this.#waiting = new Set();
    for (const activation of waiting) {
      const request = activation.take();
      if (request === null) continue;
      taken.push(activation);
      requests.push(request);
    }
    let answers: CommitAnswer[] = [];
    try {
      if (requests.length > 0) {
        this.#writingSince = this.#system.now();
        const since = this.#instruments?.now() ?? 0;
        answers = await this.#store.commit(requests);
        if (this.#instruments !== null) tellOf(this.#instruments, requests, answers, since);
        this.#on.written();
      }
    } catch (error) {
      this.#writingSince = null;
      for (const activation of taken) activation.drop(error);
      this.#busy = false;
      this.#instruments?.tell({ type: 'flush failed', error });
      this.#on.failed(error);
      this.#schedule();
      return;
    }
    this.#writingSince = null;
    for (let n = 0; n < taken.length; n++) taken[n]!.committed(answers[n]!);
    this.#busy = false;
    this.#schedule();
  }
}

function tellOf(
  instruments: Instruments,
  requests: readonly CommitRequest[],
  answers: readonly CommitAnswer[],
  since: number,
): void {
  instruments.tell({
    type: 'flushed',
    events: requests.map(({ count }) => count),
    refused: answers.filter((answer) => answer === 'refused').length,
    milliseconds: instruments.now() - since,
  });
}
