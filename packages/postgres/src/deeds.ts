import type { CallbackFact, CommitRequest, Delivery, Fact, RunKey } from 'stepwell/engine';
import { bigints, integers, texts } from './arrays.ts';
import type { Parameter } from './database.ts';

/** Something that is to be done one by one and in order; `flush.sql` says what the columns mean for each. */
interface Deed {
  readonly what:
    | 'deliver'
    | 'callback'
    | 'progress'
    | 'status'
    | 'tags'
    | 'open'
    | 'close'
    | 'child'
    | 'release'
    | 'end';
  /** Number of the commit that it belongs to: if that is refused, it is not done. */
  readonly commit?: number;
  readonly run?: RunKey;
  readonly n?: number | null;
  readonly m?: number;
  readonly o?: number;
  readonly a?: string | null;
  readonly b?: string | null;
  readonly c?: string | null;
  readonly d?: string | null;
}

/** What a flush does beside putting rows in. */
export class Deeds {
  readonly #deeds: Deed[] = [];

  /** All that comes of a commit; `children`: the number that the first of its new runs has. */
  ofCommit(request: CommitRequest, commit: number, children: number, ending: boolean): void {
    const { run, at, open, close, starts, deliver, change } = request;
    const add = (deed: Deed) => void this.#deeds.push({ ...deed, commit });
    for (const { callback, op } of open) {
      // One that begins and ends here never was open.
      if (!close.includes(callback)) add({ what: 'open', run, a: callback, b: op });
    }
    for (const callback of close) add({ what: 'close', a: callback });
    for (const [n, { refusal }] of starts.entries()) {
      add({ what: 'child', run, n: children + n, m: at, c: typeOf(refusal), d: JSON.stringify(refusal) });
    }
    for (const { run: to, fact } of deliver) this.#deliver(to, fact, at, { commit });
    if (change === null) return;
    const { progress, statusText, tags, release, end } = change;
    if (progress !== undefined) add({ what: 'progress', run, a: JSON.stringify(progress) });
    // As JSON: a text may hold characters that PostgreSQL does not take.
    if (statusText !== undefined) add({ what: 'status', run, a: JSON.stringify(statusText) });
    if (tags !== undefined) add({ what: 'tags', run, a: JSON.stringify(tags) });
    if (release !== undefined) {
      const { status, readyAt, waitingFor, seen, parkedBy, error } = release;
      const b = waitingFor.length === 0 ? null : JSON.stringify(waitingFor);
      add({ what: 'release', run, a: status, n: readyAt, m: at, o: seen, b, c: parkedBy, d: textOf(error) });
    }
    if (end !== undefined && ending) {
      const { status, output, error, continuedBy, endedAt } = end;
      const [b, c] = [textOf(output), textOf(error)];
      add({ what: 'end', run, a: status, n: endedAt, m: at, b, c, d: continuedBy });
    }
  }

  /** A delivery whose answer is wanted, under that number. */
  ofDelivery({ to, fact, now }: Delivery, number: number): void {
    this.#deliver(to, fact, now, { o: number });
  }

  #deliver(to: Delivery['to'], fact: Fact | CallbackFact, now: number, more: Partial<Deed>): void {
    const told = { m: now, c: typeOf(fact), d: JSON.stringify(fact), ...more };
    if ('callback' in to) this.#deeds.push({ what: 'callback', a: to.callback, ...told });
    else if ('key' in to) this.#deeds.push({ what: 'deliver', run: to.key, ...told });
    else this.#deeds.push({ what: 'deliver', a: to.namespace, b: to.id, ...told });
  }

  parameters(): Parameter[] {
    const deeds = this.#deeds;
    if (deeds.length === 0) return Array.from({ length: 10 }, () => null);
    return [
      texts(deeds.map(({ what }) => what)),
      integers(deeds.map(({ commit }) => commit ?? null)),
      bigints(deeds.map(({ run }) => run ?? null)),
      bigints(deeds.map(({ n }) => n ?? null)),
      bigints(deeds.map(({ m }) => m ?? null)),
      bigints(deeds.map(({ o }) => o ?? null)),
      texts(deeds.map(({ a }) => a ?? null)),
      texts(deeds.map(({ b }) => b ?? null)),
      texts(deeds.map(({ c }) => c ?? null)),
      texts(deeds.map(({ d }) => d ?? null)),
    ];
  }
}

/** As `inbox.type` has it. */
export function typeOf(fact: Fact | CallbackFact): string {
  return fact.type === 'cancel' && fact.force === true ? 'force' : fact.type;
}

/** The text of a value that may be missing; a JSON `null` is a value. */
export function textOf(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}
