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

/** The worker that makes the n-th commit of all (from 1) dies: the commit is lost, or only its answer. */
export interface CrashPoint {
  readonly commit: number;
  readonly when: 'before' | 'after';
}

/** What becomes of one call to the store. Delays in milliseconds. */
export interface Fate {
  readonly arrival: number;
  readonly answer: number;
  /** The caller dies: as it calls, or when the call has been done. */
  readonly crash: 'before' | 'after' | null;
  /** The caller stands still from its call on, for so long. */
  readonly pauses: number;
  readonly fails: boolean;
  readonly answerLost: boolean;
}

/** Of all workers: short, so that a pause beyond it is short too (ms). */
export const LEASE = 3_000;
const MOST_DELAY = 5;
/** Of calls and answers (ms). */
export const MOST_SLOWNESS = 8_000;

/** Decides, by the seed, what goes wrong when. */
export class Faults {
  readonly tally = new Map<Fault, number>();
  readonly #rates: FaultRates;
  readonly #crashPoint: CrashPoint | null;
  readonly #streams: ReadonlyMap<Fault, Chance>;
  readonly #delays: Chance;
  #commits = 0;
  #crashed = false;
  #active = true;

  constructor(rates: FaultRates, crashPoint: CrashPoint | null, chance: Chance) {
    this.#rates = rates;
    this.#crashPoint = crashPoint;
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

  ofCall(process: SimProcess, method: string): Fate {
    return {
      arrival: this.#delay('slow call'),
      answer: this.#delay('slow answer'),
      crash: this.#crashOf(process, method),
      pauses: process.role === 'worker' && this.fires('pause beyond the lease') ? this.#pause() : 0,
      fails: this.fires('call fails'),
      answerLost: this.fires('answer lost'),
    };
  }

  #delay(slow: 'slow call' | 'slow answer'): number {
    const usual = this.#delays.between(0, MOST_DELAY);
    return this.fires(slow) ? usual + this.#delays.between(50, MOST_SLOWNESS) : usual;
  }

  #pause(): number {
    return this.#delays.between(LEASE, 3 * LEASE);
  }

  #crashOf({ role }: SimProcess, method: string): Fate['crash'] {
    if (role === 'client') {
      if (!this.fires('client crash')) return null;
      return this.#delays.happens(0.5) ? 'before' : 'after';
    }
    if (method === 'commit' && ++this.#commits === this.#crashPoint?.commit) {
      this.#crashed = true;
      return this.#crashPoint.when;
    }
    if (this.fires('crash before a call')) return 'before';
    return this.fires('crash after a call') ? 'after' : null;
  }

  /** Whether the planned crash has happened. */
  get crashed(): boolean {
    return this.#crashed;
  }

  /** Commits that were tried so far. */
  get commits(): number {
    return this.#commits;
  }

  newsDelays(): number[] {
    if (this.fires('news lost')) return [];
    const delay = this.#delays.between(0, MOST_DELAY);
    if (this.fires('news doubled')) return [delay, delay + this.#delays.between(0, 500)];
    return this.fires('news late') ? [delay + this.#delays.between(50, 3_000)] : [delay];
  }
}
