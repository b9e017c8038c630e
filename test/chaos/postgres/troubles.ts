import type { Chance } from '../../simulation/chance.ts';
import type { Adversity, Witness } from '../store.ts';
import { crowds, deadlocks, longReaders, timeouts, zombies } from './load-troubles.ts';
import { halfCommits, outages, silences } from './network-troubles.ts';
import { deafness, promotions, stoppages, terminations } from './server-troubles.ts';
import type { Site } from './site.ts';
import { pause, seen, type Trouble } from './trouble.ts';

interface TroublesParts {
  readonly site: Site;
  readonly chance: Chance;
  readonly witness: Witness;
  /** Whether there is time only for a part of them. */
  readonly isShort: boolean;
}

const QUIET_MS = { least: 200, most: 1_200 };
const QUIET_IF_SHORT_MS = { least: 100, most: 400 };
const BEGUN_WITHIN_MS = 60_000;
const GOES_ON_WITHIN_MS = 30_000;
/** Chance may be against it, but not more often than this. */
const MOST_TRIES = 6;
/** So long after all is well a call may meet a connection that was not (ms). */
const LAG_MS = 5_000;
const EXPLAINED = ['STORE_UNREACHABLE', 'STORE_FAILED'];

/** All that can befall a PostgreSQL server, one thing after the other; after each, all must go on and nothing be lost. */
export class Troubles implements Adversity {
  readonly name: string;
  readonly surprises: string[] = [];
  readonly refusesReads = true;
  isStriking = false;
  readonly #parts: TroublesParts;
  readonly #troubles: readonly Trouble[];
  readonly #tries = new Map<Trouble, number>();
  readonly #felt = new Map<Trouble, number>();
  #endedAt = 0;

  constructor(parts: TroublesParts) {
    this.#parts = parts;
    const all = [
      stoppages(parts, 'immediate', 'crashes of the server'),
      halfCommits(parts, 'answer', 'connections cut half way through the answer to a commit'),
      terminations(parts),
      timeouts(parts),
      stoppages(parts, 'fast', 'fast stops of the server'),
      halfCommits(parts, 'request', 'connections cut half way through a commit'),
      deafness(parts),
      crowds(parts),
      longReaders(parts),
      ...(parts.site.server.canHaveStandby ? [promotions(parts)] : []),
      outages(parts),
      deadlocks(parts),
      silences(parts),
      zombies(parts),
    ];
    this.#troubles = all.filter(({ isBrief }) => isBrief || !parts.isShort);
    this.name = `after each of ${this.#troubles.length} kinds of trouble all goes on, and nothing is lost`;
  }

  get figures(): Record<string, number> {
    return Object.fromEntries(this.#troubles.map((trouble) => [trouble.name, this.#felt.get(trouble) ?? 0]));
  }

  explains(code: string | null, since: number): boolean {
    return code !== null && EXPLAINED.includes(code) && (this.isStriking || since <= this.#endedAt + LAG_MS);
  }

  leavesOpen(message: string): boolean {
    return !message.includes('Nothing of it was done');
  }

  async strike(until: number): Promise<void> {
    const { chance, witness, isShort } = this.#parts;
    const { least, most } = isShort ? QUIET_IF_SHORT_MS : QUIET_MS;
    const hasBegun = await seen(() => witness.told() > 0, BEGUN_WITHIN_MS);
    if (!hasBegun) this.surprises.push('nothing ever went');
    for (
      let next = this.#next(until);
      next !== null && this.surprises.length === 0;
      next = this.#next(until)
    ) {
      await pause(chance.between(least, most));
      await this.#once(next);
    }
  }

  /** Each in turn until all were felt, then any. */
  #next(until: number): Trouble | null {
    const triesOf = (trouble: Trouble) => this.#tries.get(trouble) ?? 0;
    const wanting = this.#troubles
      .filter((trouble) => !this.#felt.has(trouble) && triesOf(trouble) < MOST_TRIES)
      .toSorted((a, b) => triesOf(a) - triesOf(b));
    if (wanting.length > 0) return wanting[0]!;
    return Date.now() < until ? this.#parts.chance.oneOf(this.#troubles) : null;
  }

  async #once(trouble: Trouble): Promise<void> {
    const acknowledged = this.#parts.witness.acknowledged();
    this.isStriking = true;
    this.#tries.set(trouble, (this.#tries.get(trouble) ?? 0) + 1);
    try {
      if (await trouble.strike()) this.#felt.set(trouble, (this.#felt.get(trouble) ?? 0) + 1);
    } catch (error) {
      this.surprises.push(`${trouble.name}: ${String(error)}`);
    }
    this.#endedAt = Date.now();
    this.isStriking = false;
    if (!(await this.#goesOn()))
      this.surprises.push(`after ${trouble.name} nothing went on for ${GOES_ON_WITHIN_MS} ms`);
    await this.#countLosses(trouble, acknowledged);
  }

  #goesOn(): Promise<boolean> {
    const { acknowledged, told } = this.#parts.witness;
    const [starts, results] = [acknowledged().length, told()];
    return seen(() => acknowledged().length > starts && told() > results, GOES_ON_WITHIN_MS);
  }

  async #countLosses(trouble: Trouble, acknowledged: readonly string[]): Promise<void> {
    const lost = await this.#parts.site.ask<{ id: string }>(
      'select id from unnest($1::text[]) as told(id) where not exists (select from stepwell.run where run.id = told.id)',
      [acknowledged],
    );
    if (lost.length > 0)
      this.surprises.push(`after ${trouble.name} starts were lost: ${lost.map(({ id }) => id).join()}`);
  }
}
