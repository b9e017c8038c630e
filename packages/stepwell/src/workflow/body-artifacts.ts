import {
  artifactOf,
  type Artifact,
  type ArtifactListOptions,
  type ArtifactWriteOptions,
  type ReadableArtifact,
} from '../artifacts/artifact.ts';
import type { ArtifactData } from '../artifacts/data.ts';
import { readable, readersOf } from '../artifacts/handle.ts';
import type { Owner, Shelf } from '../artifacts/shelf.ts';
import { StepwellError } from '../model/errors.ts';
import type { RunRecord } from '../model/run.ts';
import type { RunArtifactReadOptions, StepArtifacts } from './artifact-context.ts';

/** Reads and writes at once: what bodies of steps do. */
export class BodyArtifacts implements StepArtifacts {
  readonly #shelf: Shelf | null;
  readonly #run: Owner;

  constructor(shelf: Shelf | null, run: RunRecord) {
    this.#shelf = shelf;
    this.#run = run;
  }

  async write(name: string, data: ArtifactData, options?: ArtifactWriteOptions): Promise<Artifact> {
    return artifactOf(await this.#demandShelf().write(this.#run, name, data, options));
  }

  async read(name: string, options: RunArtifactReadOptions = {}): Promise<ReadableArtifact> {
    const record = await this.#demandShelf().get(this.#ownerOf(options), name, options);
    return readable(this.#demandShelf(), record);
  }

  async find(name: string, options: RunArtifactReadOptions): Promise<Artifact> {
    return artifactOf(await this.#demandShelf().get(this.#ownerOf(options), name, options));
  }

  async list(options?: ArtifactListOptions): Promise<readonly Artifact[]> {
    return (await this.#demandShelf().list(this.#run, options)).map(artifactOf);
  }

  readersOf(artifact: Artifact): Omit<ReadableArtifact, keyof Artifact> {
    return readersOf(this.#demandShelf(), { ...artifact, namespace: this.#run.namespace });
  }

  #ownerOf({ run = this.#run.id }: RunArtifactReadOptions): Owner {
    return { namespace: this.#run.namespace, id: run };
  }

  #demandShelf(): Shelf {
    return demandShelf(this.#shelf);
  }
}

/** @throws StepwellError `ARTIFACTS_NOT_CONFIGURED` */
export function demandShelf(shelf: Shelf | null): Shelf {
  if (shelf !== null) return shelf;
  throw new StepwellError(
    'ARTIFACTS_NOT_CONFIGURED',
    'There is no place for artifacts. Give one: Stepwell.open({ artifacts: "file:data/artifacts" }).',
  );
}
