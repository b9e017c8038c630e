import busboy from 'busboy';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isStepwellError, StepwellError, type PreparedArtifact, type StartOptions } from 'stepwell';
import type { Api } from '../api.ts';
import { jsonOf } from '../body.ts';
import type { Multipart } from '../route.ts';
import { StartBody } from '../shapes/start.ts';
import { idFromKey, startedAnswer } from '../starting.ts';
import { uploadOf } from './upload.ts';

const MOST_FILES = 1_000;

/** The run as its part says, checked: it gets the files before it begins. */
interface Wanted {
  readonly input: unknown;
  readonly options: StartOptions & { readonly id: string };
  /** The run is there already: this is a repetition, and its files were in place before it. */
  readonly exists: boolean;
}

/**
 * Starts a run together with its files. The first part, `start`, is the JSON body of a start; the others are files, each
 * with the artifact's name as its name. They are put on record when all have come, and then the run is started: if the
 * upload breaks off, or one file is refused, nothing has happened.
 */
export const startWithFiles: Multipart<
  '/v1/workflows/{name}/runs',
  undefined,
  { readonly prefer?: string }
>['handle'] = async ({ c, params: { name }, headers, idempotencyKey }, api) => {
  const id = idempotencyKey === undefined ? undefined : idFromKey(idempotencyKey, c.req.path);
  const upload = new Upload(name, id, api);
  const wanted = await upload.receive(uploadOf(c, api), c.req.header('content-type') ?? '');
  // Another start of that id may have been faster than these files: they are not those of its run.
  const exists = wanted.exists || (await hasRun(api, wanted.options.id));
  if (!exists) for (const file of upload.files) await (await file).record();
  const run = await api.well.start(name, wanted.input, wanted.options);
  const repeated = wanted.options.id === id;
  return startedAnswer(c, run, api, { prefer: headers.prefer, repeated });
};

class Upload {
  readonly files: Promise<PreparedArtifact>[] = [];
  readonly #workflow: string;
  readonly #id: string | undefined;
  readonly #api: Api;
  readonly #failed = new AbortController();
  #wanted: Promise<Wanted> | null = null;

  /** @param id of the run, if the start gives none */
  constructor(workflow: string, id: string | undefined, api: Api) {
    this.#workflow = workflow;
    this.#id = id;
    this.#api = api;
  }

  /** Takes all parts in. @throws StepwellError `BODY_INVALID`, and what a start or a write throws */
  async receive(body: AsyncIterable<Uint8Array>, contentType: string): Promise<Wanted> {
    const parser = this.#parserOf(contentType);
    const { signal } = this.#failed;
    try {
      await pipeline(Readable.from(body, { objectMode: false }), parser, { signal });
      if (this.#wanted === null) throw invalid('it has no part "start"');
      await Promise.all(this.files);
      return await this.#wanted;
    } catch (error) {
      await Promise.allSettled(this.files);
      const cause: unknown = signal.aborted ? signal.reason : error;
      throw isStepwellError(cause) ? cause : invalid((cause as Error).message, cause);
    }
  }

  #parserOf(contentType: string): busboy.Busboy {
    let parser: busboy.Busboy;
    const { bodyBytes } = this.#api.limits;
    try {
      parser = busboy({
        headers: { 'content-type': contentType },
        defParamCharset: 'utf8',
        limits: { files: MOST_FILES, fields: 1, fieldSize: bodyBytes + 1 },
      });
    } catch (cause) {
      throw invalid((cause as Error).message, cause);
    }
    parser.on('field', (name, value) => {
      if (name !== 'start') this.#fail(invalid(`the part "${name}" is not a file`));
      else this.#begin(Promise.resolve(Buffer.from(value)));
    });
    parser.on('file', (name, stream, { mimeType }) => {
      if (name === 'start') this.#begin(allOf(stream, bodyBytes));
      else this.#take(name, stream, mimeType);
    });
    for (const limit of ['filesLimit', 'fieldsLimit'] as const)
      parser.on(limit, () =>
        this.#fail(invalid(`it has more than ${MOST_FILES} files, or two parts "start"`)),
      );
    return parser;
  }

  #begin(text: Promise<Buffer>): void {
    if (this.#wanted !== null) this.#fail(invalid('it has two parts "start"'));
    if (this.files.length > 0) this.#fail(invalid('the part "start" is not the first'));
    this.#wanted = this.#check(text);
    this.#wanted.catch((error: unknown) => this.#fail(error));
  }

  /** Whatever is wrong with the start is found before a file is kept. */
  async #check(text: Promise<Buffer>): Promise<Wanted> {
    const bytes = await text;
    if (bytes.byteLength > this.#api.limits.bodyBytes) throw partTooLarge(this.#api.limits.bodyBytes);
    const { input, ...options } = jsonOf(bytes, StartBody) as typeof StartBody._output;
    if (options.debounce !== undefined)
      throw invalid(
        'a start with files cannot have "debounce": the run that is put off would be another one',
      );
    const given = {
      ...options,
      ...(options.id === undefined && this.#id !== undefined ? { id: this.#id } : {}),
    };
    const { well } = this.#api;
    const { id } = await well.parts.prepare(this.#workflow, input, given);
    return { input, options: { ...given, id }, exists: await hasRun(this.#api, id) };
  }

  #take(name: string, stream: Readable, contentType: string): void {
    if (this.#wanted === null) this.#fail(invalid('its first part is not "start"'));
    const file = this.#keep(name, stream, contentType);
    file.catch((error: unknown) => this.#fail(error));
    this.files.push(file);
  }

  /** The parser waits until the file is taken: files come one at a time. */
  async #keep(name: string, stream: Readable, contentType: string): Promise<PreparedArtifact> {
    // Its end is an error too if the upload breaks off; whoever reads it hears of that.
    stream.on('error', () => {});
    const wanted = await this.#wanted;
    if (wanted === null) throw invalid('its first part is not "start"');
    if (!wanted.exists)
      return this.#api.well.artifacts.prepare(wanted.options.id, name, stream, { contentType });
    stream.resume();
    return { record: () => Promise.reject(new Error('The run is there already.')) };
  }

  #fail(error: unknown): void {
    if (!this.#failed.signal.aborted) this.#failed.abort(error);
  }
}

async function hasRun({ well }: Api, id: string): Promise<boolean> {
  return (await well.parts.bare.get(well.namespace, id)) !== null;
}

async function allOf(stream: Readable, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.byteLength;
    if (size > limit) throw partTooLarge(limit);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function partTooLarge(limit: number): StepwellError {
  return new StepwellError('BODY_TOO_LARGE', `The part "start" is larger than ${limit} bytes.`, {
    data: { limit },
  });
}

function invalid(reason: string, cause?: unknown): StepwellError {
  return new StepwellError(
    'BODY_INVALID',
    `The multipart body is not as it should be: ${reason}. First comes the part "start", the JSON of a start, then files. Nothing was started.`,
    cause === undefined ? {} : { cause },
  );
}
