import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { FeedCommit, FeedPage, FeedRequest } from '../feed.ts';
import { feedCursor, feedNumber } from '../feed-cursor.ts';
import type { Journals } from './journal.ts';
import type { Lane, Lanes } from './lanes.ts';
import { commitOf, type CommitRow } from './rows.ts';
import { tagsOf } from './tags.ts';

/** Characters of events after which a page is full: commits may hold megabytes each. */
const MOST_CHARACTERS = 1_000_000;

interface FeedRow extends CommitRow {
  readonly number: number;
  readonly run: number;
  readonly namespace: string;
  readonly id: string;
  readonly lane: number;
  readonly tags: string | null;
}

/** The commits of all journals, in the order in which they were written. */
export class Feed {
  readonly #journals: Journals;
  readonly #lanes: Lanes;
  readonly #select: StatementSync;
  /** Of the file: a cursor of another one is refused. */
  readonly #store: string;

  constructor(database: DatabaseSync, journals: Journals, lanes: Lanes) {
    this.#journals = journals;
    this.#lanes = lanes;
    this.#store = String(database.prepare('select store from feed').get()!['store']);
    this.#select = database.prepare(`
      select number, journal.run as run, position, at, events, run.namespace as namespace, id, lane, tags
      from journal cross join run on run.key = journal.run
      where number > ?1 and number <= ?2 order by number limit ?3`);
  }

  read(request: FeedRequest): FeedPage {
    const { last } = this.#journals;
    const { after, limit } = request;
    const until = request.until === undefined ? last : feedNumber(request.until, this.#store, last);
    if (after === null) return { commits: [], cursor: feedCursor(this.#store, last), more: false };
    let number = feedNumber(after, this.#store, last);
    const commits: FeedCommit[] = [];
    let looked = 0;
    let characters = 0;
    for (const found of this.#select.iterate(number, until, limit)) {
      const row = found as unknown as FeedRow;
      const lane = this.#lanes.get(row.lane);
      number = row.number;
      looked++;
      if (!isWanted(row, lane, request)) continue;
      commits.push(this.#commitOf(row, lane));
      characters += row.events.length;
      if (characters > MOST_CHARACTERS) break;
    }
    const more = looked === limit || characters > MOST_CHARACTERS;
    const cursor = feedCursor(this.#store, more ? number : Math.max(number, until));
    return { commits, cursor, more };
  }

  #commitOf(row: FeedRow, { workflow, version }: Lane): FeedCommit {
    const { run, id, number } = row;
    const cursor = feedCursor(this.#store, number);
    return { run, id, workflow, version, tags: tagsOf(row.tags), commit: commitOf(row), cursor };
  }
}

function isWanted(row: FeedRow, lane: Lane, { namespace, workflow, tag }: FeedRequest): boolean {
  return (
    row.namespace === namespace &&
    (workflow === undefined || lane.workflow === workflow) &&
    (tag === undefined || tagsOf(row.tags).includes(tag))
  );
}
