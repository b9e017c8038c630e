import type {
  Artifact,
  ArtifactListOptions,
  ArtifactReadOptions,
  ConditionalWriteOptions,
  ReadableArtifact,
} from '../artifacts/artifact.ts';
import type { ArtifactData } from '../artifacts/data.ts';
import { type ByteRange, rangeWithin } from '../model/byte-range.ts';
import { StepwellError } from '../model/errors.ts';
import { path, withQuery } from './address.ts';
import type { Http } from './http.ts';
import { troubleWith } from './trouble.ts';

/** The files of runs. */
export class RemoteArtifacts {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /**
   * Keeps a file; the run need not exist yet. A stream goes out as it comes; in a page it is gathered first, since browsers
   * send none over HTTP/1.1. A `Blob` is sent from where it is: give one, such as a chosen `File`, if it is large.
   * @throws StepwellError `NAME_INVALID`, `OPTION_INVALID`, `ARTIFACT_TOO_LARGE`, `ARTIFACT_CHANGED`, `STORE_…`
   */
  async write(
    run: string,
    name: string,
    data: ArtifactData | Blob,
    { contentType, ifAbsent, ifHash }: ConditionalWriteOptions = {},
  ): Promise<Artifact> {
    const given = typeof data === 'function' ? data() : data;
    const { page } = this.#http.outside;
    const isWhole = typeof given === 'string' || given instanceof Uint8Array || given instanceof Blob;
    const body = isWhole ? given : page === null ? streamOf(given) : await gathered(given);
    const isConditional = ifAbsent === true || ifHash !== undefined;
    const headers = {
      'Content-Type': contentType ?? typeOf(data),
      ...(ifAbsent === true && { 'If-None-Match': '*' }),
      ...(ifHash !== undefined && { 'If-Match': `"${ifHash}"` }),
    };
    // The same again gives the same version; on a condition, it would be refused because of itself.
    return this.#http.upload(
      path`/v1/runs/${run}/artifacts/${name}`,
      headers,
      body,
      !(body instanceof ReadableStream) && !isConditional,
    );
  }

  /** @throws StepwellError `ARTIFACT_NOT_FOUND` */
  async read(run: string, name: string, { number }: ArtifactReadOptions = {}): Promise<ReadableArtifact> {
    const versions = number === undefined ? 'newest' : 'all';
    const artifact = (await this.list(run, { versions })).find(
      (one) => one.name === name && (number === undefined || one.number === number),
    );
    if (artifact === undefined) {
      const what = number === undefined ? 'artifact' : `version ${number} of the artifact`;
      throw new StepwellError('ARTIFACT_NOT_FOUND', `The run "${run}" has no ${what} "${name}".`);
    }
    const stream = (range?: ByteRange) => this.#stream(artifact, range);
    const text = async () =>
      new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await bytesIn(stream()));
    return {
      ...artifact,
      stream,
      text,
      bytes: () => bytesIn(stream()),
      json: async () => JSON.parse(await text()) as unknown,
    };
  }

  /** By name; the newest version of each, or all. */
  async list(run: string, { versions }: ArtifactListOptions = {}): Promise<Artifact[]> {
    const address = withQuery(path`/v1/runs/${run}/artifacts`, { versions });
    const { artifacts } = await this.#http.get<{ artifacts: Omit<Artifact, 'run'>[] }>(address);
    return artifacts.map((artifact) => ({ ...artifact, run }));
  }

  async *#stream(
    { run, name, number, size }: Artifact,
    wanted: ByteRange | undefined,
  ): AsyncGenerator<Uint8Array, void> {
    const range = wanted === undefined ? undefined : rangeWithin(wanted, size, name);
    if (range !== undefined && range.end === range.start) return;
    const abort = new AbortController();
    // Both ends belong to it, in HTTP.
    const headers = range === undefined ? {} : { Range: `bytes=${range.start}-${range.end - 1}` };
    const address = withQuery(path`/v1/runs/${run}/artifacts/${name}`, { number });
    const response = await this.#http.open({ method: 'GET', path: address, headers, signal: abort.signal });
    if ('kind' in response) throw response.error;
    const reader = (response.body as ReadableStream<Uint8Array> | null)?.getReader();
    try {
      for (let next = await reader?.read(); next?.done === false; next = await reader?.read())
        yield next.value;
    } catch (cause) {
      throw troubleWith(this.#http.server, cause).error;
    } finally {
      abort.abort();
    }
  }
}

function typeOf(data: ArtifactData | Blob): string {
  if (data instanceof Blob && data.type !== '') return data.type;
  return typeof data === 'string' ? 'text/plain; charset=utf-8' : 'application/octet-stream';
}

async function bytesIn(content: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of content) {
    chunks.push(chunk);
    size += chunk.byteLength;
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}

/** Read no faster than it is sent. */
function streamOf(
  data: AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const iterator = Symbol.asyncIterator in data ? data[Symbol.asyncIterator]() : data[Symbol.iterator]();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done === true) controller.close();
      else controller.enqueue(typeof value === 'string' ? encoder.encode(value) : value);
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}

/** The browser keeps it, not necessarily in memory. @throws StepwellError `OPTION_INVALID` */
async function gathered(
  data: AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>,
): Promise<Blob> {
  const pieces: (Uint8Array<ArrayBuffer> | string)[] = [];
  for await (const piece of data) {
    if (typeof piece !== 'string' && !(piece instanceof Uint8Array))
      throw new StepwellError(
        'OPTION_INVALID',
        `An artifact is made of text and bytes, not of ${typeof piece}.`,
      );
    pieces.push(piece as Uint8Array<ArrayBuffer> | string);
  }
  return new Blob(pieces);
}
