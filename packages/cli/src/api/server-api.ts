import { EventSourceParserStream } from 'eventsource-parser/stream';
import type { EventSourceMessage } from 'eventsource-parser';
import { StepwellError } from 'stepwell';
import { ServerRefusal } from './server-refusal.ts';

/** The HTTP API of one Stepwell server. */
export class ServerApi {
  readonly #server: string;

  /** @param server its URL @throws StepwellError `COMMAND_INVALID` */
  constructor(server: string) {
    const url = URL.parse(server);
    if (url === null || !/^https?:$/.test(url.protocol)) {
      throw new StepwellError(
        'COMMAND_INVALID',
        `The server "${server}" is not a URL such as http://127.0.0.1:8787.`,
      );
    }
    this.#server = server.replace(/\/+$/, '');
  }

  /** @throws ServerRefusal, or StepwellError `SERVER_UNREACHABLE` */
  get<T>(path: string): Promise<T> {
    return this.#json<T>(path, { method: 'GET' });
  }

  post<T>(path: string, body: object = {}): Promise<T> {
    return this.#send<T>('POST', path, body);
  }

  put<T>(path: string, body: object): Promise<T> {
    return this.#send<T>('PUT', path, body);
  }

  #send<T>(method: string, path: string, body: object): Promise<T> {
    const headers = { 'content-type': 'application/json' };
    return this.#json<T>(path, { method, headers, body: JSON.stringify(body) });
  }

  /** Opens an event stream. Iterating ends when the server ends it; a connection that breaks is `SERVER_UNREACHABLE`. */
  async stream(path: string, lastEventId: string | undefined): Promise<AsyncIterable<EventSourceMessage>> {
    const headers = {
      accept: 'text/event-stream',
      ...(lastEventId !== undefined && { 'last-event-id': lastEventId }),
    };
    const response = await this.#fetch(path, { headers });
    if (!response.ok) throw await this.#refusal(response);
    const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
    if (response.body === null || !isStream) throw this.#isAnother(response);
    return this.#messages(response.body);
  }

  async *#messages(body: NonNullable<Response['body']>): AsyncGenerator<EventSourceMessage> {
    try {
      yield* body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
    } catch (cause) {
      throw this.#unreachable(cause);
    }
  }

  async #json<T>(path: string, request: RequestInit): Promise<T> {
    const response = await this.#fetch(path, request);
    if (!response.ok) throw await this.#refusal(response);
    const text = await response.text().catch((cause: unknown) => {
      throw this.#unreachable(cause);
    });
    try {
      return (text === '' ? undefined : JSON.parse(text)) as T;
    } catch {
      throw this.#isAnother(response);
    }
  }

  async #fetch(path: string, request: RequestInit): Promise<Response> {
    try {
      return await fetch(`${this.#server}${path}`, request);
    } catch (cause) {
      throw this.#unreachable(cause);
    }
  }

  async #refusal(response: Response): Promise<Error> {
    const problem = await readProblem(response);
    if (problem === undefined) return this.#isAnother(response);
    const { code, detail, title, data } = problem;
    return new ServerRefusal(response.status, code, detail ?? title ?? code, data);
  }

  #isAnother({ status }: Response): StepwellError {
    return new StepwellError(
      'SERVER_UNREACHABLE',
      `What answers at ${this.#server} (status ${status}) is not a Stepwell server. Check --server.`,
    );
  }

  #unreachable(cause: unknown): StepwellError {
    const reason = (cause as { cause?: { code?: string } }).cause?.code ?? String(cause);
    return new StepwellError(
      'SERVER_UNREACHABLE',
      `No Stepwell server answers at ${this.#server} (${reason}). Start one with "stepwell dev FILE", or name another with --server.`,
      { cause },
    );
  }
}

/** An error as servers of Stepwell send it (RFC 9457, with a stable code). */
interface Problem {
  readonly code: string;
  readonly title?: string;
  readonly detail?: string;
  readonly data?: unknown;
}

async function readProblem(response: Response): Promise<Problem | undefined> {
  try {
    const body = (await response.json()) as Partial<Problem> | null;
    return typeof body?.code === 'string' ? (body as Problem) : undefined;
  } catch {
    return undefined;
  }
}
