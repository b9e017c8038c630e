import type { Commit } from '../model/event.ts';
import type { RunKey } from '../model/run.ts';

/** What a reader of all journals asks for. */
export interface FeedRequest {
  readonly namespace: string;
  readonly workflow?: string;
  /** Of runs that have it when they are read. */
  readonly tag?: string;
  /** Where to go on; the empty text: with the oldest that is kept; null: with what comes from now on. */
  readonly after: string | null;
  /** The cursor of an earlier answer: nothing that came later. */
  readonly until?: string;
  /** Of commits that are looked at. */
  readonly limit: number;
}

export interface FeedPage {
  readonly commits: readonly FeedCommit[];
  /** After all that was looked at. Without more it is `until`, if that is not behind `after`. */
  readonly cursor: string;
  /** There may be more at once. */
  readonly more: boolean;
}

export interface FeedCommit {
  readonly run: RunKey;
  readonly id: string;
  readonly workflow: string;
  readonly version: string;
  readonly tags: readonly string[];
  readonly commit: Commit;
  /** After this one. */
  readonly cursor: string;
}
