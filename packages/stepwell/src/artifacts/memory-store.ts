import type { ArtifactStore, ByteRange, Content, StoredContent } from './contract.ts';
import { Digest } from './digest.ts';

/** Contents that go with the process: for tests, and for stores that are in memory too. */
export class MemoryArtifacts implements ArtifactStore {
  readonly kind = 'memory';
  readonly #now: () => number;
  readonly #contents = new Map<string, { readonly bytes: Uint8Array; readonly writtenAt: number }>();

  constructor(now: () => number) {
    this.#now = now;
  }

  async write(folder: string, content: AsyncIterable<Uint8Array>): Promise<Content> {
    const digest = new Digest(content);
    const chunks: Uint8Array[] = [];
    // A copy: the chunk may be a buffer that its owner fills again.
    for await (const chunk of digest) chunks.push(Uint8Array.from(chunk));
    const { hash } = digest.content;
    this.#contents.set(`${folder}/${hash}`, { bytes: Buffer.concat(chunks), writtenAt: this.#now() });
    return digest.content;
  }

  read(key: string, range?: ByteRange): Promise<AsyncIterable<Uint8Array> | null> {
    const bytes = this.#contents.get(key)?.bytes;
    return Promise.resolve(bytes === undefined ? null : once(bytes.slice(range?.start, range?.end)));
  }

  async *list(prefix: string): AsyncGenerator<StoredContent> {
    for (const key of [...this.#contents.keys()].filter((key) => key.startsWith(prefix)).toSorted()) {
      const { bytes, writtenAt } = this.#contents.get(key)!;
      yield { key, size: bytes.byteLength, writtenAt };
    }
  }

  delete(key: string, writtenBefore = Number.POSITIVE_INFINITY): Promise<void> {
    const content = this.#contents.get(key);
    if (content !== undefined && content.writtenAt < writtenBefore) this.#contents.delete(key);
    return Promise.resolve();
  }

  /** A write that breaks off leaves nothing here. */
  clean(): Promise<number> {
    return Promise.resolve(0);
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.byteLength > 0) yield bytes;
}
