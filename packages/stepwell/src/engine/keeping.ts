import type { LargePayloads } from '../artifacts/large-payloads.ts';
import type { Payload } from '../model/codec.ts';
import type { JournalEvent } from '../model/event.ts';
import type { NewRun } from '../model/run.ts';
import type { RunEnd } from '../store/commit.ts';
import { textOf } from './event-text.ts';

interface Owner {
  readonly namespace: string;
  readonly id: string;
}

/** The large payloads of one commit: references stand for them there, and it is not written before they are durable. */
export class Keeping {
  readonly #large: LargePayloads;
  readonly #run: Owner;
  readonly #kept: () => void;
  /** What the run's own payloads became, so that the end of a run has what its event has. */
  readonly #references = new Map<Payload, Payload>();
  #underWay = 0;

  /** @param kept called when the last of those that were under way is durable */
  constructor(large: LargePayloads, run: Owner, kept: () => void) {
    this.#large = large;
    this.#run = run;
    this.#kept = kept;
  }

  get isUnderWay(): boolean {
    return this.#underWay > 0;
  }

  textOf(event: JournalEvent): string {
    const text = textOf(event);
    if (!this.#large.mayBeIn(text)) return text;
    const short = this.#large.shorten(event, (payload) => this.#keep(this.#run, payload));
    return short === event ? text : textOf(short);
  }

  start(run: NewRun): NewRun {
    return this.#large.isLarge(run.input) ? { ...run, input: this.#keep(run, run.input) } : run;
  }

  end(end: RunEnd): RunEnd {
    const reference = end.output === undefined ? undefined : this.#references.get(end.output);
    return reference === undefined ? end : { ...end, output: reference };
  }

  #keep(run: Owner, payload: Payload): Payload {
    const { reference, kept } = this.#large.keep(run, payload);
    if (run === this.#run) this.#references.set(payload, reference);
    this.#underWay++;
    void kept.then(() => {
      this.#underWay--;
      if (this.#underWay === 0) this.#kept();
    });
    return reference;
  }

  /** The commit has been taken. */
  taken(): void {
    this.#references.clear();
  }
}
