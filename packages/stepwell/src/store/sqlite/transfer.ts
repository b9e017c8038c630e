import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { isFinal, type RunKey } from '../../model/run.ts';
import type { OpenCallback, StoredCommit, StoredRun } from '../records.ts';
import { isForcedCancel } from '../inbox.ts';
import type { Artifacts } from './artifacts.ts';
import type { Callbacks } from './callbacks.ts';
import type { Inboxes } from './inboxes.ts';
import type { Journals } from './journal.ts';
import type { Lanes } from './lanes.ts';
import type { Outcomes } from './outcomes.ts';
import { RUN_ROW, type RunRow, runOf, textOf } from './rows.ts';
import { type Tags, tagsText } from './tags.ts';

interface TransferParts {
  readonly lanes: Lanes;
  readonly journals: Journals;
  readonly inboxes: Inboxes;
  readonly callbacks: Callbacks;
  readonly outcomes: Outcomes;
  readonly tags: Tags;
  readonly artifacts: Artifacts;
}

/** Whole runs on their way from one store to another. */
export class Transfer {
  readonly #parts: TransferParts;
  readonly #namespaces: StatementSync;
  readonly #select: StatementSync;
  readonly #journal: StatementSync;
  readonly #callbacks: StatementSync;
  readonly #insert: StatementSync;
  readonly #insertInput: StatementSync;
  readonly #insertFact: StatementSync;

  constructor(database: DatabaseSync, parts: TransferParts) {
    this.#parts = parts;
    // Of a lane that had runs once there may be none left.
    this.#namespaces = database.prepare(`
      select namespace from lane
      where exists (select 1 from run where run.lane = lane.id and owner is null)
        or exists (select 1 from run where run.lane = lane.id and owner is not null)
      union select namespace from queue union select namespace from schedule order by 1`);
    this.#select = database.prepare(`select ${RUN_ROW} from run where key > ? order by key limit ?`);
    this.#journal = database.prepare(
      'select position, at, count, events from journal where run = ? order by position',
    );
    this.#callbacks = database.prepare('select callback, op from callback where run = ? order by callback');
    this.#insert = database.prepare(`
      insert into run (key, namespace, id, lane, status, ready_at, slot, forced, delivered, created_at, started_at,
        ended_at, timeout, hard_timeout, begin_by, concurrency_key, concurrency_limit, turn, debounce_key, parent_key,
        parent_id, parent_op, continued_by, waiting_for, status_text, progress, error, output, tags, traceparent)
      values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      on conflict do nothing`);
    this.#insertInput = database.prepare('insert into input (run, value) values (?, ?)');
    this.#insertFact = database.prepare('insert into inbox (run, number, fact) values (?, ?, ?)');
  }

  namespaces(): string[] {
    return this.#namespaces.all().map(({ namespace }) => String(namespace));
  }

  dump(after: RunKey, limit: number): StoredRun[] {
    return this.#select.all(after, limit).map((row) => this.#stored(row as unknown as RunRow));
  }

  #stored(row: RunRow): StoredRun {
    const { key, slot, debounce_key: debounceKey } = row;
    const plain = <T>(rows: object[]) => rows.map((one) => ({ ...one })) as T[];
    return {
      run: runOf(row, this.#parts.lanes.get(row.lane)),
      journal: plain<StoredCommit>(this.#journal.all(key)),
      inbox: this.#parts.inboxes.after(key, 0),
      callbacks: plain<OpenCallback>(this.#callbacks.all(key)),
      slot: slot === null ? null : slot === 1 ? 'own' : 'shared',
      outcomes: this.#parts.outcomes.all(key),
      artifacts: this.#parts.artifacts.of({ namespace: row.namespace, run: row.id }),
      debounceKey: debounceKey === null ? null : debounceKey.slice(debounceKey.indexOf('\n') + 1),
    };
  }

  /** False: there is a run of its key or id. */
  load({ run, journal, inbox, callbacks, slot, debounceKey, outcomes, artifacts }: StoredRun): boolean {
    const forced = inbox.findLast(({ fact }) => isForcedCancel(fact));
    const isCancelled = run.startedAt === null && inbox.some(({ fact }) => fact.type === 'cancel');
    const { changes } = this.#insert.run(
      run.key,
      run.namespace,
      run.id,
      this.#parts.lanes.of(run).id,
      run.status,
      run.readyAt,
      slot === null ? null : slot === 'own' ? 1 : 0,
      forced?.number ?? null,
      run.delivered,
      run.createdAt,
      run.startedAt,
      run.endedAt,
      run.timeout,
      run.hardTimeout,
      run.beginBy,
      run.concurrencyKey,
      run.concurrencyLimit ?? 0,
      isCancelled && !isFinal(run.status) ? -1 : null,
      debounceKey === null ? null : `${run.workflow}\n${debounceKey}`,
      run.parent?.key ?? null,
      run.parent?.id ?? null,
      run.parent?.op ?? null,
      run.continuedBy,
      JSON.stringify(run.waitingFor),
      run.statusText ?? null,
      textOf(run.progress),
      textOf(run.error),
      textOf(run.output),
      tagsText(run.tags),
      run.traceparent,
    );
    if (changes === 0) return false;
    this.#parts.tags.index(run.key, run.namespace, run.tags);
    if (run.input !== undefined) this.#insertInput.run(run.key, JSON.stringify(run.input));
    for (const { position, at, count, events } of journal)
      this.#parts.journals.append(run.key, position, at, count, events);
    for (const { number, fact } of inbox) this.#insertFact.run(run.key, number, JSON.stringify(fact));
    for (const { callback, op } of callbacks) this.#parts.callbacks.open(callback, run.key, op);
    for (const outcome of outcomes) this.#parts.outcomes.put(run.key, outcome);
    for (const artifact of artifacts) this.#parts.artifacts.put(artifact);
    return true;
  }
}
