import type { ScheduleRecord, Store } from 'stepwell/engine';
import { isStepwellError, StepwellError } from 'stepwell';
import type { ScheduleState } from './state.ts';

/** A schedule as it was read, so that it can be changed. */
export interface Kept {
  readonly name: string;
  readonly revision: number;
  readonly state: ScheduleState;
}

/** The schedules of one namespace in a store. Each change is made to what was read, or not at all. */
export class Shelf {
  readonly #store: Store;
  readonly #namespace: string;

  constructor(store: Store, namespace: string) {
    this.#store = store;
    this.#namespace = namespace;
  }

  /** In the order of their names. */
  async all(): Promise<Kept[]> {
    return (await this.#store.schedules(this.#namespace)).map(keptOf);
  }

  async find(name: string): Promise<Kept | null> {
    return (await this.all()).find((kept) => kept.name === name) ?? null;
  }

  /** @throws StepwellError `SCHEDULE_NOT_FOUND` */
  async get(name: string): Promise<Kept> {
    const kept = await this.find(name);
    if (kept === null) throw notFound(name);
    return kept;
  }

  /** Writes what a schedule that was read comes to. Null: somebody else has changed it since. */
  async replace(
    { name, revision }: Pick<Kept, 'name' | 'revision'>,
    state: ScheduleState,
  ): Promise<Kept | null> {
    const kept = { name, revision: revision + 1, state };
    const value = JSON.stringify(state);
    const saved = await this.#store.saveSchedule({
      namespace: this.#namespace,
      name,
      revision: kept.revision,
      value,
    });
    return saved ? kept : null;
  }

  /** Changes a schedule, however often others change it meanwhile; null is given where there is none. */
  async change(name: string, change: (state: ScheduleState | null) => ScheduleState): Promise<Kept> {
    for (;;) {
      const kept = await this.find(name);
      const changed = await this.replace(kept ?? { name, revision: 0 }, change(kept?.state ?? null));
      if (changed !== null) return changed;
    }
  }

  /** @throws StepwellError `SCHEDULE_NOT_FOUND` */
  changeExisting(name: string, change: (state: ScheduleState) => ScheduleState): Promise<Kept> {
    return this.change(name, (state) => {
      if (state === null) throw notFound(name);
      return change(state);
    });
  }

  /** As `changeExisting`; one that was deleted meanwhile stays so. */
  async changeIfThere(name: string, change: (state: ScheduleState) => ScheduleState): Promise<void> {
    try {
      await this.changeExisting(name, change);
    } catch (error) {
      if (!isStepwellError(error, 'SCHEDULE_NOT_FOUND')) throw error;
    }
  }

  /** @throws StepwellError `SCHEDULE_NOT_FOUND` */
  async remove(name: string): Promise<void> {
    // Found by itself first: a name that none can have is not something that every store could be asked for.
    await this.get(name);
    if (!(await this.#store.deleteSchedule(this.#namespace, name))) throw notFound(name);
  }
}

function keptOf({ name, revision, value }: ScheduleRecord): Kept {
  return { name, revision, state: JSON.parse(value) as ScheduleState };
}

function notFound(name: string): StepwellError {
  return new StepwellError('SCHEDULE_NOT_FOUND', `There is no schedule "${name}".`);
}
