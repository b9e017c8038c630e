import { STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { StepwellError } from 'stepwell';
import type { Api } from './api.ts';
import type { ServerLimits } from './limits.ts';
import { lingering } from './linger.ts';
import { problemParts } from './problem.ts';

type TransportApi = Pick<Api, 'log' | 'errorDocs' | 'limits' | 'timer'>;

/** What Node is told of the limits. The time of a body is not here: an upload may take as long as bytes come. */
export function transportOptions({ headerBytes, headersTimeout }: ServerLimits) {
  return {
    maxHeaderSize: headerBytes,
    headersTimeout,
    requestTimeout: 0,
    // One that lacks it is answered as all others that cannot be read; Node would say nothing but the status.
    requireHostHeader: false,
    connectionsCheckingInterval: Math.max(100, Math.min(1_000, headersTimeout / 4)),
  };
}

/**
 * What a server refuses before a request reaches the app, each with a problem as an answer: bytes that are no HTTP,
 * headers that are too slow, too many or too large, addresses that are too long, connections that are too many.
 */
export class Transport {
  readonly #api: TransportApi;
  /** Connections above the limit: their first request is told so. */
  readonly #surplus = new WeakSet<Duplex>();
  /** The answer that was begun last on a connection; it may have to wait for those before it. */
  readonly #answering = new WeakMap<Duplex, ServerResponse>();
  /** Answers that wait until those before them over the same connection have been sent. */
  readonly #waiting = new WeakMap<Duplex, Set<ServerResponse>>();
  /** Connections that were told that what they say is no HTTP. */
  readonly #refused = new WeakSet<Duplex>();
  readonly #open = new Set<Duplex>();

  constructor(api: TransportApi) {
    this.#api = api;
  }

  watch(http: Server): void {
    const { connections, headers } = this.#api.limits;
    // Node would leave out the headers after these in silence.
    http.maxHeadersCount = headers + 1;
    // Those that do not even send a request to be told something are no more than a tenth.
    http.maxConnections = connections + Math.ceil(connections / 10);
    http.on('connection', (socket) => {
      this.#open.add(socket);
      if (this.#open.size > connections) this.#surplus.add(socket);
      socket.once('close', () => this.#open.delete(socket));
      lingering(socket, this.#api.timer);
    });
    http.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
      const detail = `The server does not know what "Expect: ${request.headers.expect}" asks of it.`;
      this.#answering.set(request.socket, response);
      this.#answer(response, new StepwellError('REQUEST_MALFORMED', detail));
    });
    http.on('clientError', (error: NodeJS.ErrnoException, socket) => this.#refuse(error, socket));
    // Nobody listening, Node would close the connection without a word.
    http.on('connect', (_request: IncomingMessage, socket: Duplex) => {
      // Nor does the HTTP server listen to it any more.
      socket.on('error', () => {});
      const detail = 'CONNECT asks for a connection to somewhere else, which is for proxies.';
      if (this.#wouldBreak(socket)) this.#cutOff(socket);
      else this.#tell(socket, new StepwellError('REQUEST_MALFORMED', detail));
    });
  }

  /** Whether all that was asked for over a connection has been answered, so that it may leave HTTP. */
  isQuiet(socket: Duplex): boolean {
    const last = this.#answering.get(socket);
    return last === undefined || (last.writableFinished && last.socket === null);
  }

  /** Ends the connections over which nothing is under way. Node's own counts those whose last bytes still wait to be taken. */
  closeIdle(): void {
    for (const socket of this.#open)
      if (this.#answering.get(socket)?.writableFinished !== false) socket.destroy();
  }

  /** Ends all connections as they are, also those that have left HTTP. */
  cut(): void {
    for (const socket of this.#open) socket.destroy();
  }

  /** True: the request may go on to the app. */
  admits(request: IncomingMessage, response: ServerResponse): boolean {
    this.#answering.set(request.socket, response);
    if (response.socket === null) this.#noteWaiting(request.socket, response);
    const error = this.#offence(request);
    if (error === null) return true;
    this.#answer(response, error);
    return false;
  }

  #offence({ socket, rawHeaders, url = '' }: IncomingMessage): StepwellError | null {
    const { connections, headers, urlLength } = this.#api.limits;
    if (this.#surplus.has(socket)) {
      const detail = `The server has ${connections} connections, as many as it takes. Come back later.`;
      return new StepwellError('TOO_MANY_CONNECTIONS', detail, { data: { limit: connections } });
    }
    if (rawHeaders.length / 2 > headers) {
      const detail = `The request has more than ${headers} headers. Send fewer.`;
      return new StepwellError('HEADERS_TOO_LARGE', detail, { data: { limit: headers } });
    }
    if (url.length > urlLength) {
      const detail = `The address has ${url.length} characters, ${urlLength} are allowed.`;
      return new StepwellError('URL_TOO_LONG', detail, { data: { limit: urlLength } });
    }
    return null;
  }

  #answer(response: ServerResponse, error: StepwellError): void {
    const { status, headers, body } = this.#partsOf(error);
    response.writeHead(status, headers).end(body);
  }

  /** What Node's parser refuses has no response object: the answer is written as it goes over the wire. */
  #refuse(error: NodeJS.ErrnoException, socket: Duplex): void {
    // It has been told already: what else it says is no HTTP either.
    if (this.#refused.has(socket)) return;
    if (!socket.writable || error.code === 'ECONNRESET' || this.#wouldBreak(socket)) {
      socket.destroy();
      return;
    }
    this.#refused.add(socket);
    this.#tell(socket, this.#refusalOf(error));
  }

  /** Whether bytes that are written to a connection now would get into an answer. */
  #wouldBreak(socket: Duplex): boolean {
    const last = this.#answering.get(socket);
    if (last === undefined || last.writableFinished) return false;
    // One that has no socket waits for that before it.
    return last.socket === null || (last.headersSent && !last.writableEnded);
  }

  #noteWaiting(socket: Duplex, response: ServerResponse): void {
    const waiting = this.#waiting.get(socket) ?? new Set();
    this.#waiting.set(socket, waiting.add(response));
    response.once('close', () => waiting.delete(response));
  }

  /** Of a connection that asks to leave HTTP, Node tells the answers that still wait nothing any more. */
  #cutOff(socket: Duplex): void {
    socket.destroy();
    for (const response of this.#waiting.get(socket) ?? []) response.destroy();
  }

  #tell(socket: Duplex, error: StepwellError): void {
    const { status, headers, body } = this.#partsOf(error);
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]!}\r\n${lines.join('')}\r\n${body}`);
    (socket as Socket).destroySoon();
  }

  /** The connection is closed afterwards: what else comes over it is not read. */
  #partsOf(error: StepwellError): ReturnType<typeof problemParts> {
    const { headers, ...rest } = problemParts(error, this.#api);
    const length = String(Buffer.byteLength(rest.body));
    return { ...rest, headers: { ...headers, Connection: 'close', 'Content-Length': length } };
  }

  #refusalOf({ code, message }: NodeJS.ErrnoException): StepwellError {
    const { headerBytes, headersTimeout } = this.#api.limits;
    if (code === 'HPE_HEADER_OVERFLOW') {
      const detail = `The address and the headers have more than ${headerBytes} bytes. Send fewer.`;
      return new StepwellError('HEADERS_TOO_LARGE', detail, { data: { limit: headerBytes } });
    }
    if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
      const detail = `The headers were not there within ${headersTimeout} ms. Send the request again.`;
      return new StepwellError('REQUEST_TIMED_OUT', detail, { data: { limit: headersTimeout } });
    }
    return new StepwellError('REQUEST_MALFORMED', `What came is not an HTTP/1.1 request: ${message}.`);
  }
}
