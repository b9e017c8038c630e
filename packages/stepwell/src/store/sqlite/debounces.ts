import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { NewRun } from '../../model/run.ts';
import { sortedTags } from '../../model/tags.ts';
import { debouncedUntil } from '../debounce.ts';
import type { Newsroom } from '../newsroom.ts';
import type { Lanes } from './lanes.ts';
import { RUN_ROW, type RunRow } from './rows.ts';
import { type Tags, tagsText } from './tags.ts';

/** Puts runs off that have not begun when a further start has their debounce key. */
export class Debounces {
  readonly #lanes: Lanes;
  readonly #tags: Tags;
  readonly #news: Newsroom;
  readonly #find: StatementSync;
  readonly #move: StatementSync;
  readonly #dropInput: StatementSync;
  readonly #insertInput: StatementSync;
  readonly #row: StatementSync;

  constructor(database: DatabaseSync, lanes: Lanes, tags: Tags, news: Newsroom) {
    this.#lanes = lanes;
    this.#tags = tags;
    this.#news = news;
    this.#find = database.prepare('select key, created_at from run where namespace = ? and debounce_key = ?');
    this.#move = database.prepare(`
      update run set status = 'queued', lane = ?2, ready_at = ?3, begin_by = ?4, timeout = ?5, hard_timeout = ?6,
        concurrency_key = ?7, concurrency_limit = ?8, tags = ?9, traceparent = ?10, blocked_at = null, turn = null,
        waiting_for = '[]', error = null
      where key = ?1`);
    this.#dropInput = database.prepare('delete from input where run = ?');
    this.#insertInput = database.prepare('insert into input (run, value) values (?, ?)');
    this.#row = database.prepare(`select ${RUN_ROW} from run where key = ?`);
  }

  /** The run that was put off; null: there is none with that key. */
  move(run: NewRun, beginBy: number | null): RunRow | null {
    const found = this.#find.get(run.namespace, debounceKeyOf(run));
    if (found === undefined) return null;
    const key = Number(found['key']);
    const until = debouncedUntil(run, Number(found['created_at']), beginBy);
    const tags = sortedTags(run.tags ?? []);
    this.#move.run(
      key,
      this.#lanes.of(run).id,
      until.readyAt,
      until.beginBy,
      run.timeout,
      run.hardTimeout ?? null,
      run.concurrencyKey,
      run.concurrencyLimit ?? 0,
      tagsText(tags),
      run.traceparent ?? null,
    );
    this.#tags.replace(key, run.namespace, tags);
    this.#dropInput.run(key);
    if (run.input !== undefined) this.#insertInput.run(key, JSON.stringify(run.input));
    this.#news.ready(until.readyAt);
    return this.#row.get(key) as unknown as RunRow;
  }
}

/** Names are of printable characters, so the parts cannot run into each other. */
export function debounceKeyOf({ workflow, debounce }: NewRun): string {
  return `${workflow}\n${debounce!.key}`;
}
