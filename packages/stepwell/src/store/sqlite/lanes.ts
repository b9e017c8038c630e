import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { fits } from '../fit.ts';

/** Where runs wait: one version of one workflow, on one queue of one namespace, at one priority. */
export interface Lane {
  readonly id: number;
  readonly namespace: string;
  readonly workflow: string;
  readonly version: string;
  readonly queue: string;
  readonly priority: number;
}

/** The lanes that ever had a run. They are few, and kept in memory: of a run's row only the lane's id is needed. */
export class Lanes {
  readonly #select: StatementSync;
  readonly #insert: StatementSync;
  readonly #byId = new Map<number, Lane>();
  readonly #byName = new Map<string, Lane>();

  constructor(database: DatabaseSync) {
    this.#select = database.prepare('select * from lane');
    this.#insert = database.prepare(
      'insert into lane (namespace, workflow, version, queue, priority) values (?, ?, ?, ?, ?) returning *',
    );
    this.reload();
  }

  /** After a rollback: a lane that was made in the transaction is gone. */
  reload(): void {
    this.#byId.clear();
    this.#byName.clear();
    for (const row of this.#select.all()) this.#keep(row as unknown as Lane);
  }

  get(id: number): Lane {
    const lane = this.#byId.get(id);
    if (lane === undefined) throw new Error(`there is no lane ${id}`);
    return lane;
  }

  /** The lane of that description; it is made if it is new. */
  of(place: Omit<Lane, 'id'>): Lane {
    const known = this.#byName.get(nameOf(place));
    if (known !== undefined) return known;
    const { namespace, workflow, version, queue, priority } = place;
    const row = this.#insert.get(namespace, workflow, version, queue, priority);
    return this.#keep(row as unknown as Lane);
  }

  matching(wanted: (lane: Lane) => boolean): Lane[] {
    return [...this.#byId.values()].filter(wanted);
  }

  fitting(worker: { kinds: readonly string[]; queues: readonly string[] | null }): Lane[] {
    return this.matching((lane) => fits(worker, lane));
  }

  #keep(lane: Lane): Lane {
    this.#byId.set(lane.id, lane);
    this.#byName.set(nameOf(lane), lane);
    return lane;
  }
}

/** Names are of printable characters, so the parts cannot run into each other. */
function nameOf({ namespace, workflow, version, queue, priority }: Omit<Lane, 'id'>): string {
  return `${namespace}\n${workflow}\n${version}\n${queue}\n${priority}`;
}
