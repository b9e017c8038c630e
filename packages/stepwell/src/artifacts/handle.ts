import { artifactOf, type Artifact, type ReadableArtifact } from './artifact.ts';
import type { ByteRange } from './contract.ts';
import type { ArtifactRecord } from '../store/records.ts';
import type { Shelf } from './shelf.ts';

/** A version that can be read wherever reading is allowed: in an application, and in the body of a step. */
export function readable(shelf: Shelf, record: ArtifactRecord): ReadableArtifact {
  return { ...artifactOf(record), ...readersOf(shelf, record) };
}

export function readersOf(shelf: Shelf, record: ArtifactRecord): Omit<ReadableArtifact, keyof Artifact> {
  const bytes = () => bytesIn(shelf.stream(record));
  const text = async () => textOf(await bytes());
  return {
    bytes,
    text,
    json: async () => JSON.parse(await text()) as unknown,
    stream: (range?: ByteRange) => shelf.stream(record, range ?? null),
  };
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
}

async function bytesIn(content: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks);
}
