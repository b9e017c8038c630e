import type { ByteRange } from './contract.ts';
import type { ArtifactRecord } from '../store/records.ts';

/** One version of a file of a run, as it is shown. */
export type Artifact = Omit<ArtifactRecord, 'namespace'>;

/** A version of a file that can be read. What is read is compared with its hash: `ARTIFACT_DAMAGED`. */
export interface ReadableArtifact extends Artifact {
  /** UTF-8. @throws TypeError if it is not */
  text(): Promise<string>;
  json(): Promise<unknown>;
  bytes(): Promise<Uint8Array>;
  /**
   * Of a range as much as there is; only the number of bytes is checked: there is no hash of it.
   * Reading throws `RANGE_NOT_SATISFIABLE` if it begins after the end, `OPTION_INVALID` if it is none.
   */
  stream(range?: ByteRange): AsyncIterable<Uint8Array>;
}

export interface ArtifactWriteOptions {
  /** Default `application/octet-stream`; of a text `text/plain; charset=utf-8`. */
  contentType?: string;
}

export interface ConditionalWriteOptions extends ArtifactWriteOptions {
  /** Only if there is none of that name, or only if the newest has this hash. `ARTIFACT_CHANGED` */
  ifAbsent?: boolean;
  ifHash?: string;
}

export interface ArtifactReadOptions {
  /** Default: the newest. */
  number?: number;
}

export interface ArtifactListOptions {
  /** `newest` (default) of each name, or `all`, the newest of each name first. */
  versions?: 'newest' | 'all';
}

/** What of a record is shown: the namespace is that of the engine. */
export function artifactOf({ namespace: _, ...artifact }: ArtifactRecord): Artifact {
  return artifact;
}
