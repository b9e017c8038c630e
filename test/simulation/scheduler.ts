import { Timers } from '../../packages/stepwell/src/policy/timers.ts';
import type { Chance } from './chance.ts';

interface Happening {
  readonly run: () => void;
  cancelled: boolean;
}

/**
 * The one place where anything happens: virtual time, and what is to happen when. Between two happenings all promises
 * of the process come to rest, so that the seed alone decides what comes before what.
 */
export class Scheduler {
  readonly #order: Chance;
  readonly #queue = new Timers<Happening>(({ subject }) => !subject.cancelled);
  readonly #underWay = new Set<Promise<void>>();
  #now: number;
  happened = 0;

  /** @param order decides between happenings of the same millisecond */
  constructor(order: Chance, start: number) {
    this.#order = order;
    this.#now = start;
  }

  /** Milliseconds since 1970, whole. */
  get now(): number {
    return this.#now;
  }

  after(delay: number, run: () => void): () => void {
    const happening = { run, cancelled: false };
    this.#queue.add(this.#now + Math.max(0, Math.ceil(delay)) + this.#order.number(), happening);
    return () => void (happening.cancelled = true);
  }

  /** Work that takes real time, as that of a store on another machine may: nothing else happens until it is over. */
  hold<T>(work: Promise<T>): Promise<T> {
    const over: Promise<void> = work.then(
      () => void this.#underWay.delete(over),
      () => void this.#underWay.delete(over),
    );
    this.#underWay.add(over);
    return work;
  }

  /** Lets happen what comes next; false if nothing ever will. */
  async step(): Promise<boolean> {
    const next = this.#queue.first();
    if (next === null) return false;
    this.#now = Math.max(this.#now, Math.floor(next.at));
    this.#queue.takeDue(next.at);
    this.happened++;
    next.subject.run();
    await rest();
    while (this.#underWay.size > 0) {
      await Promise.all(this.#underWay);
      await rest();
    }
    return true;
  }
}

/** Node turns to an immediate only when the queues of promise reactions and ticks are empty. */
function rest(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
