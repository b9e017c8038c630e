import { type FeedCommit, type FeedPage, type FeedRequest, feedCursorInvalid } from 'stepwell/engine';
import type { Database, Parameter } from './database.ts';
import type { Lanes } from './lanes.ts';
import { commitOf, tagsOf } from './rows.ts';
import {
  cutAt,
  isAhead,
  NOTHING_SEEN,
  type Part,
  type Seen,
  seenBySnapshot,
  seenOf,
  snapshotOf,
  textOfSeen,
  together,
} from './seen.ts';

/** Bytes of events, as they are kept, after which a page is full. */
const MOST_BYTES = 1_000_000;

/** One commit; a page without any has one row without. */
interface FeedRow {
  /** As this statement sees the database. */
  readonly snapshot: string;
  /** Commits that were found; those beyond {@link MOST_BYTES} are not here. */
  readonly found: number;
  readonly xid: string | null;
  readonly run: number;
  readonly position: number;
  readonly at: number;
  /** Null: it is not wanted. */
  readonly events: string | null;
  readonly id: string;
  readonly lane: number;
  readonly tags: string | null;
}

/**
 * The commits of all journals, transaction by transaction. A cursor is what has been seen (see seen.ts): a page has what
 * the present snapshot sees beyond that. So a transaction that stays open for hours holds nobody up, and comes when it is
 * committed, though others with higher numbers came before.
 *
 * Within a run the order is that of its journal: whoever writes a commit has seen the one before it, so that its
 * transaction has begun after that one's end, and has a higher number.
 */
export class Feed {
  readonly #database: Database;
  readonly #lanes: Lanes;
  #store: Promise<string> | null = null;

  constructor(database: Database, lanes: Lanes) {
    this.#database = database;
    this.#lanes = lanes;
  }

  async read(request: FeedRequest): Promise<FeedPage> {
    const store = await this.#storeId();
    const until = request.until === undefined ? null : this.#seen(request.until, store);
    const before = request.after === null ? null : this.#seen(request.after, store);
    const rows = await this.#rows(
      request,
      before ?? NOTHING_SEEN,
      until,
      before === null ? 0 : request.limit,
    );
    const [{ snapshot, found }] = rows as [FeedRow, ...FeedRow[]];
    const now = seenBySnapshot(snapshot);
    for (const [cursor, seen] of [
      [request.after, before],
      [request.until, until],
    ] as const)
      if (seen !== null && isAhead(seen, now)) throw feedCursorInvalid(cursor!);
    const cursorOf = (seen: Seen) => `${store}-${textOfSeen(seen)}`;
    if (before === null) return { commits: [], cursor: cursorOf(now), more: false };
    const target = until ?? now;
    const page = rows.filter(({ xid }) => xid !== null);
    await this.#lanes.meet(page.flatMap(({ events, lane }) => (events === null ? [] : [lane])));
    const commits = page.flatMap((row) =>
      row.events === null
        ? []
        : [this.#commitOf(row, row.events, cursorOf(cutAt(before, target, partOf(row))))],
    );
    const more = found > page.length || (found > 0 && found === request.limit);
    const after = more ? cutAt(before, target, partOf(page.at(-1)!)) : together(before, target);
    return { commits, cursor: cursorOf(after), more };
  }

  #commitOf(row: FeedRow, events: string, cursor: string): FeedCommit {
    const { run, id, position, at } = row;
    const { workflow, version } = this.#lanes.get(row.lane);
    return {
      run,
      id,
      workflow,
      version,
      tags: tagsOf(row.tags),
      commit: commitOf({ position, at, events }),
      cursor,
    };
  }

  /** @throws StepwellError `CURSOR_INVALID` */
  #seen(cursor: string, store: string): Seen {
    if (cursor === '') return NOTHING_SEEN;
    const seen = cursor.startsWith(`${store}-`) ? seenOf(cursor.slice(store.length + 1)) : null;
    if (seen === null) throw feedCursorInvalid(cursor);
    return seen;
  }

  /** Of which server, database and schema: transactions of another have the same numbers. */
  async #storeId(): Promise<string> {
    this.#store ??= this.#readStoreId();
    try {
      return await this.#store;
    } catch (error) {
      this.#store = null;
      throw error;
    }
  }

  async #readStoreId(): Promise<string> {
    const [row] = await this.#database.read<{ store: string }>(
      `select substr(md5(concat_ws('/', system_identifier, current_database(), $1::text)), 1, 8) as store
        from pg_control_system()`,
      [this.#database.schema],
    );
    return row!.store;
  }

  #rows(request: FeedRequest, before: Seen, until: Seen | null, limit: number): Promise<FeedRow[]> {
    const { schema } = this.#database;
    const { namespace, workflow, tag } = request;
    const values: Parameter[] = [];
    const value = (one: Parameter) => `$${values.push(one)}`;
    const most = value(limit);
    const parts = partsOf(before.parts, value);
    const inPart = before.parts.map(({ xid }) => xid);
    const open = value(`{${before.open.filter((xid) => !inPart.includes(xid)).join()}}`);
    // By the last condition the index is read up to there and no further.
    const isVisible =
      until === null
        ? // All that this statement sees, but for what came with a dump from another server.
          'and pg_visible_in_snapshot(journal.xid, (select pg_current_snapshot()))'
        : `and (pg_visible_in_snapshot(journal.xid, ${value(snapshotOf(until))}::pg_snapshot) or exists (
            select 1 from ${partsOf(until.parts, value)}
            where part.xid = journal.xid and (journal.run, journal.position) <= (part.run, part.position)))
          and journal.xid <= ${value(String(highestOf(until)))}::xid8`;
    const wanted = [`run.namespace = ${value(namespace)}`];
    if (workflow !== undefined)
      wanted.push(
        `run.lane in (select lane.id from ${schema}.lane where lane.workflow = ${value(workflow)})`,
      );
    if (tag !== undefined)
      wanted.push(
        // Not `exists`: for that all tags may be read at once.
        `(select true from ${schema}.tag where tag.namespace = run.namespace and tag.tag = ${value(tag)} and tag.run = run.key)`,
      );
    const found = (part: 0 | 1, from: string) =>
      `(select ${part} as part, journal.xid, journal.run, journal.position, at, events from ${from} ${isVisible}
        order by journal.xid, journal.run, journal.position limit ${most})`;
    const journal = `${schema}.journal`;
    return this.#database.read<FeedRow>(
      `with page as (
        select *, sum(pg_column_size(events)) over (order by part, xid, run, position) - pg_column_size(events) as bytes from (
          ${found(0, `${parts} join ${journal} on journal.xid = part.xid where (journal.run + 0, journal.position) > (part.run, part.position)`)}
          union all ${found(1, `${journal} where journal.xid = any (${open}::xid8[])`)}
          union all ${found(1, `${journal} where journal.xid >= ${value(String(before.xmax))}::xid8 and journal.xid <> all (${value(`{${inPart.join()}}`)}::xid8[])`)}
        ) found order by part, xid, run, position limit ${most}
      )
      select now.snapshot, (select count(*) from page) as found, page.xid::text as xid, page.run, page.position, page.at,
        case when ${wanted.join(' and ')} then events end as events, run.id, run.lane, run.tags
      from (select pg_current_snapshot()::text as snapshot) now
      left join page on page.bytes < ${MOST_BYTES}
      left join ${schema}.run on run.key = page.run
      order by page.part, page.xid, page.run, page.position`,
      values,
    );
  }
}

function partOf({ xid, run, position }: FeedRow): Part {
  return { xid: Number(xid), run, position };
}

function highestOf({ xmax, parts }: Seen): number {
  return Math.max(xmax, ...parts.map(({ xid }) => xid));
}

function partsOf(parts: readonly Part[], value: (one: Parameter) => string): string {
  const [xids, runs, positions] = [
    parts.map(({ xid }) => xid),
    parts.map(({ run }) => run),
    parts.map(({ position }) => position),
  ].map((column) => value(`{${column.join()}}`));
  return `unnest(${xids}::xid8[], ${runs}::bigint[], ${positions}::integer[]) part (xid, run, position)`;
}
