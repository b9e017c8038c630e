import { createHash } from 'node:crypto';
import type { Content } from './contract.ts';

/** Hashes and counts what is read through it. */
export class Digest implements AsyncIterable<Uint8Array> {
  readonly #source: AsyncIterable<Uint8Array>;
  readonly #hash = createHash('sha256');
  #size = 0;
  #content: Content | null = null;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for await (const chunk of this.#source) {
      this.#hash.update(chunk);
      this.#size += chunk.byteLength;
      yield chunk;
    }
    this.#content = { hash: this.#hash.digest('hex'), size: this.#size };
  }

  /** What it came to; only after its end. */
  get content(): Content {
    if (this.#content === null) throw new Error('The content has not been read to its end.');
    return this.#content;
  }
}
