import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { NewRun, RunKey, RunRecord, RunStatus } from '../../model/run.ts';
import type { StartAnswer } from '../contract.ts';
import type { Newsroom } from '../newsroom.ts';
import type { Journals } from './journal.ts';
import type { Lanes } from './lanes.ts';
import { type RunRow, runOf, textOf } from './rows.ts';
import type { ConcurrencySlots } from './slots.ts';

/** The rows of runs: putting in, finding, deleting. */
export class Runs {
  readonly #lanes: Lanes;
  readonly #journals: Journals;
  readonly #slots: ConcurrencySlots;
  readonly #news: Newsroom;
  readonly #insert: StatementSync;
  readonly #byKey: StatementSync;
  readonly #byId: StatementSync;
  readonly #count: StatementSync;
  readonly #delete: StatementSync;

  constructor(
    database: DatabaseSync,
    lanes: Lanes,
    journals: Journals,
    slots: ConcurrencySlots,
    news: Newsroom,
  ) {
    this.#lanes = lanes;
    this.#journals = journals;
    this.#slots = slots;
    this.#news = news;
    this.#insert = database.prepare(`
      insert into run (namespace, id, lane, status, ready_at, created_at, timeout, concurrency_key,
        concurrency_limit, parent_key, parent_id, parent_op, input)
      values (?, ?, ?, 'queued', ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (namespace, id) do nothing`);
    this.#byKey = database.prepare('select * from run where key = ?');
    this.#byId = database.prepare('select * from run where namespace = ? and id = ?');
    this.#count = database.prepare(
      'select status, count(*) as runs from run where namespace = ? group by status',
    );
    this.#delete = database.prepare(
      'delete from run where namespace = ? and id = ? and ended_at is not null',
    );
  }

  start(run: NewRun): StartAnswer {
    const key = this.insert(run);
    if (key !== null) return { created: true, key };
    const existing = this.get(run.namespace, run.id);
    if (existing === null) throw new Error(`run ${run.id} exists and cannot be read`);
    return { created: false, existing };
  }

  /** Puts a new run in; null: its id is taken. */
  insert(run: NewRun): RunKey | null {
    const { changes, lastInsertRowid } = this.#insert.run(
      run.namespace,
      run.id,
      this.#lanes.of(run).id,
      run.readyAt,
      run.createdAt,
      run.timeout,
      run.concurrencyKey,
      run.concurrencyLimit,
      run.parent?.key ?? null,
      run.parent?.id ?? null,
      run.parent?.op ?? null,
      textOf(run.input),
    );
    if (changes === 0) return null;
    const key = Number(lastInsertRowid);
    if (run.journal !== undefined)
      this.#journals.append(key, 0, run.journal.at, run.journal.count, run.journal.events);
    this.#news.ready(run.readyAt);
    return key;
  }

  rowByKey(key: RunKey): RunRow | undefined {
    return this.#byKey.get(key) as RunRow | undefined;
  }

  rowById(namespace: string, id: string): RunRow | undefined {
    return this.#byId.get(namespace, id) as RunRow | undefined;
  }

  get(namespace: string, id: string): RunRecord | null {
    const row = this.rowById(namespace, id);
    return row === undefined ? null : this.view(row);
  }

  /** A run as the outside sees it: with the reason why it is not given to a worker. */
  view(row: RunRow): RunRecord {
    const run = runOf(row, this.#lanes.get(row.lane));
    const { namespace, concurrency_key } = row;
    if (row.status !== 'queued' || concurrency_key === null || row.slot !== null) return run;
    if (this.#slots.taken({ namespace, concurrency_key }) < row.concurrency_limit) return run;
    return { ...run, waitingFor: [{ kind: 'concurrency', detail: concurrency_key }] };
  }

  count(namespace: string): Partial<Record<RunStatus, number>> {
    const rows = this.#count.all(namespace);
    return Object.fromEntries(rows.map(({ status, runs }) => [status, runs])) as Partial<
      Record<RunStatus, number>
    >;
  }

  /** Its journal and inbox go with it, by their foreign keys. */
  purge(namespace: string, id: string): boolean {
    return this.#delete.run(namespace, id).changes === 1;
  }
}
