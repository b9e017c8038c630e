import { fstatSync, writeSync } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { writeFailed } from '../write-failed.ts';

/** Where results go is a file. */
const isFile = toFile();

/**
 * Writes to standard output. Node's own stream for a file passes over a write that was done in part, as on a disk that
 * becomes full: the rest of a result would be missing, and nobody told.
 * @throws StepwellError `WRITE_FAILED`
 */
export function writeOut(data: string | Uint8Array): void {
  if (!isFile) return void process.stdout.write(data);
  const bytes = typeof data === 'string' ? Buffer.from(data) : data;
  try {
    for (let done = 0; done < bytes.length; ) done += writeSync(process.stdout.fd, bytes, done);
  } catch (cause) {
    throw writeFailed('standard output', cause as Error);
  }
}

/** Writes what may be large, no faster than it is read. @throws StepwellError `WRITE_FAILED` */
export async function pipeOut(chunks: AsyncIterable<Uint8Array>): Promise<void> {
  if (!isFile) return pipeline(Readable.from(chunks), process.stdout, { end: false });
  for await (const chunk of chunks) writeOut(chunk);
}

function toFile(): boolean {
  if (process.stdout.isTTY) return false;
  try {
    const stat = fstatSync(process.stdout.fd);
    return !stat.isFIFO() && !stat.isSocket();
  } catch {
    // It is closed.
    return false;
  }
}
