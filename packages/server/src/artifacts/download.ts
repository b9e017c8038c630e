import type { Context } from 'hono';
import type { ServerResponse } from 'node:http';
import { type ByteRange, type ReadableArtifact, StepwellError } from 'stepwell';
import type { Api } from '../api.ts';
import { isFault, problem } from '../problem.ts';
import { namesTag, rangeOf } from './range.ts';

export interface DownloadHeaders {
  readonly range?: string;
  readonly 'if-range'?: string;
  readonly 'if-none-match'?: string;
}

/** A version of a file as an answer that a browser keeps, and does not run. */
export async function download(
  c: Context,
  api: Api,
  file: ReadableArtifact,
  asked: DownloadHeaders,
): Promise<Response> {
  const tag = `"${file.hash}"`;
  const known = { ETag: tag, 'Cache-Control': 'private, no-cache' };
  if (namesTag(asked['if-none-match'], tag)) return new Response(null, { status: 304, headers: known });
  let range: ByteRange | null;
  try {
    range = rangeOf(isForRange(c, asked, tag) ? asked.range : undefined, file.size);
  } catch (error) {
    return problem(error, api, { 'Content-Range': `bytes */${file.size}` });
  }
  const headers: Record<string, string> = {
    ...known,
    'Accept-Ranges': 'bytes',
    'Content-Type': file.contentType,
    'Content-Length': String(range === null ? file.size : range.end - range.start),
    'Content-Disposition': dispositionOf(file.name),
    'X-Content-Type-Options': 'nosniff',
    'Content-Security-Policy': "default-src 'none'; sandbox; frame-ancestors 'none'",
    // A page of another origin could run it as a script of its own, or measure it as a picture.
    'Cross-Origin-Resource-Policy': 'same-origin',
  };
  if (range !== null) headers['Content-Range'] = `bytes ${range.start}-${range.end - 1}/${file.size}`;
  const status = range === null ? 200 : 206;
  if (c.req.method === 'HEAD') return new Response(null, { status, headers });
  const body = await bodyOf(file, range ?? undefined, c, api);
  return new Response(body, { status, headers });
}

/**
 * Only what is read has ranges, and not with a tag that is another one, nor with a date: such a range is of another
 * content, so all of this one is sent (RFC 9110, sections 13.1.5 and 14.2).
 */
function isForRange(c: Context, asked: DownloadHeaders, tag: string): boolean {
  const condition = asked['if-range'];
  return c.req.method === 'GET' && (condition === undefined || condition.trim() === tag);
}

/**
 * The first bytes are awaited: what is wrong from the beginning still gets a status of its own. Later the connection
 * breaks, before the last byte: the adapter would send the error's message in place of bytes, and a client that counts
 * them could take that for the end of the file.
 */
async function bodyOf(
  file: ReadableArtifact,
  range: ByteRange | undefined,
  c: Context,
  { log, limits, timer }: Api,
): Promise<ReadableStream<Uint8Array>> {
  const content = inPieces(file.stream(range));
  let next: Promise<IteratorResult<Uint8Array>> | null = Promise.resolve(await content.next());
  let prevent = () => {};
  let isGone = false;
  const breakOff = (controller: ReadableStreamDefaultController, error: unknown) => {
    if (isFault(error)) log(`The download of "${file.name}" of run "${file.run}" broke off.`, error);
    const { outgoing } = (c.env ?? {}) as { outgoing?: ServerResponse };
    if (outgoing === undefined) controller.error(error);
    else outgoing.destroy();
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        prevent();
        try {
          const { done, value } = await (next ?? content.next());
          next = null;
          // While it was read.
          if (isGone) return;
          if (done === true) return controller.close();
          controller.enqueue(value);
          // A reader that takes nothing would keep the file open for ever.
          prevent = timer(limits.downloadSilence, () => {
            breakOff(controller, silent(limits.downloadSilence));
            content.return().catch(() => {});
          });
        } catch (error) {
          breakOff(controller, error);
        }
      },
      async cancel() {
        isGone = true;
        prevent();
        await content.return();
      },
    },
    // Read only as fast as it is taken.
    { highWaterMark: 0 },
  );
}

/** Bytes: so many must be taken within `downloadSilence`, also of a store that gives megabytes at once. */
const PIECE = 64 * 1024;

async function* inPieces(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of content)
    for (let start = 0; start < chunk.byteLength; start += PIECE) yield chunk.subarray(start, start + PIECE);
}

function silent(limit: number): StepwellError {
  return new StepwellError(
    'REQUEST_TIMED_OUT',
    `No byte of the download was taken for ${limit} ms. Ask for the rest with the header Range.`,
    { data: { limit } },
  );
}

/** A file to be saved, under the last part of its name; for old clients once more with ASCII alone. */
function dispositionOf(name: string): string {
  const last = name.slice(name.lastIndexOf('/') + 1);
  const ascii = last.replaceAll(/[^\w.\- ]/g, '_');
  const encoded = encodeURIComponent(last).replaceAll(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}
