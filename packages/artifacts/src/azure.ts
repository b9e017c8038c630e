import { isRestError, type ContainerClient } from '@azure/storage-blob';
import { StepwellError, type ErrorCode } from 'stepwell';
import {
  type Digest,
  type ArtifactStore,
  type ByteRange,
  type Content,
  type StoredContent,
} from 'stepwell/engine';
import { upload } from './pieces.ts';
import { Prefix } from './prefix.ts';

export interface AzureArtifactsOptions {
  /** Of `@azure/storage-blob`: it knows the account and how to sign in to it. */
  readonly container: ContainerClient;
  /** Before all names: one container can serve several stores of runs. */
  readonly prefix?: string;
}

/** Between two looks at a copy that the service makes (ms). */
const COPY_POLL = 500;
/** Azure's times have whole seconds: one of the same second may be later. */
const SECOND = 1_000;

/**
 * Contents as blobs of a container: `<prefix>/<namespace>/<run>/<hash>`.
 *
 *   one piece (up to 8 MiB) ──upload──▶ <key>
 *   more ──blocks, committed together──▶ .unfinished/<id> ──copy──▶ <key> ──▶ .unfinished/<id> is deleted
 *
 * Only what is complete is ever under its key. A crash leaves a blob in `.unfinished`, which `clean` removes, or blocks
 * that were not committed, which Azure removes after a week.
 */
export class AzureArtifacts implements ArtifactStore {
  readonly kind = 'azure';
  readonly #container: ContainerClient;
  readonly #prefix: Prefix;

  constructor({ container, prefix = '' }: AzureArtifactsOptions) {
    this.#container = container;
    this.#prefix = new Prefix(prefix);
  }

  write(folder: string, content: AsyncIterable<Uint8Array>): Promise<Content> {
    return upload(content, {
      whole: (digest, body) => this.#doing(() => this.#blobOf(folder, digest).upload(body, body.byteLength)),
      inPieces: (digest, begun, rest) => this.#writeLarge(folder, digest, begun, rest),
    });
  }

  #blobOf(folder: string, { content }: Digest) {
    return this.#container.getBlockBlobClient(this.#prefix.nameOf(`${folder}/${content.hash}`));
  }

  async #writeLarge(
    folder: string,
    digest: Digest,
    begun: Uint8Array[],
    rest: AsyncIterable<Uint8Array>,
  ): Promise<void> {
    const unfinished = this.#container.getBlockBlobClient(this.#prefix.newUnfinished());
    const blocks: string[] = [];
    const stage = async (body: Uint8Array) => {
      const id = Buffer.from(String(blocks.length).padStart(6, '0')).toString('base64');
      await this.#doing(() => unfinished.stageBlock(id, body, body.byteLength));
      blocks.push(id);
    };
    for (const body of begun) await stage(body);
    for await (const body of rest) await stage(body);
    try {
      await this.#doing(async () => {
        await unfinished.commitBlockList(blocks);
        const options = { intervalInMs: COPY_POLL };
        const copy = await this.#blobOf(folder, digest).beginCopyFromURL(unfinished.url, options);
        const { copyStatus } = await copy.pollUntilDone();
        if (copyStatus !== 'success') throw new Error(`the copy ended as ${copyStatus}`);
      });
    } finally {
      // If that fails as well, `clean` does it.
      await unfinished.deleteIfExists().catch(() => {});
    }
  }

  async read(key: string, range?: ByteRange): Promise<AsyncIterable<Uint8Array> | null> {
    const blob = this.#container.getBlobClient(this.#prefix.nameOf(key));
    return this.#doing(async () => {
      if (range !== undefined && range.end <= range.start) return (await blob.exists()) ? nothing() : null;
      try {
        const length = range === undefined ? undefined : range.end - range.start;
        const { readableStreamBody } = await blob.download(range?.start, length);
        return this.#chunksOf(readableStreamBody as AsyncIterable<Uint8Array>);
      } catch (error) {
        if (isRestError(error) && error.code === 'BlobNotFound') return null;
        throw error;
      }
    });
  }

  async *#chunksOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      yield* body;
    } catch (error) {
      throw this.#explain(error);
    }
  }

  async *list(prefix: string): AsyncGenerator<StoredContent> {
    for await (const { name, size, writtenAt } of this.#blobs(this.#prefix.nameOf(prefix))) {
      const key = this.#prefix.keyOf(name);
      if (key !== null) yield { key, size, writtenAt };
    }
  }

  async *#blobs(prefix: string): AsyncGenerator<{ name: string; size: number; writtenAt: number }> {
    try {
      for await (const { name, properties } of this.#container.listBlobsFlat({ prefix }))
        yield {
          name,
          size: properties.contentLength ?? 0,
          writtenAt: properties.lastModified.getTime(),
        };
    } catch (error) {
      throw this.#explain(error);
    }
  }

  async delete(key: string, writtenBefore?: number): Promise<void> {
    await this.#delete(this.#prefix.nameOf(key), writtenBefore);
  }

  /** False: it is not there, or was written since. */
  async #delete(name: string, writtenBefore?: number): Promise<boolean> {
    const conditions =
      writtenBefore === undefined ? {} : { ifUnmodifiedSince: new Date(writtenBefore - SECOND) };
    return this.#doing(async () => {
      try {
        return (await this.#container.getBlobClient(name).deleteIfExists({ conditions })).succeeded;
      } catch (error) {
        if (isRestError(error) && error.statusCode === 412) return false;
        throw error;
      }
    });
  }

  async clean(before: number): Promise<number> {
    let cleaned = 0;
    for await (const { name, writtenAt } of this.#blobs(this.#prefix.unfinished))
      if (writtenAt < before && (await this.#delete(name, before))) cleaned++;
    return cleaned;
  }

  async #doing<T>(deed: () => Promise<T>): Promise<T> {
    try {
      return await deed();
    } catch (error) {
      throw this.#explain(error);
    }
  }

  #explain(error: unknown): StepwellError {
    if (error instanceof StepwellError) return error;
    const { message } = error as Error;
    const code = isRestError(error) ? codeOf(error.statusCode, error.code) : 'STORE_FAILED';
    // The first line: the others repeat the request, with its headers.
    const why = message.split('\n')[0];
    const { containerName } = this.#container;
    return new StepwellError(code, `The container "${containerName}" cannot be used: ${why}.`, {
      cause: error,
    });
  }
}

function codeOf(status: number | undefined, code: string | undefined): ErrorCode {
  if (status === 401 || status === 403) return 'STORE_ACCESS_DENIED';
  if (code === 'ContainerNotFound') return 'STORE_UNKNOWN';
  return status === undefined ? 'STORE_UNREACHABLE' : 'STORE_FAILED';
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
