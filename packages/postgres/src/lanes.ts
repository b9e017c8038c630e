import { integers, texts } from './arrays.ts';
import type { Database } from './database.ts';

/** Where runs wait: one version of one workflow, on one queue of one namespace, at one priority. */
export interface Lane {
  readonly id: number;
  readonly namespace: string;
  readonly workflow: string;
  readonly version: string;
  readonly queue: string;
  readonly priority: number;
}

type Place = Omit<Lane, 'id'>;

/**
 * The lanes that ever had a run. They are few, never change and never go, so each process remembers them; those that
 * another process has made are read when they are met.
 */
export class Lanes {
  readonly #database: Database;
  readonly #byId = new Map<number, Lane>();
  readonly #byName = new Map<string, Lane>();

  #learning: Promise<void> | null = null;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Of a run whose lane is known: see {@link Lanes.learn}. */
  idOf(run: Place): number {
    return this.#byName.get(nameOf(run))!.id;
  }

  get(id: number): Lane {
    return this.#byId.get(id)!;
  }

  /** Whether all lanes of these runs are known. */
  know(runs: readonly Place[]): boolean {
    return runs.every((run) => this.#byName.has(nameOf(run)));
  }

  /** Gets to know the lanes of these runs; those that are new are made, in a transaction of their own. */
  async learn(runs: readonly Place[]): Promise<void> {
    while (!this.know(runs)) {
      this.#learning ??= this.#make(runs).finally(() => (this.#learning = null));
      await this.#learning;
    }
  }

  async #make(runs: readonly Place[]): Promise<void> {
    const missing = new Map<string, Place>();
    for (const run of runs) if (!this.#byName.has(nameOf(run))) missing.set(nameOf(run), run);
    const places = [...missing.values()];
    const { schema } = this.#database;
    await this.#database.write(
      `insert into ${schema}.lane (namespace, workflow, version, queue, priority)
        select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::integer[]) order by 1, 2, 3, 4, 5
        on conflict do nothing`,
      [
        texts(places.map(({ namespace }) => namespace)),
        texts(places.map(({ workflow }) => workflow)),
        texts(places.map(({ version }) => version)),
        texts(places.map(({ queue }) => queue)),
        integers(places.map(({ priority }) => priority)),
      ],
    );
    await this.#load();
  }

  /** Gets to know lanes that another process may have made. */
  async meet(ids: readonly number[]): Promise<void> {
    if (ids.some((id) => !this.#byId.has(id))) await this.#load();
  }

  async #load(): Promise<void> {
    const { schema } = this.#database;
    const rows = await this.#database.read<Lane>(
      `select id, namespace, workflow, version, queue, priority from ${schema}.lane`,
    );
    for (const lane of rows) {
      this.#byId.set(lane.id, lane);
      this.#byName.set(nameOf(lane), lane);
    }
  }
}

/** Names are of printable characters, so the parts cannot run into each other. */
function nameOf({ namespace, workflow, version, queue, priority }: Place): string {
  return `${namespace}\n${workflow}\n${version}\n${queue}\n${priority}`;
}
