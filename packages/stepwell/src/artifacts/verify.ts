import { createHash } from 'node:crypto';
import { StepwellError } from '../model/errors.ts';
import type { ByteRange } from './contract.ts';
import type { ArtifactRecord } from '../store/records.ts';

/**
 * Hands on content that is what its record says. Each chunk goes out when the next has come, and the last one only when
 * the hash is right: whoever has all bytes has the right ones. Of a range only the number of bytes can be checked.
 * @throws StepwellError `ARTIFACT_DAMAGED`, at the end of what is there
 */
export async function* verified(
  record: ArtifactRecord,
  content: AsyncIterable<Uint8Array>,
  range: ByteRange | null,
): AsyncGenerator<Uint8Array> {
  const hash = range === null ? createHash('sha256') : null;
  const wanted = range === null ? record.size : range.end - range.start;
  let size = 0;
  let last: Uint8Array | null = null;
  for await (const chunk of content) {
    size += chunk.byteLength;
    if (size > wanted) throw damaged(record, `there are more than ${wanted} bytes`);
    hash?.update(chunk);
    if (last !== null) yield last;
    last = chunk;
  }
  if (size !== wanted) throw damaged(record, `there are ${size} bytes and not ${wanted}`);
  if (hash !== null && hash.digest('hex') !== record.hash)
    throw damaged(record, 'the content has another hash');
  if (last !== null) yield last;
}

export function damaged({ run, name, number }: ArtifactRecord, how: string): StepwellError {
  return new StepwellError(
    'ARTIFACT_DAMAGED',
    `Version ${number} of the artifact "${name}" of run "${run}" is not what was written: ${how}. Restore it from a backup, or write it again.`,
  );
}
