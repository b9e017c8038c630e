import { rangeWithin } from '../model/byte-range.ts';
import { StepwellError } from '../model/errors.ts';
import type {
  ArtifactListOptions,
  ArtifactReadOptions,
  ArtifactWriteOptions,
  ConditionalWriteOptions,
} from './artifact.ts';
import type { ArtifactStore, ByteRange, Content } from './contract.ts';
import { bytesOf, type ArtifactData } from './data.ts';
import { folderOf } from './folder.ts';
import { checkArtifactName, checkContentType, isReservedName } from './name.ts';
import type { Ownership } from './ownership.ts';
import type { Store } from '../store/contract.ts';
import type { ArtifactRecord } from '../store/records.ts';
import { damaged, verified } from './verify.ts';

/** Some places tell whole seconds only. */
const SECOND = 1_000;

export interface ShelfParts {
  readonly contents: ArtifactStore;
  readonly records: Pick<Store, 'saveArtifact' | 'artifacts' | 'dropArtifacts' | 'artifactRuns'>;
  /** Asked before anything is written to the place, or removed from it. */
  readonly ownership: Ownership;
  readonly now: () => number;
  /** Bytes of one artifact. */
  readonly limit: number;
}

/** Whose artifact. */
export interface Owner {
  readonly namespace: string;
  /** Its id. */
  readonly id: string;
}

/**
 * The files of runs: contents in one place, what they are in another. A content is in its place before it is on record,
 * so that what is on record can be read; what a crash leaves between the two is swept.
 */
export class Shelf {
  readonly parts: ShelfParts;

  constructor(parts: ShelfParts) {
    this.parts = parts;
  }

  /**
   * Keeps a file. The same content and type as the newest version of that name: that version is the answer.
   * @param demandStill throws if the file is not wanted any more, once its content is there: that may take hours
   * @throws StepwellError `NAME_INVALID`, `OPTION_INVALID`, `ARTIFACT_TOO_LARGE`, `ARTIFACT_CHANGED`, `STORE_…`
   */
  async write(
    run: Owner,
    name: string,
    data: ArtifactData,
    options: ConditionalWriteOptions = {},
    demandStill: () => Promise<void> = () => Promise.resolve(),
  ): Promise<ArtifactRecord> {
    checkArtifactName(name);
    const contentType = contentTypeOf(data, options);
    const expected = await this.expect(run, name, options);
    const content = await this.keep(run, name, data);
    await demandStill();
    return this.record(run, name, content, contentType, expected);
  }

  /** Keeps content that is not on record yet: a day later it would be swept. */
  async keep(run: Owner, name: string, data: ArtifactData, limit = this.parts.limit): Promise<Content> {
    const { contents, ownership } = this.parts;
    await ownership.demand();
    return contents.write(folderOf(run.namespace, run.id), bytesOf(data, limit, name));
  }

  /** Puts content that is kept on record. @throws StepwellError `ARTIFACT_CHANGED` */
  async record(
    run: Owner,
    name: string,
    content: Content,
    contentType: string,
    expected?: number,
  ): Promise<ArtifactRecord> {
    const { records, now } = this.parts;
    const { namespace, id } = run;
    const saved = await records.saveArtifact({
      namespace,
      run: id,
      name,
      ...content,
      contentType,
      createdAt: now(),
      ...(expected === undefined ? {} : { expected }),
    });
    if (saved === null) throw changed(run, name);
    return saved;
  }

  /** The newest number that a write on a condition needs. @throws StepwellError `ARTIFACT_CHANGED` if it cannot be met */
  async expect(
    run: Owner,
    name: string,
    { ifAbsent, ifHash }: ConditionalWriteOptions,
  ): Promise<number | undefined> {
    if (ifAbsent !== true && ifHash === undefined) return undefined;
    const newest = await this.find(run, name);
    if (ifAbsent === true && newest !== null) throw changed(run, name);
    if (ifHash !== undefined && newest?.hash !== ifHash) throw changed(run, name);
    return newest?.number ?? 0;
  }

  /** @throws StepwellError `ARTIFACT_NOT_FOUND`, `NAME_INVALID` */
  async get(run: Owner, name: string, options: ArtifactReadOptions = {}): Promise<ArtifactRecord> {
    checkArtifactName(name);
    const found = await this.find(run, name, options.number);
    if (found !== null) return found;
    const what = options.number === undefined ? 'artifact' : `version ${options.number} of the artifact`;
    throw new StepwellError(
      'ARTIFACT_NOT_FOUND',
      `The run "${run.id}" has no ${what} "${name}". It may have been purged with its run.`,
    );
  }

  async find({ namespace, id }: Owner, name: string, number?: number): Promise<ArtifactRecord | null> {
    const versions = await this.parts.records.artifacts(namespace, id, name);
    return versions.find((one) => number === undefined || one.number === number) ?? null;
  }

  async list({ namespace, id }: Owner, { versions }: ArtifactListOptions = {}): Promise<ArtifactRecord[]> {
    const recorded = await this.parts.records.artifacts(namespace, id);
    const all = recorded.filter(({ name }) => !isReservedName(name));
    return versions === 'all' ? all : all.filter(({ name }, index) => name !== all[index - 1]?.name);
  }

  /** The content of a version, verified. Nothing is opened before it is read. @throws StepwellError `ARTIFACT_DAMAGED`, `RANGE_NOT_SATISFIABLE`, `OPTION_INVALID`, `STORE_…` */
  async *stream(record: ArtifactRecord, wanted: ByteRange | null = null): AsyncGenerator<Uint8Array> {
    const range = wanted === null ? null : rangeWithin(wanted, record.size, record.name);
    const key = `${folderOf(record.namespace, record.run)}/${record.hash}`;
    const content = await this.parts.contents.read(key, range ?? undefined);
    if (content === null) throw damaged(record, 'there is nothing');
    yield* verified(record, content, range);
  }

  /**
   * Deletes the contents of a run that was purged, as it had them on record before; not what has been written since.
   * @param began when the purge began
   */
  async forget(records: readonly ArtifactRecord[], began: number): Promise<void> {
    const keys = new Set(records.map(({ namespace, run, hash }) => `${folderOf(namespace, run)}/${hash}`));
    if (keys.size > 0) await this.parts.ownership.demand();
    for (const key of keys) await this.parts.contents.delete(key, began + SECOND);
  }
}

/** @throws StepwellError `OPTION_INVALID` */
export function contentTypeOf(data: ArtifactData, { contentType }: ArtifactWriteOptions): string {
  if (contentType !== undefined) return checkContentType(contentType);
  return typeof data === 'string' ? 'text/plain; charset=utf-8' : 'application/octet-stream';
}

function changed(run: Owner, name: string): StepwellError {
  return new StepwellError(
    'ARTIFACT_CHANGED',
    `The artifact "${name}" of run "${run.id}" is not as the condition of the write says. Read it again, then decide.`,
  );
}
