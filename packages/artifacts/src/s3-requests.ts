import { AwsClient } from 'aws4fetch';
import { createHash } from 'node:crypto';
import { StepwellError, type ErrorCode } from 'stepwell';
import { field } from './xml.ts';

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface S3RequestOptions {
  /** Address of the bucket, without a slash at its end. */
  readonly url: string;
  readonly region: string;
  readonly credentials: () => Promise<S3Credentials>;
}

interface S3Request {
  readonly method: string;
  /** Of the object; empty: the bucket itself. */
  readonly name: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer> | string;
}

/** Times that a request is sent again which the service was too busy for. */
const RETRIES = 5;

/** Sends signed requests to one bucket. */
export class S3Requests {
  readonly #options: S3RequestOptions;

  constructor(options: S3RequestOptions) {
    this.#options = options;
  }

  /** @throws StepwellError `STORE_…`; an object that is not there is an answer with the status 404 */
  async send({ method, name, query = {}, headers = {}, body }: S3Request): Promise<Response> {
    const path = name.split('/').map(encodeURIComponent).join('/');
    const address = new URL(`${this.#options.url}/${path}`);
    for (const [key, value] of Object.entries(query)) address.searchParams.set(key, value);
    const client = await this.#client();
    let response: Response;
    try {
      response = await client.fetch(address, {
        method,
        // The service compares it with what arrives.
        headers: { ...headers, 'x-amz-content-sha256': sha256(body ?? '') },
        ...(body === undefined ? {} : { body }),
      });
    } catch (error) {
      throw unreachable(this.#options.url, error);
    }
    if (response.ok) return response;
    return this.#refused(response, method);
  }

  /** As `send`, for requests whose failure may come in the body of a 200. */
  async sendForText(request: S3Request): Promise<string> {
    const response = await this.send(request);
    const text = await this.#textOf(response);
    if (response.status === 404 || text.includes('<Error>')) throw this.#error(response.status, text);
    return text;
  }

  async #refused(response: Response, method: string): Promise<Response> {
    // The answer to HEAD has no body, and so does not say what is not there.
    if (method === 'HEAD' && response.status === 404) return response;
    const text = await this.#textOf(response);
    if (response.status === 404 && field(text, 'Code') !== 'NoSuchBucket') return response;
    throw this.#error(response.status, text);
  }

  async #textOf(response: Response): Promise<string> {
    try {
      return await response.text();
    } catch (error) {
      throw unreachable(this.#options.url, error);
    }
  }

  #error(status: number, text: string): StepwellError {
    const code = field(text, 'Code') ?? `HTTP ${status}`;
    return new StepwellError(
      codeOf(status, code),
      `The bucket at ${this.#options.url} refused a request: ${code}. ${field(text, 'Message') ?? ''}`.trim(),
      { data: { status, code } },
    );
  }

  async #client(): Promise<AwsClient> {
    const { region } = this.#options;
    return new AwsClient({ ...(await this.#options.credentials()), region, service: 's3', retries: RETRIES });
  }
}

function codeOf(status: number, code: string): ErrorCode {
  if (status === 401 || status === 403) return 'STORE_ACCESS_DENIED';
  if (code === 'NoSuchBucket') return 'STORE_UNKNOWN';
  if (status === 507 || code === 'QuotaExceeded') return 'STORE_FULL';
  return 'STORE_FAILED';
}

export function unreachable(url: string, cause: unknown): StepwellError {
  const { message, cause: reason } = cause as Error;
  const why = reason instanceof Error ? reason.message : message;
  return new StepwellError('STORE_UNREACHABLE', `No answer from ${url}: ${why}.`, { cause });
}

function sha256(body: Uint8Array | string): string {
  return createHash('sha256').update(body).digest('hex');
}
