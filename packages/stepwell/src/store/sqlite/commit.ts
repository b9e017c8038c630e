import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { RunKey } from '../../model/run.ts';
import type { CommitAnswer, CommitRequest, RunChange } from '../commit.ts';
import { wakes } from '../inbox.ts';
import type { Newsroom } from '../newsroom.ts';
import type { Callbacks } from './callbacks.ts';
import type { Inboxes } from './inboxes.ts';
import type { Journals } from './journal.ts';
import type { Queues } from './queues.ts';
import { textOf } from './rows.ts';
import type { Runs } from './runs.ts';
import type { ConcurrencySlots } from './slots.ts';
import type { Tags } from './tags.ts';

interface CommitParts {
  readonly runs: Runs;
  readonly journals: Journals;
  readonly inboxes: Inboxes;
  readonly callbacks: Callbacks;
  readonly slots: ConcurrencySlots;
  readonly queues: Queues;
  readonly tags: Tags;
  readonly news: Newsroom;
}

/** Appends commits, with all that comes of them. An ordinary step's commit is one insert. */
export class Commits {
  readonly #parts: CommitParts;
  readonly #progress: StatementSync;
  readonly #statusText: StatementSync;
  readonly #release: StatementSync;
  readonly #end: StatementSync;

  constructor(database: DatabaseSync, parts: CommitParts) {
    this.#parts = parts;
    this.#progress = database.prepare('update run set progress = ?2 where key = ?1');
    this.#statusText = database.prepare('update run set status_text = ?2 where key = ?1');
    this.#release = database.prepare(`
      update run set owner = null, status = ?2, ready_at = ?3, waiting_for = ?4, parked_by = ?5, error = ?6,
        blocked_at = null, turn = null
      where key = ?1`);
    this.#end = database.prepare(`
      update run set owner = null, status = ?2, output = ?3, error = ?4, continued_by = ?5, ended_at = ?6,
        ready_at = null, waiting_for = '[]', parked_by = null, blocked_at = null, slot = null, forced = null,
        turn = null, debounce_key = null
      where key = ?1`);
  }

  /** What can be refused comes first, so that a refused commit has left nothing behind. */
  append(request: CommitRequest): CommitAnswer {
    const { run, position, at, count, events, change } = request;
    const { journals, callbacks, news } = this.#parts;
    if (request.close.length > 0 && !callbacks.canClose(request)) return 'refused';
    if (!journals.append(run, position, at, count, events)) return 'refused';
    this.#takeAndSend(request);
    if (change !== null) this.#apply(run, change, at);
    news.journal(run, change?.end);
    return 'stored';
  }

  #takeAndSend({ run, at, taken, open, close, starts, deliver }: CommitRequest): void {
    const { runs, inboxes, callbacks } = this.#parts;
    if (taken > 0) inboxes.take(run, taken);
    for (const { callback, op } of open) callbacks.open(callback, run, op);
    for (const callback of close) callbacks.close(callback);
    for (const { run: child, refusal } of starts) {
      if (runs.insert(child, null) === null) inboxes.put(run, refusal, at);
    }
    for (const { run: to, fact } of deliver) inboxes.deliver({ to, now: at, fact });
  }

  #apply(run: RunKey, { progress, statusText, tags, release, end }: RunChange, at: number): void {
    if (progress !== undefined) this.#progress.run(run, JSON.stringify(progress));
    if (statusText !== undefined) this.#statusText.run(run, statusText);
    if (tags !== undefined) this.#parts.tags.add(run, tags);
    if (release !== undefined) this.#giveUp(run, release, at);
    if (end !== undefined) this.#finish(run, end, at);
  }

  #giveUp(run: RunKey, release: NonNullable<RunChange['release']>, at: number): void {
    const { inboxes, queues, news } = this.#parts;
    const { status, waitingFor, seen, parkedBy, error } = release;
    const woken = inboxes.after(run, seen).some(({ fact }) => wakes(status, true, fact));
    const readyAt = woken ? Math.min(release.readyAt ?? at, at) : release.readyAt;
    this.#release.run(run, status, readyAt, JSON.stringify(waitingFor), parkedBy, textOf(error));
    if (readyAt !== null) news.ready(readyAt);
    if (queues.limitPlacesOf(run)) news.ready(at);
  }

  #finish(
    run: RunKey,
    { status, output, error, continuedBy, endedAt }: NonNullable<RunChange['end']>,
    at: number,
  ): void {
    const { callbacks, slots, queues, news } = this.#parts;
    this.#end.run(run, status, textOf(output), textOf(error), continuedBy, endedAt);
    callbacks.closeAllOf(run);
    this.#parts.inboxes.endOf(run, status, continuedBy, at);
    slots.freedBy(run, at);
    if (queues.limitPlacesOf(run)) news.ready(at);
  }
}
