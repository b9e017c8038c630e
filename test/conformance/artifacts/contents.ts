import { createHash } from 'node:crypto';

export async function* chunks(...given: (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const chunk of given) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
}

/** So many bytes that do not repeat soon, in pieces, each made when it is asked for. */
export async function* pseudoRandom(size: number, piece = 64 * 1024): AsyncGenerator<Uint8Array> {
  let state = 1;
  for (let left = size; left > 0; left -= piece) {
    const bytes = new Uint32Array(Math.ceil(Math.min(piece, left) / 4));
    for (let n = 0; n < bytes.length; n++) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      bytes[n] = state;
    }
    yield new Uint8Array(bytes.buffer, 0, Math.min(piece, left));
  }
}

export async function gathered(content: AsyncIterable<Uint8Array> | null): Promise<string | null> {
  return content === null ? null : (await bytesOf(content)).toString();
}

export async function bytesOf(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const read: Uint8Array[] = [];
  for await (const chunk of content) read.push(chunk);
  return Buffer.concat(read);
}

export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

export async function hashOf(content: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of content) hash.update(chunk);
  return hash.digest('hex');
}
