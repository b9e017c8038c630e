/** What is uploaded in one request: memory that a write takes. S3 takes at most 10,000 of them, and none below 5 MiB but the last. */
const PIECE_BYTES = 8 * 1024 * 1024;

/** The same bytes in pieces of equal size; only the last is shorter. Of nothing, none. */
export async function* piecesOf(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let waiting: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of content) {
    let rest = chunk;
    while (size + rest.byteLength >= PIECE_BYTES) {
      const end = PIECE_BYTES - size;
      yield Buffer.concat([...waiting, rest.subarray(0, end)]);
      rest = rest.subarray(end);
      waiting = [];
      size = 0;
    }
    // A copy: the source may fill its buffer again.
    if (rest.byteLength > 0) waiting.push(Uint8Array.from(rest));
    size += rest.byteLength;
  }
  if (size > 0) yield Buffer.concat(waiting);
}
