import {
  artifactOf,
  type Artifact,
  type ArtifactListOptions,
  type ArtifactReadOptions,
  type ConditionalWriteOptions,
  type ReadableArtifact,
} from '../artifacts/artifact.ts';
import type { ArtifactData } from '../artifacts/data.ts';
import { readable } from '../artifacts/handle.ts';
import { checkArtifactName } from '../artifacts/name.ts';
import { contentTypeOf, type Owner, type Shelf } from '../artifacts/shelf.ts';
import { sweep, type Swept } from '../artifacts/sweep.ts';
import { isStepwellError, StepwellError } from '../model/errors.ts';
import { checkId } from '../model/identifier.ts';
import { isFinal, type RunKey } from '../model/run.ts';
import type { Store } from '../store/contract.ts';
import { demandShelf } from '../workflow/body-artifacts.ts';
import type { StartParts } from './start.ts';

/** Content that is kept for a run, and not on record yet: see {@link Artifacts.prepare}. */
export interface PreparedArtifact {
  /** Puts it on record. */
  record(): Promise<Artifact>;
}

/**
 * The files of runs, for applications. All methods throw `ARTIFACTS_NOT_CONFIGURED` where there is no place for them,
 * `ID_INVALID`, `NAME_INVALID`, `STORE_…` and `ENGINE_CLOSED`; those that write or remove contents `ARTIFACTS_OWNED_ELSEWHERE`.
 */
export class Artifacts {
  readonly #shelf: Shelf | null;
  readonly #store: Store;
  readonly #parts: StartParts;
  readonly #demandOpen: () => void;
  readonly #report: (error: unknown) => void;

  /** @param demandOpen throws once the engine is closed; @param report is told of what no caller hears of */
  constructor(
    shelf: Shelf | null,
    store: Store,
    parts: StartParts,
    demandOpen: () => void,
    report: (error: unknown) => void,
  ) {
    this.#shelf = shelf;
    this.#store = store;
    this.#parts = parts;
    this.#demandOpen = demandOpen;
    this.#report = report;
  }

  /** Bytes that one artifact may have. */
  get limit(): number {
    return this.#parts.limits.artifactBytes;
  }

  /**
   * Writes a file for a run, before it is started or while it goes on. The same content again is the same version.
   * @throws StepwellError `RUN_ENDED`, `RUN_PURGED`, `OPTION_INVALID`, `ARTIFACT_TOO_LARGE`, `ARTIFACT_CHANGED`
   */
  async write(
    run: string,
    name: string,
    data: ArtifactData,
    options: ConditionalWriteOptions = {},
  ): Promise<Artifact> {
    const owner = this.#ownerOf(run);
    checkArtifactName(name);
    const before = await this.#demandActive(owner);
    const demandStill = async () => {
      const now = await this.#demandActive(owner);
      if (before !== null && now !== before) throw purgedMeanwhile(run);
    };
    return artifactOf(await demandShelf(this.#shelf).write(owner, name, data, options, demandStill));
  }

  /**
   * Keeps content without putting it on record: for files that all come, or none. What is not recorded is swept a day later.
   * @throws as `write`
   */
  async prepare(
    run: string,
    name: string,
    data: ArtifactData,
    options: ConditionalWriteOptions = {},
  ): Promise<PreparedArtifact> {
    const owner = this.#ownerOf(run);
    const shelf = demandShelf(this.#shelf);
    checkArtifactName(name);
    const contentType = contentTypeOf(data, options);
    const content = await shelf.keep(owner, name, data);
    return {
      record: async () => {
        this.#demandOpen();
        return artifactOf(await shelf.record(owner, name, content, contentType));
      },
    };
  }

  /** A version that can be read, by default the newest. @throws StepwellError `ARTIFACT_NOT_FOUND` */
  async read(run: string, name: string, options: ArtifactReadOptions = {}): Promise<ReadableArtifact> {
    const owner = this.#ownerOf(run);
    const shelf = demandShelf(this.#shelf);
    return readable(shelf, await shelf.get(owner, name, options));
  }

  /** The newest version of each name, or all, in the order of the names. None of a run that does not exist. */
  async list(run: string, options: ArtifactListOptions = {}): Promise<readonly Artifact[]> {
    const owner = this.#ownerOf(run);
    if (this.#shelf === null) return [];
    return (await this.#shelf.list(owner, options)).map(artifactOf);
  }

  /**
   * Removes what crashes and purges have left, in all namespaces. An engine with a worker does it once a day. The place
   * belongs to this store of runs alone: what is there for runs that the store does not know is removed.
   */
  async sweep(): Promise<Swept> {
    this.#demandOpen();
    return sweep(demandShelf(this.#shelf).parts, async ({ namespace, run }) => {
      return (await this.#store.get(namespace, run)) !== null;
    });
  }

  /**
   * Makes the place that of this store of runs, and takes it from the store that had it: that one can write and remove
   * nothing there any more. For a store that has come in place of another; what it has no record of is swept.
   */
  async adopt(): Promise<void> {
    this.#demandOpen();
    await demandShelf(this.#shelf).parts.ownership.adopt();
  }

  /**
   * @internal Before runs are executed: whether it may write there. A place that cannot be reached now is asked again
   * when it is needed.
   * @throws StepwellError `ARTIFACTS_OWNED_ELSEWHERE`
   */
  async demandOwn(): Promise<void> {
    try {
      await this.#shelf?.parts.ownership.demand();
    } catch (error) {
      if (isStepwellError(error, 'ARTIFACTS_OWNED_ELSEWHERE')) throw error;
      this.#report(error);
    }
  }

  /** @internal Purges a run, then deletes what its files held. If that fails, they are swept. */
  async purging(run: string, purge: () => Promise<void>): Promise<void> {
    const shelf = this.#shelf;
    if (shelf === null) return purge();
    const began = this.#parts.system.now();
    const { namespace, id } = this.#ownerOf(run);
    const records = await this.#store.artifacts(namespace, id);
    await purge();
    try {
      await shelf.forget(records, began);
    } catch (error) {
      this.#report(error);
    }
  }

  /** Its key; null: it has not been started. */
  async #demandActive({ namespace, id }: Owner): Promise<RunKey | null> {
    const run = await this.#store.get(namespace, id);
    if (run === null || !isFinal(run.status)) return run?.key ?? null;
    throw new StepwellError(
      'RUN_ENDED',
      `The run "${id}" has ended and takes no more files. Write them for the run that is to read them.`,
    );
  }

  #ownerOf(run: string): Owner {
    this.#demandOpen();
    const { namespace, limits } = this.#parts;
    return { namespace, id: checkId(run, 'run id', limits.idLength) };
  }
}

/** On record it would be a file for a run of that id that is started some day. */
function purgedMeanwhile(id: string): StepwellError {
  return new StepwellError(
    'RUN_PURGED',
    `The run "${id}" was purged while a file was written for it. The file was not kept.`,
  );
}
