import { StepwellError } from '../model/errors.ts';

type Chunks = AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>;

/**
 * What can be written as an artifact: a text (kept as UTF-8), bytes, or a stream of either. A function gives one anew for
 * each attempt, and is not called in a replay: use it for whatever holds something open.
 */
export type ArtifactData = string | Uint8Array | Chunks | (() => string | Uint8Array | Chunks);

/** So much of a text or buffer is handed on at once. */
const PIECE = 1024 * 1024;

/** Whether it can be read a second time: a stream cannot. */
export function isRepeatable(data: ArtifactData): boolean {
  return typeof data === 'string' || data instanceof Uint8Array || typeof data === 'function';
}

/**
 * The bytes of it, as long as there are no more than a limit.
 * @throws StepwellError `ARTIFACT_TOO_LARGE`, `OPTION_INVALID` for anything else than text and bytes
 */
export async function* bytesOf(data: ArtifactData, limit: number, name: string): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const chunk of chunksOf(typeof data === 'function' ? data() : data, name)) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    if (!(bytes instanceof Uint8Array)) throw unfit(name, chunk);
    size += bytes.byteLength;
    if (size > limit) throw tooLarge(name, limit);
    if (bytes.byteLength > 0) yield bytes;
  }
}

function chunksOf(data: string | Uint8Array | Chunks, name: string): Chunks {
  if (typeof data === 'string') return piecesOf(Buffer.from(data));
  if (data instanceof Uint8Array) return piecesOf(data);
  const isIterable =
    typeof data === 'object' &&
    data !== null &&
    (Symbol.asyncIterator in data || (Symbol.iterator in data && !Array.isArray(data)));
  if (!isIterable) throw unfit(name, data);
  return data;
}

function* piecesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let start = 0; start < bytes.byteLength; start += PIECE) yield bytes.subarray(start, start + PIECE);
}

function tooLarge(name: string, limit: number): StepwellError {
  return new StepwellError(
    'ARTIFACT_TOO_LARGE',
    `The artifact "${name}" is larger than ${limit} bytes, the limit artifactBytes. Nothing of it was kept.`,
    { data: { limit } },
  );
}

function unfit(name: string, data: unknown): StepwellError {
  return new StepwellError(
    'OPTION_INVALID',
    `The artifact "${name}" is made of ${data === null ? 'null' : typeof data}. Give a text, bytes, or a stream of them; JSON.stringify turns a value into text.`,
  );
}
