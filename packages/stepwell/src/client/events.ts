import type { Loader } from '../artifacts/loading-store.ts';
import type { Codec } from '../model/codec.ts';
import { StepwellError } from '../model/errors.ts';
import { isEnd, type JournalEvent } from '../model/event.ts';
import { bytesElsewhere, hasReference } from '../model/reference.ts';
import { isFinal, type RunKey, type RunRecord } from '../model/run.ts';
import type { Store } from '../store/contract.ts';
import { decodeEvent } from './info.ts';
import { sameRun } from './same-run.ts';
import type { EventsOptions, RunEvent } from './types.ts';
import type { Watch } from './watch.ts';

/** Commits that are read at once: a slow reader of a long journal holds no more than these. */
const COMMITS_AT_ONCE = 200;

export interface EventParts {
  /** References are loaded one by one, when they are read: two hundred commits may have gigabytes of them. */
  readonly bare: Pick<Store, 'journal'>;
  readonly loader: Pick<Loader, 'event'>;
  readonly watch: Watch;
  readonly codec: Codec | null;
  /** @throws StepwellError `RUN_NOT_FOUND`, `ENGINE_CLOSED` */
  readonly record: (id: string) => Promise<RunRecord>;
}

/** Events of a run from a position on; with `follow` until the run has ended and all has been read. */
export async function* readEvents(
  { bare, loader, watch, codec, record }: EventParts,
  id: string,
  { from = 0, follow = true, signal }: EventsOptions,
): AsyncIterableIterator<RunEvent> {
  if (!Number.isSafeInteger(from) || from < 0) {
    throw new StepwellError(
      'OPTION_INVALID',
      `Events are read from a position, a whole number from 0, not ${String(from)}.`,
    );
  }
  let run = await record(id);
  const watcher = watch.open(run.key, false);
  let next = from;
  let last: JournalEvent | null = null;
  try {
    for (;;) {
      // Looked at before the journal is read: if the run has ended by then, what is read is all there is.
      run = await sameRun(record, run);
      let commits = await bare.journal(run.key, next, COMMITS_AT_ONCE);
      while (commits.length > 0) {
        for (const { position, at, events } of commits) {
          for (let n = Math.max(0, next - position); n < events.length; n++) {
            signal?.throwIfAborted();
            const event = hasReference(events[n]!) ? await loader.event(events[n]!) : events[n]!;
            yield { position: position + n, at, event: decodeEvent(event, codec) };
          }
          next = Math.max(next, position + events.length);
          last = events.at(-1)!;
        }
        commits = commits.length < COMMITS_AT_ONCE ? [] : await bare.journal(run.key, next, COMMITS_AT_ONCE);
      }
      if (!follow || isFinal(run.status)) {
        // A journal that stops before its end may have been purged while it was read.
        if (last === null || !isEnd(last)) await sameRun(record, run);
        return;
      }
      await watcher.next(signal);
    }
  } finally {
    watcher.close();
  }
}

/** Events of a run, and whether there were more when they were read. */
export interface JournalPage {
  readonly events: readonly RunEvent[];
  readonly more: boolean;
}

/** Bytes of large values after which a page ends. */
const MOST_LOADED = 8 * 1024 * 1024;

/** Events from a position on, of so many commits or fewer. Of a run that is gone there are none. */
export async function journalPage(
  { bare, loader, codec }: Pick<EventParts, 'bare' | 'loader' | 'codec'>,
  run: RunKey,
  from: number,
  limit: number,
): Promise<JournalPage> {
  const commits = await bare.journal(run, from, limit);
  const events: RunEvent[] = [];
  let loaded = 0;
  for (const commit of commits) {
    for (let n = Math.max(0, from - commit.position); n < commit.events.length; n++) {
      const found = commit.events[n]!;
      const size = bytesElsewhere(found);
      if (loaded > 0 && loaded + size > MOST_LOADED) return { events, more: true };
      loaded += size;
      const event = size === 0 ? found : await loader.event(found);
      events.push({ position: commit.position + n, at: commit.at, event: decodeEvent(event, codec) });
    }
  }
  return { events, more: commits.length === limit };
}
