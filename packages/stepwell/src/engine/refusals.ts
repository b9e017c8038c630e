import type { RunKey } from '../model/run.ts';

/** Pauses before a run is taken up again whose commits are refused (ms): doubled each time up to the longest. */
const FIRST_PAUSE = 10;
const LONGEST_PAUSE = 5_000;

/** Runs whose first commit was refused: one to which that happens again and again would keep a worker from all others. */
export class Refusals {
  /** How often in a row. */
  readonly #times = new Map<RunKey, number>();

  /** How long to leave the run alone now (ms); 0: not at all. @param hasCommitted since it was taken up */
  pauseOf(run: RunKey, hasCommitted: boolean): number {
    const times = hasCommitted ? 1 : (this.#times.get(run) ?? 0) + 1;
    this.#times.set(run, times);
    return times === 1 ? 0 : Math.min(FIRST_PAUSE * 2 ** times, LONGEST_PAUSE);
  }

  forget(run: RunKey): void {
    this.#times.delete(run);
  }
}
