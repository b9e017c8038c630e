import { setTimeout as wait } from 'node:timers/promises';
import { isStepwellError, type RunHandle } from '../../packages/stepwell/src/index.ts';
import type { Round } from './messages.ts';
import type { Scenario } from './scenarios.ts';

export interface UserParts {
  /** Lives as long as the application; every reader has it. */
  readonly shutdown: AbortSignal;
  readonly ended: (result: unknown) => void;
  /** Whether readers who have seen enough stay open all the same. */
  readonly leavesReadersOpen: boolean;
}

/** So many at a time go through the scenarios; others follow the events of what they have begun. */
export class Users {
  readonly #parts: UserParts;
  readonly #reading = new Set<Promise<void>>();
  readonly #leftOpen: unknown[] = [];
  #scenarios = 0;
  #readers = 0;

  constructor(parts: UserParts) {
    this.#parts = parts;
  }

  /** So many users begin new ones for a round; the answer is how many, once all of them have ended and been read. */
  async work(scenarios: readonly Scenario[], count: number, round: Round): Promise<number> {
    const before = this.#scenarios;
    const until = Date.now() + round.ms;
    const user = async () => {
      while (Date.now() < until && this.#scenarios < before + round.scenarios) {
        const pause = wait(round.pauseMs);
        const n = this.#scenarios++;
        this.#parts.ended(await scenarios[n % scenarios.length]!(n, `run-${n}`));
        await pause;
      }
    };
    await Promise.all(Array.from({ length: count }, user));
    await Promise.all(this.#reading);
    return this.#scenarios - before;
  }

  /** Of three runs one is read to its end, one to its second event, and one by nobody. */
  watch(run: RunHandle): void {
    const reader = this.#readers++ % 3;
    if (reader === 2) return;
    const reading = this.#read(run, reader === 0 ? Number.POSITIVE_INFINITY : 2).finally(() =>
      this.#reading.delete(reading),
    );
    this.#reading.add(reading);
  }

  async #read(run: RunHandle, most: number): Promise<void> {
    const events = run.events({ signal: this.#parts.shutdown });
    try {
      for (let seen = 0; seen < most; seen++) if ((await events.next()).done === true) break;
    } catch (error) {
      // Whoever reads more slowly than the retention keeps is told so.
      if (!isStepwellError(error, 'RUN_PURGED')) throw error;
    }
    if (this.#parts.leavesReadersOpen) this.#leftOpen.push(events);
    else await events.return?.();
  }
}
