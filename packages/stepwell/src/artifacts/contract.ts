import type { ByteRange } from '../model/byte-range.ts';

/** SHA-256 in hex, and the number of bytes. */
export interface Content {
  readonly hash: string;
  readonly size: number;
}

export type { ByteRange };

export interface StoredContent {
  readonly key: string;
  readonly size: number;
  /** Milliseconds since 1970, by the clock of whoever keeps it. */
  readonly writtenAt: number;
}

/**
 * Where the contents of artifacts lie: large and immutable, each under `<folder>/<hash>`. Which of them is what file of
 * which run is in the store of the runs. Methods reject with a StepwellError (`STORE_…`).
 * One content says whose the place is (ownership.ts): it is kept, listed and read as all others.
 * `test/conformance/artifacts/` is the executable form of this page.
 */
export interface ArtifactStore {
  /** Short name for messages: `file`, `memory`, `s3`, `azure`. */
  readonly kind: string;

  /**
   * Reads content to its end and keeps it under its hash. When the promise resolves it is durable and whole; if it rejects
   * or the process dies, nothing is there under a key. The same content again is kept as written now. What the content's
   * own source throws is thrown as it is.
   */
  write(folder: string, content: AsyncIterable<Uint8Array>): Promise<Content>;

  /** Null: there is nothing. Whoever asks must read it, to its end or not: it holds something open. */
  read(key: string, range?: ByteRange): Promise<AsyncIterable<Uint8Array> | null>;

  /** All whose key begins so; those of one folder one after the other. */
  list(prefix: string): AsyncIterable<StoredContent>;

  /** Deletes what is there. `writtenBefore`: not if it was written then or later. */
  delete(key: string, writtenBefore?: number): Promise<void>;

  /** Removes what writes that broke off before a time have left; the answer is how many. */
  clean(before: number): Promise<number>;
}
