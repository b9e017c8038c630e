import { StepwellError } from 'stepwell';
import {
  type Digest,
  type ArtifactStore,
  type ByteRange,
  type Content,
  type StoredContent,
} from 'stepwell/engine';
import { upload } from './pieces.ts';
import { Prefix } from './prefix.ts';
import { S3Requests, unreachable, type S3Credentials } from './s3-requests.ts';
import { elements, field } from './xml.ts';

export interface S3ArtifactsOptions {
  readonly bucket: string;
  /** Before all names: one bucket can serve several stores of runs. */
  readonly prefix?: string;
  readonly region: string;
  /** Of another service than that of AWS, such as `http://127.0.0.1:9000`: the bucket becomes a part of the path. */
  readonly endpoint?: string;
  /** Fixed ones, or a function that is called before each request: for those that expire. */
  readonly credentials: S3Credentials | (() => Promise<S3Credentials>);
}

const SECOND = 1_000;
/** An upload in pieces, and the object that it becomes, tell when it began: it may go on for hours. */
const LONGEST_UPLOAD = 24 * 3_600_000;
/** What S3 copies with one request. */
const MOST_BYTES = 5 * 1024 ** 3;

/**
 * Contents as objects of a bucket: `<prefix>/<namespace>/<run>/<hash>`.
 *
 *   one piece (up to 8 MiB) ──put──▶ <key>
 *   more ──multipart upload──▶ .unfinished/<id> ──copy──▶ <key> ──▶ .unfinished/<id> is deleted
 *
 * Only what is complete is ever under its key. A crash leaves an object in `.unfinished`, or a multipart upload; `clean`
 * removes both, and a lifecycle rule of the bucket may as well.
 */
export class S3Artifacts implements ArtifactStore {
  readonly kind = 's3';
  readonly #url: string;
  readonly #requests: S3Requests;
  readonly #prefix: Prefix;
  readonly #bucket: string;

  constructor({ bucket, prefix = '', region, endpoint, credentials }: S3ArtifactsOptions) {
    this.#bucket = bucket;
    this.#prefix = new Prefix(prefix);
    this.#url =
      endpoint === undefined
        ? `https://${bucket}.s3.${region}.amazonaws.com`
        : `${endpoint.replace(/\/+$/, '')}/${bucket}`;
    this.#requests = new S3Requests({
      url: this.#url,
      region,
      credentials: typeof credentials === 'function' ? credentials : () => Promise.resolve(credentials),
    });
  }

  write(folder: string, content: AsyncIterable<Uint8Array>): Promise<Content> {
    return upload(content, {
      whole: (digest, body) => this.#put(this.#nameIn(folder, digest), body),
      inPieces: (digest, begun, rest) => this.#writeLarge(folder, digest, begun, rest),
    });
  }

  #nameIn(folder: string, { content }: Digest): string {
    return this.#prefix.nameOf(`${folder}/${content.hash}`);
  }

  async #put(name: string, body: Uint8Array<ArrayBuffer>): Promise<void> {
    await this.#requests.send({ method: 'PUT', name, body });
  }

  async #writeLarge(
    folder: string,
    digest: Digest,
    begun: Uint8Array<ArrayBuffer>[],
    rest: AsyncIterable<Uint8Array<ArrayBuffer>>,
  ): Promise<void> {
    const name = this.#prefix.newUnfinished();
    const started = await this.#requests.sendForText({ method: 'POST', name, query: { uploads: '' } });
    const uploadId = field(started, 'UploadId')!;
    let isComplete = false;
    try {
      await this.#uploadAll(name, uploadId, begun, rest);
      isComplete = true;
      await this.#copy(name, this.#nameIn(folder, digest));
    } finally {
      // If that fails as well, `clean` does it.
      const query = isComplete ? {} : { uploadId };
      await this.#requests.send({ method: 'DELETE', name, query }).catch(() => {});
    }
  }

  async #uploadAll(
    name: string,
    uploadId: string,
    begun: Uint8Array<ArrayBuffer>[],
    rest: AsyncIterable<Uint8Array<ArrayBuffer>>,
  ): Promise<void> {
    const tags: string[] = [];
    let size = 0;
    const upload = async (body: Uint8Array<ArrayBuffer>) => {
      size += body.byteLength;
      if (size > MOST_BYTES) {
        throw new StepwellError(
          'ARTIFACT_TOO_LARGE',
          `S3 takes artifacts of at most ${MOST_BYTES} bytes here.`,
          {
            data: { limit: MOST_BYTES },
          },
        );
      }
      const query = { partNumber: String(tags.length + 1), uploadId };
      const { headers } = await this.#requests.send({ method: 'PUT', name, query, body });
      tags.push(headers.get('etag')!);
    };
    for (const body of begun) await upload(body);
    for await (const body of rest) await upload(body);
    const parts = tags.map(
      (tag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${escaped(tag)}</ETag></Part>`,
    );
    await this.#requests.sendForText({
      method: 'POST',
      name,
      query: { uploadId },
      body: `<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`,
    });
  }

  async #copy(from: string, to: string): Promise<void> {
    const source = `/${this.#bucket}/${from.split('/').map(encodeURIComponent).join('/')}`;
    await this.#requests.sendForText({ method: 'PUT', name: to, headers: { 'x-amz-copy-source': source } });
  }

  async read(key: string, range?: ByteRange): Promise<AsyncIterable<Uint8Array> | null> {
    const name = this.#prefix.nameOf(key);
    const isNothing = range !== undefined && range.end <= range.start;
    const headers: Record<string, string> =
      range === undefined || isNothing ? {} : { range: `bytes=${range.start}-${range.end - 1}` };
    const response = await this.#requests.send({ method: isNothing ? 'HEAD' : 'GET', name, headers });
    return response.status === 404 ? null : this.#chunksOf(response);
  }

  async *#chunksOf({ body }: Response): AsyncGenerator<Uint8Array> {
    try {
      if (body !== null) yield* body;
    } catch (error) {
      throw unreachable(this.#url, error);
    }
  }

  async *list(prefix: string): AsyncGenerator<StoredContent> {
    for await (const { name, size, writtenAt } of this.#objects(this.#prefix.nameOf(prefix))) {
      const key = this.#prefix.keyOf(name);
      if (key !== null) yield { key, size, writtenAt };
    }
  }

  async *#objects(prefix: string): AsyncGenerator<{ name: string; size: number; writtenAt: number }> {
    let page: string | undefined;
    do {
      const query = {
        'list-type': '2',
        prefix,
        ...(page === undefined ? {} : { 'continuation-token': page }),
      };
      const answer = await this.#requests.sendForText({ method: 'GET', name: '', query });
      for (const object of elements(answer, 'Contents')) {
        const writtenAt = Date.parse(field(object, 'LastModified')!);
        yield { name: field(object, 'Key')!, size: Number(field(object, 'Size')), writtenAt };
      }
      page = field(answer, 'NextContinuationToken');
    } while (page !== undefined);
  }

  /** S3 cannot delete on a condition: between the look and the deletion there are some milliseconds. */
  async delete(key: string, writtenBefore?: number): Promise<void> {
    const name = this.#prefix.nameOf(key);
    if (writtenBefore !== undefined) {
      const { status, headers } = await this.#requests.send({ method: 'HEAD', name });
      // Its times have whole seconds: one of the same second may be later.
      const writtenAt = Date.parse(headers.get('last-modified') ?? '');
      if (status === 404 || writtenAt > writtenBefore - SECOND) return;
    }
    await this.#requests.send({ method: 'DELETE', name });
  }

  async clean(before: number): Promise<number> {
    const begunBefore = before - LONGEST_UPLOAD;
    let cleaned = 0;
    for await (const { name, writtenAt } of this.#objects(this.#prefix.unfinished)) {
      if (writtenAt >= begunBefore) continue;
      await this.#requests.send({ method: 'DELETE', name });
      cleaned++;
    }
    return cleaned + (await this.#abortUploads(begunBefore));
  }

  async #abortUploads(begunBefore: number): Promise<number> {
    let aborted = 0;
    for (const upload of elements(await this.#uploads(), 'Upload')) {
      if (Date.parse(field(upload, 'Initiated') ?? '') >= begunBefore) continue;
      const uploadId = field(upload, 'UploadId')!;
      await this.#requests.send({ method: 'DELETE', name: field(upload, 'Key')!, query: { uploadId } });
      aborted++;
    }
    return aborted;
  }

  /** The first thousand: those that are left are for the next time. */
  async #uploads(): Promise<string> {
    try {
      const query = { uploads: '', prefix: this.#prefix.unfinished };
      return await this.#requests.sendForText({ method: 'GET', name: '', query });
    } catch (error) {
      // Some services that speak S3 cannot list them; they have other ways to remove them.
      const isUnknown = error instanceof StepwellError && (error.data as { status?: number }).status === 501;
      if (isUnknown) return '';
      throw error;
    }
  }
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
}
