import { isFinal, isStepwellError, type ScheduledRun, type StartedRun, type Stepwell } from 'stepwell';
import { startOptions } from './settings.ts';
import type { ScheduleState } from './state.ts';

/** Makes the starts that are on record; each as often as it likes, since the id of a run is made of its time. */
export class Starts {
  readonly #well: Stepwell;

  constructor(well: Stepwell) {
    this.#well = well;
  }

  /** Whether this process has the workflow, and so can start it. */
  canMake({ workflow, version }: ScheduleState): boolean {
    return this.#well
      .workflows()
      .some((known) => known.name === workflow && (version === undefined || version === known.version));
  }

  /** Whether a run that was started has not ended, nor what goes on for it. */
  async isActive(last: ScheduledRun | undefined): Promise<boolean> {
    if (last === undefined) return false;
    try {
      let info = await this.#well.get(last.run);
      while (info.continuedBy !== undefined) info = await this.#well.get(info.continuedBy);
      return !isFinal(info.status);
    } catch (error) {
      if (isStepwellError(error, 'RUN_NOT_FOUND')) return false;
      throw error;
    }
  }

  /**
   * Cancels and starts what is on record.
   * @throws StepwellError `STORE_…`, `ENGINE_CLOSED`: it is to be tried again
   */
  async make(name: string, state: ScheduleState): Promise<ScheduleState['problem']> {
    for (const run of state.cancelling) await this.#cancel(run, name);
    let problem: ScheduleState['problem'];
    for (const { run } of state.starting) {
      try {
        await this.start(name, state, run);
      } catch (error) {
        if (!isStepwellError(error) || error.code === 'ENGINE_CLOSED' || error.code.startsWith('STORE_'))
          throw error;
        // The settings were changed after this start was decided: what exists is that start.
        if (error.code === 'RUN_ID_TAKEN') continue;
        problem = { at: this.#well.parts.system.now(), code: error.code, message: error.message };
      }
    }
    return problem;
  }

  start(name: string, state: ScheduleState, run: string): Promise<StartedRun> {
    return this.#well.start(state.workflow, state.input, {
      ...startOptions(state),
      id: run,
      ...(state.overlap === 'queue' && { concurrencyKey: `schedule ${name}` }),
    });
  }

  async #cancel(run: string, name: string): Promise<void> {
    try {
      // Whoever does it once more, since the first one died before it could say so, does not cut its cleanup short.
      // In quotes: no id ends with a space, as a name may.
      const id = `schedule "${name}"`;
      await this.#well.cancel(run, { reason: `The schedule "${name}" starts the next run.`, id });
    } catch (error) {
      if (!isStepwellError(error, 'RUN_ENDED') && !isStepwellError(error, 'RUN_NOT_FOUND')) throw error;
    }
  }
}
