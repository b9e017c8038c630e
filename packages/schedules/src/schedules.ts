import type { ScheduleInfo, ScheduleSettings, StartedRun, Stepwell } from 'stepwell';
import { advance, dueAt, scheduledRun } from './due.ts';
import { settingsOf } from './settings.ts';
import { Shelf, type Kept } from './shelf.ts';
import { Starts } from './starts.ts';
import type { ScheduleState } from './state.ts';
import { nextTime } from './timing.ts';

/** Schedules that other processes have changed are noticed within this time (ms). */
const ROUND = 10_000;

export interface SchedulesOptions {
  /** Told of what goes wrong where no caller hears of it; it is tried again. Default: standard error. */
  onError?: (error: unknown) => void;
}

/**
 * Starts runs by the clock, and keeps the schedules that say when. Any number of processes may have one open on the same
 * store: each start is decided once, by a compare-and-set of the schedule, and made once, since its run's id is made of
 * the schedule's name and the planned time. A process makes the starts of those workflows that it has.
 */
export class Schedules implements AsyncDisposable {
  readonly #well: Stepwell;
  readonly #shelf: Shelf;
  readonly #starts: Starts;
  readonly #onError: (error: unknown) => void;
  #cancelTimers = () => {};
  #looking: Promise<void> | null = null;
  #again = false;
  #closed = false;

  private constructor(well: Stepwell, onError: (error: unknown) => void) {
    this.#well = well;
    this.#shelf = new Shelf(well.parts.store, well.namespace);
    this.#starts = new Starts(well);
    this.#onError = onError;
  }

  /** Begins to make starts. What goes wrong with that is told to `onError`, and tried again. */
  static async open(well: Stepwell, { onError = reportError }: SchedulesOptions = {}): Promise<Schedules> {
    const schedules = new Schedules(well, onError);
    await schedules.#look();
    return schedules;
  }

  /**
   * Makes a schedule, or changes the one of that name. The same settings again change nothing, so that a program can
   * say whenever it starts which schedules it wants.
   * @throws StepwellError `SCHEDULE_INVALID`, `DURATION_INVALID`, `ID_INVALID`, `INPUT_INVALID`, `VALUE_NOT_JSON`,
   * `WORKFLOW_UNKNOWN`, `WORKFLOW_VERSION_UNKNOWN`, `NAME_INVALID`, `OPTION_INVALID`, `STORE_…`
   */
  async set(name: string, options: ScheduleSettings): Promise<ScheduleInfo> {
    const known = (await this.#shelf.find(name))?.state.timing ?? null;
    const settings = await settingsOf(this.#well, name, options, known);
    const kept = await this.#shelf.change(name, (state) => {
      const isSame = JSON.stringify(settings.timing) === JSON.stringify(state?.timing);
      return {
        ...settings,
        ...(state?.paused !== undefined && { paused: state.paused }),
        ...(state?.last !== undefined && { last: state.last }),
        nextAt: isSame ? state!.nextAt : nextTime(settings.timing, this.#now),
        starting: state?.starting ?? [],
        cancelling: state?.cancelling ?? [],
      };
    });
    await this.#look();
    return shown(kept);
  }

  /** In the order of their names. */
  async list(): Promise<ScheduleInfo[]> {
    return (await this.#shelf.all()).map(shown);
  }

  /** @throws StepwellError `SCHEDULE_NOT_FOUND`, `STORE_…` */
  async get(name: string): Promise<ScheduleInfo> {
    return shown(await this.#shelf.get(name));
  }

  /**
   * The next times, as milliseconds since 1970; of a paused schedule those that it would have.
   * @throws StepwellError `SCHEDULE_NOT_FOUND`, `STORE_…`
   */
  async next(name: string, count = 5): Promise<number[]> {
    const { timing, nextAt } = await this.get(name);
    const times: number[] = [];
    let at = nextAt !== null && nextAt > this.#now ? nextAt : nextTime(timing, this.#now);
    for (; at !== null && times.length < count; at = nextTime(timing, at)) times.push(at);
    return times;
  }

  /** No starts until it is resumed; those that fall into the pause are not made up for. @throws StepwellError `SCHEDULE_NOT_FOUND`, `STORE_…` */
  async pause(name: string, { reason }: { reason?: string } = {}): Promise<void> {
    const paused = { at: this.#now, ...(reason !== undefined && { reason }) };
    await this.#shelf.changeExisting(name, (state) => ({ ...state, paused: state.paused ?? paused }));
  }

  /** @throws StepwellError `SCHEDULE_NOT_FOUND`, `STORE_…` */
  async resume(name: string): Promise<void> {
    await this.#shelf.changeExisting(name, ({ paused, ...state }) =>
      paused === undefined ? state : { ...state, nextAt: nextTime(state.timing, this.#now) },
    );
    await this.#look();
  }

  /**
   * Starts a run of it now, whatever its times, its overlap and its pause.
   * @param id of the run; the same id again is the same run
   * @throws StepwellError `SCHEDULE_NOT_FOUND`, and what a start throws
   */
  async runNow(name: string, { id }: { id?: string } = {}): Promise<StartedRun> {
    const { system } = this.#well.parts;
    const { run } = scheduledRun(name, this.#now);
    const { state } = await this.#shelf.get(name);
    const started = await this.#starts.start(name, state, id ?? `${run}+${system.uuid()}`);
    const at = started.created ? this.#now : (await started.info()).createdAt;
    await this.#shelf.changeExisting(name, (state) =>
      // Asked for again, it may be older than what the schedule has started since.
      state.last !== undefined && state.last.at > at ? state : { ...state, last: { run: started.id, at } },
    );
    return started;
  }

  /** Removes a schedule. Runs that it has started go on. @throws StepwellError `SCHEDULE_NOT_FOUND`, `STORE_…` */
  async delete(name: string): Promise<void> {
    await this.#shelf.remove(name);
  }

  /** Makes no more starts; resolves when none is under way. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelTimers();
    await this.#looking;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #now(): number {
    return this.#well.parts.system.now();
  }

  /** Does what is due; a look that is asked for during another follows it. */
  #look(): Promise<void> {
    this.#again = true;
    this.#looking ??= this.#lookUntilDone().finally(() => (this.#looking = null));
    return this.#looking;
  }

  async #lookUntilDone(): Promise<void> {
    while (this.#again && !this.#closed) {
      this.#again = false;
      let next = Number.POSITIVE_INFINITY;
      try {
        for (const kept of await this.#shelf.all()) next = Math.min(next, await this.#carryOn(kept));
      } catch (error) {
        if (!this.#closed) this.#onError(error);
      }
      this.#wait(next);
    }
  }

  /** Decides and makes what is due of a schedule; the answer is when it is due next. */
  async #carryOn(kept: Kept): Promise<number> {
    const { state } = kept;
    if (!this.#starts.canMake(state)) return Number.POSITIVE_INFINITY;
    const decided = dueAt(state) <= this.#now ? await this.#decide(kept) : kept;
    // Somebody else was faster: what it decided is looked at in the next round.
    if (decided === null) return this.#now;
    await this.#make(decided);
    return dueAt(decided.state);
  }

  async #decide(kept: Kept): Promise<Kept | null> {
    const { name, state } = kept;
    const isActive = await this.#starts.isActive(state.last);
    return this.#shelf.replace(kept, advance(name, state, this.#now, isActive));
  }

  async #make({ name, state }: Kept): Promise<void> {
    if (state.starting.length === 0 && state.cancelling.length === 0) return;
    const problem = await this.#starts.make(name, state);
    await this.#shelf.changeIfThere(name, (current) => withoutMade(current, state, problem));
  }

  #wait(until: number): void {
    this.#cancelTimers();
    if (this.#closed) return;
    const { system } = this.#well.parts;
    const look = () => void this.#look();
    const cancelRound = system.timer(ROUND, look, 'background');
    const cancelTimer =
      until === Number.POSITIVE_INFINITY ? () => {} : system.timer(Math.max(0, until - this.#now), look);
    this.#cancelTimers = () => {
      cancelRound();
      cancelTimer();
    };
  }
}

/** The state as it is by now, without the starts that were made. */
function withoutMade(
  current: ScheduleState,
  made: ScheduleState,
  problem: ScheduleState['problem'],
): ScheduleState {
  const { problem: _, ...rest } = current;
  const isMade = new Set(made.starting.map(({ run }) => run));
  return {
    ...rest,
    starting: current.starting.filter(({ run }) => !isMade.has(run)),
    cancelling: current.cancelling.filter((run) => !made.cancelling.includes(run)),
    ...(problem !== undefined && { problem }),
  };
}

function shown({ name, state }: Kept): ScheduleInfo {
  const { cancelling: _, ...rest } = state;
  return { name, ...rest };
}

function reportError(error: unknown): void {
  console.error('A schedule could not be carried on; it is tried again:', error);
}
