import type { NumberedFact } from '../model/fact.ts';

/** The facts that an activation knows: from the inbox, through its hands, into the journal. */
export class FactQueue {
  /** Callbacks whose completion is known, whether or not it is worked on yet: the store has closed them. */
  readonly completed = new Set<string>();
  #waiting: NumberedFact[] = [];
  /** Those that wait until the run is resumed. */
  #held: NumberedFact[] = [];
  #lastKnown = 0;
  #lastWorked = 0;
  #lastTaken = 0;

  /** Number of the last fact that is known. */
  get lastKnown(): number {
    return this.#lastKnown;
  }

  get waiting(): readonly NumberedFact[] {
    return this.#waiting;
  }

  /** Those that are known already are passed over. */
  receive(facts: readonly NumberedFact[]): void {
    for (const fact of facts) {
      if (fact.number <= this.#lastKnown) continue;
      this.#lastKnown = fact.number;
      this.#waiting.push(fact);
      if (fact.fact.type === 'callback') this.completed.add(fact.fact.callback);
    }
  }

  /** The next one to work into the draft. */
  next(): NumberedFact | undefined {
    const fact = this.#waiting.shift();
    if (fact !== undefined) this.#lastWorked = fact.number;
    return fact;
  }

  hold(fact: NumberedFact): void {
    this.#held.push(fact);
  }

  /** Facts that were held come to their turn, before any that came later. */
  releaseHeld(): void {
    this.#waiting = [...this.#held, ...this.#waiting];
    this.#held = [];
  }

  /** Up to which number facts leave the inbox with the present commit; 0: none does. What is held stays in it. */
  take(): number {
    const firstHeld = this.#held[0];
    const worked = firstHeld === undefined ? this.#lastWorked : firstHeld.number - 1;
    if (worked <= this.#lastTaken) return 0;
    this.#lastTaken = worked;
    return worked;
  }
}
