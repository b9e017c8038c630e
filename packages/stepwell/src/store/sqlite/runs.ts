import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { NewRun, RunKey, RunRecord } from '../../model/run.ts';
import { sortedTags } from '../../model/tags.ts';
import type { StartAnswer } from '../contract.ts';
import { canBeOwnedAtOnce } from '../fit.ts';
import type { Artifacts } from './artifacts.ts';
import { withHolds } from '../queue-rules.ts';
import { debounceKeyOf, Debounces } from './debounces.ts';
import type { Newsroom } from '../newsroom.ts';
import type { Journals } from './journal.ts';
import type { Lanes } from './lanes.ts';
import type { Queues } from './queues.ts';
import { RUN_ROW, type RunRow, runOf } from './rows.ts';
import type { ConcurrencySlots } from './slots.ts';
import { type Tags, tagsText } from './tags.ts';

/** The rows of runs: putting in, finding, deleting. */
export class Runs {
  readonly #lanes: Lanes;
  readonly #journals: Journals;
  readonly #slots: ConcurrencySlots;
  readonly #queues: Queues;
  readonly #debounces: Debounces;
  readonly #tags: Tags;
  readonly #artifacts: Artifacts;
  readonly #news: Newsroom;
  readonly #insert: StatementSync;
  readonly #insertInput: StatementSync;
  readonly #byId: StatementSync;
  readonly #delete: StatementSync;

  constructor(
    database: DatabaseSync,
    lanes: Lanes,
    journals: Journals,
    slots: ConcurrencySlots,
    queues: Queues,
    tags: Tags,
    artifacts: Artifacts,
    news: Newsroom,
  ) {
    this.#lanes = lanes;
    this.#journals = journals;
    this.#slots = slots;
    this.#queues = queues;
    this.#debounces = new Debounces(database, lanes, tags, news);
    this.#tags = tags;
    this.#artifacts = artifacts;
    this.#news = news;
    this.#insert = database.prepare(`
      insert into run (namespace, id, lane, status, owner, started_at, ready_at, created_at, timeout,
        hard_timeout, begin_by, concurrency_key, concurrency_limit, slot, debounce_key, parent_key, parent_id, parent_op,
        tags, traceparent)
      values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (namespace, id) do nothing`);
    this.#insertInput = database.prepare('insert into input (run, value) values (?, ?)');
    this.#byId = database.prepare(`select ${RUN_ROW} from run where namespace = ? and id = ?`);
    this.#delete = database.prepare(
      'delete from run where namespace = ? and id = ? and ended_at is not null',
    );
  }

  start(run: NewRun, owner: string | null): StartAnswer {
    const moved = run.debounce === undefined ? null : this.#debounces.move(run, this.#beginByOf(run));
    if (moved !== null) return { created: false, existing: this.view(moved), moved: true };
    const owned = owner !== null && canBeOwnedAtOnce(run) && this.#queues.of(run) === undefined;
    const key = this.insert(run, owned ? owner : null);
    if (key !== null) return { created: true, key, owned };
    const existing = this.get(run.namespace, run.id);
    if (existing === null) throw new Error(`run ${run.id} exists and cannot be read`);
    return { created: false, existing };
  }

  /** Puts a new run in; null: its id is taken. */
  insert(run: NewRun, owner: string | null): RunKey | null {
    const tags = run.tags === undefined ? null : sortedTags(run.tags);
    const { changes, lastInsertRowid } = this.#insert.run(
      run.namespace,
      run.id,
      this.#lanes.of(run).id,
      owner === null ? 'queued' : 'running',
      owner,
      owner === null ? null : run.createdAt,
      owner === null ? run.readyAt : null,
      run.createdAt,
      run.timeout,
      run.hardTimeout ?? null,
      this.#beginByOf(run),
      run.concurrencyKey,
      run.concurrencyLimit ?? 0,
      this.#slots.areShared(run) ? 0 : null,
      run.debounce === undefined ? null : debounceKeyOf(run),
      run.parent?.key ?? null,
      run.parent?.id ?? null,
      run.parent?.op ?? null,
      tags === null ? null : tagsText(tags),
      run.traceparent ?? null,
    );
    if (changes === 0) return null;
    const key = Number(lastInsertRowid);
    if (tags !== null) this.#tags.index(key, run.namespace, tags);
    if (run.input !== undefined) this.#insertInput.run(key, JSON.stringify(run.input));
    if (run.journal !== undefined)
      this.#journals.append(key, 0, run.journal.at, run.journal.count, run.journal.events);
    if (owner === null) this.#news.ready(run.readyAt);
    return key;
  }

  get(namespace: string, id: string): RunRecord | null {
    const row = this.#byId.get(namespace, id) as RunRow | undefined;
    return row === undefined ? null : this.view(row);
  }

  /** A run as the outside sees it: with the reason why it is not given to a worker. */
  view(row: RunRow): RunRecord {
    const lane = this.#lanes.get(row.lane);
    const run = runOf(row, lane);
    if (row.turn === -1 || (row.status !== 'queued' && row.status !== 'waiting')) return run;
    return withHolds(run, this.#queues.holds(lane), row.status === 'queued' && !this.#slots.has(row));
  }

  #beginByOf(run: NewRun): number | null {
    if (run.beginBy !== undefined) return run.beginBy;
    const deadline = this.#queues.of(run)?.limits.startDeadline;
    return deadline === undefined ? null : run.readyAt + deadline;
  }

  /** Its journal and inbox go with it, by their foreign keys. */
  purge(namespace: string, id: string): boolean {
    if (this.#delete.run(namespace, id).changes === 0) return false;
    this.#journals.keepLast();
    this.#artifacts.drop({ namespace, run: id });
    return true;
  }
}
