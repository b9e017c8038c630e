import type { Chance } from './chance.ts';
import type { SimProcess } from './sim-process.ts';

/** What can go wrong. Each must have happened somewhere in a run of many seeds, or the run proves nothing. */
export const FAULTS = [
  'crash before a call',
  'crash after a call',
  'crash in a body',
  'client crash',
  'call of a dead process arrives',
  'call fails',
  'answer lost',
  'slow call',
  'slow answer',
  'news lost',
  'news doubled',
  'news late',
  'pause beyond the lease',
  'clock jump',
  'graceful stop',
  'client call doubled',
] as const;
export type Fault = (typeof FAULTS)[number];

/** Probability of each fault at each opportunity; those that are missing never happen. */
export type FaultRates = Partial<Record<Fault, number>>;

/** What can go wrong at a moment of each kind: a call to the store, a body's entry and its exit. */
export const POSSIBLE = {
  call: ['crash before', 'crash after', 'answer lost', 'failed'],
  entry: ['crash at entry'],
  exit: ['crash at exit'],
} as const;
export const PLANNED_FAULTS = [...POSSIBLE.call, ...POSSIBLE.entry, ...POSSIBLE.exit] as const;

/** What goes wrong in a world in which nothing else does: at the n-th moment of all, from 1. */
export interface PlannedFault {
  readonly moment: number;
  readonly what: (typeof PLANNED_FAULTS)[number];
}

/** A moment at which a process can be hit: by whom and what, e.g. `worker commit`, `entry run-1/charge`. */
export interface Moment {
  readonly at: keyof typeof POSSIBLE;
  readonly who: 'worker' | 'client';
  /** The store's method, or the idempotency key of the body. */
  readonly what: string;
}

/** What becomes of one call to the store. Delays in milliseconds. */
export interface Fate {
  readonly arrival: number;
  readonly answer: number;
  /** The caller dies: as it calls, or when the call has been done. */
  readonly crash: 'before' | 'after' | null;
  /** Whether this is what was planned for the world: {@link Faults.struck} is told when it has happened. */
  readonly planned: boolean;
  /** The caller stands still from its call on, for so long. */
  readonly pauses: number;
  readonly fails: boolean;
  readonly answerLost: boolean;
}

/** Of all workers: short, so that a pause beyond it is short too (ms). */
export const LEASE = 3_000;
/** Of calls, answers and news, if nothing goes wrong (ms). */
export const MOST_DELAY = 5;
/** Of calls and answers (ms). */
export const MOST_SLOWNESS = 8_000;

/** Decides, by the seed, what goes wrong when. */
export class Faults {
  readonly tally = new Map<Fault, number>();
  readonly #rates: FaultRates;
  readonly #planned: readonly PlannedFault[];
  readonly #streams: ReadonlyMap<Fault, Chance>;
  readonly #delays: Chance;
  readonly moments: Moment[] = [];
  /** What is planned has begun to happen, and has not happened yet: the call is on its way. */
  striking = false;
  #active = true;

  constructor(rates: FaultRates, planned: readonly PlannedFault[], chance: Chance) {
    this.#rates = rates;
    this.#planned = planned;
    this.#streams = new Map(FAULTS.map((fault) => [fault, chance.stream(fault)]));
    this.#delays = chance.stream('delays');
  }

  /** Nothing goes wrong from now on. */
  stop(): void {
    this.#active = false;
  }

  fires(fault: Fault): boolean {
    const rate = this.#rates[fault];
    if (!this.#active || rate === undefined || !this.#streams.get(fault)!.happens(rate)) return false;
    this.tally.set(fault, (this.tally.get(fault) ?? 0) + 1);
    return true;
  }

  ofCall({ role }: SimProcess, method: string): Fate {
    const planned = this.#pass({ at: 'call', who: role, what: method });
    if (planned !== null) this.striking = true;
    return {
      planned: planned !== null,
      arrival: this.#delay('slow call'),
      answer: this.#delay('slow answer'),
      crash:
        planned === 'crash before' ? 'before' : planned === 'crash after' ? 'after' : this.#crashOf(role),
      pauses: role === 'worker' && this.fires('pause beyond the lease') ? this.#pause() : 0,
      fails: planned === 'failed' || this.fires('call fails'),
      answerLost: planned === 'answer lost' || this.fires('answer lost'),
    };
  }

  /** Whether the process of a body dies as the body is entered or left. */
  endsBody({ role }: SimProcess, at: 'entry' | 'exit', key: string): boolean {
    const planned = this.#pass({ at, who: role, what: key });
    return planned === `crash at ${at}` || this.fires('crash in a body');
  }

  /** What was planned has happened. */
  struck(): void {
    this.striking = false;
  }

  /** One moment more has come; the answer is what is planned for it. */
  #pass(moment: Moment): PlannedFault['what'] | null {
    const n = this.moments.push(moment);
    const what = this.#planned.find(({ moment }) => moment === n)?.what;
    return POSSIBLE[moment.at].find((possible) => possible === what) ?? null;
  }

  #delay(slow: 'slow call' | 'slow answer'): number {
    const usual = this.#delays.between(0, MOST_DELAY);
    return this.fires(slow) ? usual + this.#delays.between(50, MOST_SLOWNESS) : usual;
  }

  #pause(): number {
    return this.#delays.between(LEASE, 3 * LEASE);
  }

  #crashOf(role: Moment['who']): Fate['crash'] {
    if (role === 'client') {
      if (!this.fires('client crash')) return null;
      return this.#delays.happens(0.5) ? 'before' : 'after';
    }
    if (this.fires('crash before a call')) return 'before';
    return this.fires('crash after a call') ? 'after' : null;
  }

  newsDelays(): number[] {
    if (this.fires('news lost')) return [];
    const delay = this.#delays.between(0, MOST_DELAY);
    if (this.fires('news doubled')) return [delay, delay + this.#delays.between(0, 500)];
    return this.fires('news late') ? [delay + this.#delays.between(50, 3_000)] : [delay];
  }
}
