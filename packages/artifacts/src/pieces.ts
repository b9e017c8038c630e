import { type Content, Digest } from 'stepwell/engine';

type Piece = Uint8Array<ArrayBuffer>;

/** What is uploaded in one request: memory that a write takes. S3 takes at most 10,000 of them, and none below 5 MiB but the last. */
const PIECE_BYTES = 8 * 1024 * 1024;

/** The same bytes in pieces of equal size; only the last is shorter. Of nothing, none. */
async function* piecesOf(content: AsyncIterable<Uint8Array>): AsyncGenerator<Piece> {
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

/** How a service takes content whose name, its hash, is known only once all of it has been read. */
export interface Upload {
  /** All of it. */
  whole(digest: Digest, body: Piece): Promise<unknown>;
  /** More than fits into one request. */
  inPieces(digest: Digest, begun: Piece[], rest: AsyncIterable<Piece>): Promise<void>;
}

export async function upload(content: AsyncIterable<Uint8Array>, to: Upload): Promise<Content> {
  const digest = new Digest(content);
  const pieces = piecesOf(digest);
  try {
    const first = await pieces.next();
    const second = first.done === true ? first : await pieces.next();
    if (second.done === true) await to.whole(digest, first.value ?? new Uint8Array());
    else await to.inPieces(digest, [first.value!, second.value], pieces);
    return digest.content;
  } finally {
    await pieces.return(undefined);
  }
}
