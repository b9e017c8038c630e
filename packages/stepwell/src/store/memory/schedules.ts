import type { ScheduleRecord } from '../records.ts';

/** The schedules of all namespaces. */
export class Schedules {
  readonly #records: ScheduleRecord[] = [];

  all(namespace: string): ScheduleRecord[] {
    return this.#records
      .filter((record) => record.namespace === namespace)
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .map((record) => ({ ...record }));
  }

  namespaces(): string[] {
    return this.#records.map(({ namespace }) => namespace);
  }

  save(schedule: ScheduleRecord): boolean {
    const index = this.#indexOf(schedule.namespace, schedule.name);
    const known = this.#records[index];
    if (schedule.revision !== (known?.revision ?? 0) + 1) return false;
    if (known === undefined) this.#records.push({ ...schedule });
    else this.#records[index] = { ...schedule };
    return true;
  }

  delete(namespace: string, name: string): boolean {
    const index = this.#indexOf(namespace, name);
    if (index >= 0) this.#records.splice(index, 1);
    return index >= 0;
  }

  #indexOf(namespace: string, name: string): number {
    return this.#records.findIndex((record) => record.namespace === namespace && record.name === name);
  }
}
