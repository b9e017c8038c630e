import type { Codec } from '../model/codec.ts';
import { StepwellError } from '../model/errors.ts';
import type { JournalEvent } from '../model/event.ts';
import { present } from '../model/fields.ts';
import { checkName } from '../model/identifier.ts';
import type { RunKey } from '../model/run.ts';
import type { Store } from '../store/contract.ts';
import type { FeedCommit } from '../store/feed.ts';
import { decodeEvent } from './info.ts';
import type { Watch } from './watch.ts';

/** Commits that are looked at with one call of the store. */
const COMMITS_AT_ONCE = 200;

/** One event of any run of the namespace. */
export interface FeedEvent {
  /** Give it as `after` to go on with what comes after exactly this event. */
  readonly cursor: string;
  /** Id of the run. */
  readonly run: string;
  readonly workflow: string;
  readonly version: string;
  /** That the run had when this was read. */
  readonly tags: readonly string[];
  readonly position: number;
  readonly at: number;
  /** With payloads decoded; a value that is kept with the artifacts is a reference (`isReference`): `events` has it. */
  readonly event: JournalEvent;
}

export interface FeedOptions {
  workflow?: string;
  /** Of runs that have it when they are read. */
  tag?: string;
  /** The cursor of an event; the empty text: from the oldest that is kept. Left out: from now on. */
  after?: string;
  signal?: AbortSignal;
}

export interface FeedPageRequest extends Omit<FeedOptions, 'after' | 'signal'> {
  /** Null: no events, and the cursor of now. */
  after: string | null;
  /** The cursor of an earlier page: nothing that came later. */
  until?: string;
  /** Commits that are looked at; default 200. */
  limit?: number;
}

/** Some events of the feed, and from where to go on. */
export interface EventPage {
  readonly events: readonly FeedEvent[];
  /** After all of it; equal to `until` once that is reached. */
  readonly cursor: string;
  /** There may be more at once. */
  readonly more: boolean;
}

export interface FeedParts {
  readonly store: Store;
  readonly watch: Watch;
  readonly codec: Codec | null;
  readonly namespace: string;
  readonly demandOpen: () => void;
}

/** Events of all runs as they are written. Ends with an error only: `ENGINE_CLOSED`, or the signal's. */
export async function* readFeed(
  parts: FeedParts,
  { workflow, tag, after, signal }: FeedOptions,
): AsyncIterableIterator<FeedEvent> {
  const watcher = parts.watch.openAny();
  try {
    let next = after ?? null;
    for (;;) {
      signal?.throwIfAborted();
      // Whatever is written after this call wakes the watcher.
      const page = await feedPage(parts, present({ workflow, tag, after: next }));
      for (const event of page.events) {
        signal?.throwIfAborted();
        yield event;
      }
      next = page.cursor;
      if (!page.more) await watcher.next(signal);
    }
  } finally {
    watcher.close();
  }
}

/** @throws StepwellError `CURSOR_INVALID`, `NAME_INVALID`, `ENGINE_CLOSED` */
export async function feedPage(
  { store, codec, namespace, demandOpen }: FeedParts,
  { workflow, tag, after, until, limit = COMMITS_AT_ONCE }: FeedPageRequest,
): Promise<EventPage> {
  demandOpen();
  if (workflow !== undefined) checkName(workflow, 'workflow of a feed');
  if (tag !== undefined) checkName(tag, 'tag of a feed');
  const resume = after === null ? null : placeOf(after);
  const page = await store.feed(
    present({ namespace, workflow, tag, after: resume?.before ?? null, until, limit }),
  );
  const events: FeedEvent[] = [];
  let before = resume?.before ?? '';
  for (const commit of page.commits) {
    events.push(...eventsOf(commit, before, resume, codec));
    before = commit.cursor;
  }
  return { events, cursor: page.cursor, more: page.more };
}

function eventsOf(
  { run, id, workflow, version, tags, commit, cursor }: FeedCommit,
  before: string,
  resume: Place | null,
  codec: Codec | null,
): FeedEvent[] {
  const { position, at, events } = commit;
  return events.flatMap((event, n): FeedEvent[] => {
    const place = position + n;
    if (resume?.within?.run === run && place < resume.within.from) return [];
    const isLast = n === events.length - 1;
    return [
      {
        cursor: isLast ? cursor : `${before}~${run.toString(36)}.${(place + 1).toString(36)}`,
        run: id,
        workflow,
        version,
        tags,
        position: place,
        at,
        event: decodeEvent(event, codec),
      },
    ];
  });
}

/** After a cursor of the store; of the commit that comes next, perhaps, from a position on. */
interface Place {
  readonly before: string;
  readonly within: { readonly run: RunKey; readonly from: number } | null;
}

/** @throws StepwellError `CURSOR_INVALID` */
function placeOf(cursor: string): Place {
  const [before = '', within, ...more] = cursor.split('~');
  if (within === undefined) return { before, within: null };
  const [, run, from] = /^([0-9a-z]{1,11})\.([0-9a-z]{1,11})$/.exec(within) ?? [];
  if (run !== undefined && from !== undefined && more.length === 0)
    return { before, within: { run: Number.parseInt(run, 36), from: Number.parseInt(from, 36) } };
  throw new StepwellError(
    'CURSOR_INVALID',
    `The cursor ${JSON.stringify(cursor.slice(0, 80))} is not one of an event of the feed. Read from the oldest, or from now on.`,
  );
}
