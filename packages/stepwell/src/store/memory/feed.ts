import type { JournalEvent } from '../../model/event.ts';
import type { FeedCommit, FeedPage, FeedRequest } from '../feed.ts';
import type { StoredCommit } from '../records.ts';
import { feedCursor, feedNumber } from '../feed-cursor.ts';
import type { MemoryRun } from './run.ts';

const STORE = 'memory';

interface Written {
  readonly run: MemoryRun;
  readonly commit: StoredCommit;
}

/** The commits of all journals in the order in which they were written, by their numbers. */
export class Feed {
  readonly #written = new Map<number, Written>();
  readonly #numbers = new Map<MemoryRun, number[]>();
  #last = 0;

  add(run: MemoryRun, commit: StoredCommit): void {
    this.#written.set(++this.#last, { run, commit });
    const numbers = this.#numbers.get(run);
    if (numbers === undefined) this.#numbers.set(run, [this.#last]);
    else numbers.push(this.#last);
  }

  /** The numbers of a run that is purged are not given again. */
  drop(run: MemoryRun): void {
    for (const number of this.#numbers.get(run) ?? []) this.#written.delete(number);
    this.#numbers.delete(run);
  }

  read(request: FeedRequest): FeedPage {
    const { after, limit } = request;
    const until = request.until === undefined ? this.#last : feedNumber(request.until, STORE, this.#last);
    if (after === null) return { commits: [], cursor: feedCursor(STORE, this.#last), more: false };
    let number = feedNumber(after, STORE, this.#last);
    const commits: FeedCommit[] = [];
    for (let looked = 0; number < until && looked < limit; ) {
      const written = this.#written.get(++number);
      if (written === undefined) continue;
      looked++;
      if (isWanted(written, request)) commits.push(feedCommit(written, number));
    }
    return { commits, cursor: feedCursor(STORE, number), more: number < until };
  }
}

function isWanted({ run: { record } }: Written, { namespace, workflow, tag }: FeedRequest): boolean {
  return (
    record.namespace === namespace &&
    (workflow === undefined || record.workflow === workflow) &&
    (tag === undefined || record.tags.includes(tag))
  );
}

function feedCommit({ run: { record }, commit }: Written, number: number): FeedCommit {
  const { position, at, events } = commit;
  return {
    run: record.key,
    id: record.id,
    workflow: record.workflow,
    version: record.version,
    tags: record.tags,
    commit: { position, at, events: JSON.parse(events) as JournalEvent[] },
    cursor: feedCursor(STORE, number),
  };
}
