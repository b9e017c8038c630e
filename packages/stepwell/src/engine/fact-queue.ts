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

  /** Whether the run is about to be paused, if it is not yet. */
  get hasPause(): boolean {
    return this.#waiting.some(({ fact: { type } }) => type === 'pause');
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
    if (this.#waiting.length === 0) return undefined;
    // Whoever pauses a run that has much to take in does not want it to do all that first. But of a resume and a pause
    // that came after it the pause is the last word.
    const first = this.hasPause
      ? this.#waiting.findIndex(({ fact: { type } }) => type === 'pause' || type === 'resume')
      : 0;
    const [fact] = this.#waiting.splice(first, 1);
    // Not the number of this one: what was held comes after a resume or cancel that arrived later.
    if (fact !== undefined) this.#lastWorked = Math.max(this.#lastWorked, fact.number);
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

  /** Up to which number facts leave the inbox with the present commit; 0: none does. What is held or not worked on stays in it. */
  take(): number {
    const left = [...this.#held.slice(0, 1), ...this.#waiting.slice(0, 1)].map(({ number }) => number - 1);
    const worked = Math.min(this.#lastWorked, ...left);
    if (worked <= this.#lastTaken) return 0;
    this.#lastTaken = worked;
    return worked;
  }
}
