import type { Client } from 'pg';
import { type RunKey, type StoredRun } from 'stepwell/engine';
import { bigints } from './arrays.ts';
import type { Artifacts } from './artifacts.ts';
import type { Database } from './database.ts';
import type { Lanes } from './lanes.ts';
import { insertParts, insertRuns } from './loading.ts';
import { type FactRow, factOf, type RunRow, runOf } from './rows.ts';

type OfRun<T> = T & { readonly run: RunKey };

/** Whole runs on their way from one store to another. */
export class Transfer {
  readonly #database: Database;
  readonly #lanes: Lanes;
  readonly #artifacts: Artifacts;

  constructor(database: Database, lanes: Lanes, artifacts: Artifacts) {
    this.#database = database;
    this.#lanes = lanes;
    this.#artifacts = artifacts;
  }

  async namespaces(): Promise<string[]> {
    const { schema } = this.#database;
    const rows = await this.#database.read<{ namespace: string }>(
      `select namespace from ${schema}.lane where exists (select 1 from ${schema}.run where run.lane = lane.id)
        union select namespace from ${schema}.queue union select namespace from ${schema}.schedule order by 1`,
    );
    return rows.map(({ namespace }) => namespace);
  }

  async dump(after: RunKey, limit: number): Promise<StoredRun[]> {
    const { schema } = this.#database;
    const rows = await this.#database.read<RunRow>(
      `select * from ${schema}.run where key > $1 order by key limit $2`,
      [after, limit],
    );
    await this.#lanes.meet(rows.map(({ lane }) => lane));
    const keys = bigints(rows.map(({ key }) => key));
    const of = async <T>(table: string, columns: string, order: string) => {
      const found = await this.#database.read<OfRun<T>>(
        `select run, ${columns} from ${schema}.${table} where run = any ($1) order by run, ${order}`,
        [keys],
      );
      return Map.groupBy(found, ({ run }) => run);
    };
    const journals = await of<StoredRun['journal'][number]>(
      'journal',
      'position, at, count, events',
      'position',
    );
    const inboxes = await of<FactRow>('inbox', 'number, fact', 'number');
    const callbacks = await of<StoredRun['callbacks'][number]>('callback', 'callback, op', 'callback');
    const outcomes = await of<{ key: string; value: string | null }>('outcome', 'key, value', 'key');
    const artifacts = Map.groupBy(
      await this.#artifacts.of(rows.map(({ namespace, id }) => ({ namespace, run: id }))),
      ({ namespace, run }) => `${namespace}\n${run}`,
    );
    return rows.map((row) => ({
      run: runOf(row, this.#lanes.get(row.lane)),
      journal: (journals.get(row.key) ?? []).map(({ run: _, ...commit }) => commit),
      inbox: (inboxes.get(row.key) ?? []).map(factOf),
      callbacks: (callbacks.get(row.key) ?? []).map(({ run: _, ...callback }) => callback),
      slot: row.slot === null ? null : row.slot === 1 ? 'own' : 'shared',
      debounceKey:
        row.debounce_key === null ? null : row.debounce_key.slice(row.debounce_key.indexOf('\n') + 1),
      outcomes: (outcomes.get(row.key) ?? []).map(({ key, value }) => ({
        key,
        value: value === null ? undefined : JSON.parse(value),
      })),
      artifacts: artifacts.get(`${row.namespace}\n${row.id}`) ?? [],
    }));
  }

  /** The answer is how many were put in: not those whose key or id exists. */
  async load(stored: readonly StoredRun[]): Promise<number> {
    if (stored.length === 0) return 0;
    await this.#lanes.learn(stored.map(({ run }) => run));
    return this.#database.transaction(async (client: Client) => {
      const { schema } = this.#database;
      const keys = new Set(await insertRuns(client, schema, stored, this.#lanes));
      const loaded = stored.filter(({ run }) => keys.has(run.key));
      await insertParts(client, schema, loaded);
      return loaded.length;
    });
  }
}
