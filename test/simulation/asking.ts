import { isStepwellError, type Stepwell } from '../../packages/stepwell/src/index.ts';
import type { Chance } from './chance.ts';
import type { Deeds } from './deeds.ts';
import type { Faults } from './faults.ts';
import { describeError } from './errors.ts';
import type { Machine } from './machine.ts';
import type { Scenario } from './scenario.ts';
import type { Scheduler } from './scheduler.ts';
import { ProcessDied } from './sim-process.ts';
import type { StoreRules } from './store-rules.ts';
import type { Trace } from './trace.ts';
import type { Violations } from './violation.ts';

export interface OutsideWorld {
  readonly scenario: Scenario;
  readonly scheduler: Scheduler;
  readonly faults: Faults;
  readonly trace: Trace;
  readonly violations: Violations;
  readonly deeds: Deeds;
  readonly rules: StoreRules;
  readonly chance: Chance;
  /** Engines that can be asked: clients, and workers, which most applications ask themselves. */
  readonly engines: readonly Machine[];
  /** When the last of the calls has come that were made while things went wrong. */
  readonly quietAt: number;
  /** In how much time a call that was made now has come (ms). */
  readonly callsArriveWithin: number;
}

/** How the outside asks engines: what is not acknowledged it asks again, of another one. */
export class Asking {
  /** What is not acknowledged yet, for a report of what hangs. */
  readonly open = new Set<string>();
  readonly chance: Chance;
  readonly #world: OutsideWorld;

  constructor(world: OutsideWorld) {
    this.#world = world;
    this.chance = world.chance.stream('outside');
  }

  /** Asks, and now and then asks the same again, at the same time or later. */
  async askTwice(
    what: string,
    call: (well: Stepwell) => Promise<string | void>,
    refusals: readonly string[] = [],
  ): Promise<string[]> {
    const first = this.ask(what, call, refusals);
    if (!this.#world.faults.fires('client call doubled')) return [String(await first)];
    if (this.chance.happens(0.5)) await first;
    const second = this.ask(`${what} once more`, call, refusals);
    return (await Promise.all([first, second])).map(String);
  }

  /**
   * Asks one client after the other until one of them answers.
   * @param refusals codes of errors that are answers: what is asked for may have been done already, or be too late
   */
  async ask<T>(
    what: string,
    call: (well: Stepwell) => Promise<T>,
    refusals: readonly string[] = [],
  ): Promise<T | string> {
    const { trace, violations, engines } = this.#world;
    this.open.add(what);
    for (;;) {
      const machine = this.chance.oneOf(engines);
      try {
        const well = await machine.well();
        const answer = await Promise.race([call(well), machine.process.died]);
        trace.write('outside', `${what}: done`);
        this.open.delete(what);
        return answer ?? 'done';
      } catch (error) {
        const description = describeError(error);
        trace.write('outside', `${what}: ${description}`);
        if (refusals.includes(description)) {
          this.open.delete(what);
          return description;
        }
        if (!isTransient(error)) violations.report(`${what}: ${description}`);
      }
      await this.wait(this.chance.between(5, 300));
    }
  }

  wait(delay: number): Promise<void> {
    return new Promise((resolve) => void this.#world.scheduler.after(delay, resolve));
  }
}

/** Whether what was asked for may have been done or not, and is asked for again. */
export function isTransient(error: unknown): boolean {
  return (
    error instanceof ProcessDied ||
    isStepwellError(error, 'STORE_FAILED') ||
    isStepwellError(error, 'ENGINE_CLOSED') ||
    // Asked of a worker that has not been deployed yet: the clients have all.
    isStepwellError(error, 'WORKFLOW_UNKNOWN') ||
    isStepwellError(error, 'WORKFLOW_VERSION_UNKNOWN')
  );
}
