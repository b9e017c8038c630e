import type { Context } from 'hono';
import type { ServerResponse } from 'node:http';
import type { ByteRange, ReadableArtifact } from 'stepwell';
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
    // A tag that is another one, and a date: the range is of another content, so all of this one is sent.
    range = rangeOf(
      asked['if-range'] === undefined || asked['if-range'] === tag ? asked.range : undefined,
      file.size,
    );
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
    'Content-Security-Policy': "default-src 'none'; sandbox",
  };
  if (range !== null) headers['Content-Range'] = `bytes ${range.start}-${range.end - 1}/${file.size}`;
  const status = range === null ? 200 : 206;
  if (c.req.method === 'HEAD') return new Response(null, { status, headers });
  const body = await bodyOf(file, range ?? undefined, c, api);
  return new Response(body, { status, headers });
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
  { log }: Api,
): Promise<ReadableStream<Uint8Array>> {
  const content = file.stream(range)[Symbol.asyncIterator]();
  let next: Promise<IteratorResult<Uint8Array>> | null = Promise.resolve(await content.next());
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await (next ?? content.next());
          next = null;
          if (done === true) controller.close();
          else controller.enqueue(value);
        } catch (error) {
          if (isFault(error)) log(`The download of "${file.name}" of run "${file.run}" broke off.`, error);
          const { outgoing } = (c.env ?? {}) as { outgoing?: ServerResponse };
          if (outgoing === undefined) controller.error(error);
          else outgoing.destroy();
        }
      },
      async cancel() {
        await content.return?.();
      },
    },
    // Read only as fast as it is taken.
    { highWaterMark: 0 },
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
