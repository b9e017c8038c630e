import type {
  Artifact,
  ArtifactListOptions,
  ArtifactReadOptions,
  ArtifactWriteOptions,
  ReadableArtifact,
} from '../artifacts/artifact.ts';
import type { ArtifactData } from '../artifacts/data.ts';

/** Files of the run, as operations: what they give is in the journal, and the same again in a replay. */
export interface CtxArtifacts {
  /**
   * Writes a file; a second one of that name is a new version. The content is read at least once: give a function that
   * opens it, and it is opened only when it is needed, and again if the store fails for a moment.
   * Rejects with `NAME_INVALID`, `ARTIFACT_TOO_LARGE`, `STORE_…`, or what the data's own source throws.
   */
  write(name: string, data: ArtifactData, options?: ArtifactWriteOptions): Promise<Artifact>;
  /**
   * The version that is the newest now, or of a number, or of another run: also in every replay. Read it in a step; its
   * `text()`, `json()` and `bytes()` can be called here as well, and keep what they read in the journal.
   * Rejects with `ARTIFACT_NOT_FOUND`.
   */
  read(name: string, options?: RunArtifactReadOptions): Promise<ReadableArtifact>;
  /** The files that there are now. */
  list(options?: ArtifactListOptions): Promise<readonly Artifact[]>;
}

/** Files of the run in the body of a step: no operations, done again with each attempt. */
export type StepArtifacts = CtxArtifacts;

export interface RunArtifactReadOptions extends ArtifactReadOptions {
  /** Id of the run whose file it is; default this one. */
  run?: string;
}
