import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Stepwell } from 'stepwell';
import { expect, test, vi } from 'vitest';
import type { ErrorLog } from '../src/api.ts';
import { createApp, DEFAULT_SERVER_LIMITS, serve, type ServeOptions, type Server } from '../src/index.ts';
import { ManualTimer } from './manual-timer.ts';
import { echo } from './workflows.ts';

/** A server, and connections to it that say what no HTTP client would. */
class Served implements AsyncDisposable {
  readonly url: string;
  readonly log = vi.fn<ErrorLog>();
  readonly #server: Server;
  readonly #stack = new AsyncDisposableStack();

  private constructor(server: Server, stack: AsyncDisposableStack) {
    this.url = server.url;
    this.#server = server;
    this.#stack.use(stack);
  }
  close(): Promise<void> {
    return this.#server.close();
  }
  static async open(options: ServeOptions): Promise<Served> {
    const stack = new AsyncDisposableStack();
    const well = stack.use(await Stepwell.open({ store: 'memory:', workflows: [echo] }));
    const server = await serve(well, { port: 0, ...options });
    stack.defer(() => server.close());
    return new Served(server, stack);
  }
  connect(): Socket {
    const socket = connect(Number(new URL(this.url).port), '127.0.0.1').setEncoding('utf8');
    this.#stack.defer(() => void socket.destroy());
    return socket;
  }
  /** What the server says until it closes the connection. */
  async say(bytes: string): Promise<string> {
    const socket = this.connect();
    socket.write(bytes, 'latin1');
    return answerOf(socket);
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

async function answerOf(socket: Socket): Promise<string> {
  let answer = '';
  for await (const text of socket) answer += text;
  return answer;
}

const GET = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n';
const headers = (count: number, value = 'x') =>
  Array.from({ length: count }, (_, n) => `X-${n}: ${value}\r\n`).join('');

/** What an answer says that is a problem in its status line, its headers and its body. */
function problemIn(answer: string) {
  const [head, body] = answer.split(/\r\n\r\n(.*)/s) as [string, string];
  expect(head).toMatch(/\r\ncontent-type: application\/problem\+json(\r\n|$)/i);
  const { status, code, type } = JSON.parse(body) as { status: number; code: string; type: string };
  expect(head.startsWith(`HTTP/1.1 ${status} `)).toBe(true);
  expect(type).toBe(`/errors#${code.toLowerCase()}`);
  return `${status} ${code}`;
}

test('too many headers', async () => {
  await using served = await Served.open({ limits: { headers: 10 } });
  expect(await served.say(`${GET}${headers(8)}Connection: close\r\n\r\n`)).toMatch(/^HTTP\/1\.1 200 /);
  expect(problemIn(await served.say(`${GET}${headers(10)}\r\n`))).toBe('431 HEADERS_TOO_LARGE');
  expect(problemIn(await served.say(`${GET}${headers(1_000)}\r\n`))).toBe('431 HEADERS_TOO_LARGE');
});

test('headers that are too large', async () => {
  await using served = await Served.open({ limits: { headerBytes: 2_000 } });
  expect(problemIn(await served.say(`${GET}X: ${'x'.repeat(2_000)}\r\n\r\n`))).toBe('431 HEADERS_TOO_LARGE');
  // Without an end: nothing is collected beyond the limit.
  expect(problemIn(await served.say(`${GET}${headers(200, 'x'.repeat(100))}`))).toBe('431 HEADERS_TOO_LARGE');
});

test('an address that is too long', async () => {
  await using served = await Served.open({ limits: { urlLength: 100 } });
  const get = (path: string) =>
    served.say(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  expect(await get(`/${'a'.repeat(99)}`)).toMatch(/^HTTP\/1\.1 404 /);
  expect(problemIn(await get(`/${'a'.repeat(100)}`))).toBe('414 URL_TOO_LONG');
  expect(problemIn(await get(`/v1/runs?workflow=${'a'.repeat(100)}`))).toBe('414 URL_TOO_LONG');
});

test('headers that are too slow', async () => {
  await using served = await Served.open({ limits: { headersTimeout: 200 } });
  expect(problemIn(await served.say('GET /healthz HTTP/1.1\r\nHost: loc'))).toBe('408 REQUEST_TIMED_OUT');
  expect((await fetch(`${served.url}/healthz`)).status).toBe(200);
});

test('a body that is too slow', async () => {
  const timer = new ManualTimer();
  await using served = await Served.open({ timer: timer.set, limits: { bodyTimeout: 5_000 } });
  const socket = served.connect();
  socket.write(
    'POST /v1/workflows/echo/runs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"inp',
  );
  const armed = timer.armed;
  await expect.poll(() => timer.armed).toBeGreaterThan(armed);
  timer.pass(5_000);
  expect(problemIn(await answerOf(socket))).toBe('408 REQUEST_TIMED_OUT');
});

test('more connections than are taken', async () => {
  await using served = await Served.open({ limits: { connections: 2 } });
  const held = [served.connect(), served.connect()];
  await Promise.all(held.map((socket) => once(socket, 'connect')));
  // The server hears of a connection a moment after its client.
  const surplus = await served.say(`${GET}\r\n`);
  expect(problemIn(surplus)).toBe('503 TOO_MANY_CONNECTIONS');
  expect(surplus).toMatch(/\r\nretry-after: 1\r\n/i);
  held[0]!.destroy();
  await expect.poll(() => served.say(`${GET}Connection: close\r\n\r\n`)).toMatch(/^HTTP\/1\.1 200 /);
  held[1]!.write(`${GET}Connection: close\r\n\r\n`);
  expect(await answerOf(held[1]!)).toMatch(/^HTTP\/1\.1 200 /);
});

test.each([
  ['no HTTP at all', 'hello\r\n\r\n'],
  ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
  ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['an expectation that nobody knows', `${GET}Expect: the worst\r\n\r\n`],
  ['a header that is none', `${GET}X Y: 1\r\n\r\n`],
  ['a length that is no number', `${GET}Content-Length: ten\r\n\r\n`],
  ['two lengths', `${GET}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`],
  ['a length and chunks', `${GET}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\na`],
  ['what is for proxies', 'CONNECT example.com:80 HTTP/1.1\r\nHost: example.com:80\r\n\r\n'],
  [
    'chunks that are none',
    `POST /v1/runs/cancel HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n`,
  ],
])('%s is answered as a problem', async (_what, bytes) => {
  await using served = await Served.open({});
  expect(problemIn(await served.say(bytes))).toBe('400 REQUEST_MALFORMED');
});

test.each([
  ['no Host', 'GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n'],
  ['no Host, as HTTP/1.0 allows', 'GET /healthz HTTP/1.0\r\n\r\n'],
  ['a Host that is none', 'GET /healthz HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n'],
  ['no address', 'OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'],
])('a request with %s is answered as a problem', async (_what, bytes) => {
  await using served = await Served.open({});
  expect(problemIn(await served.say(bytes))).toBe('400 PARAMETER_INVALID');
});

test('a request whose body never comes does not keep its connection', async () => {
  await using served = await Served.open({});
  const answer = await served.say('GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n');
  expect(answer).toMatch(/^HTTP\/1\.1 200 /);
});

test.each(['GET /healthz', 'POST /v1/runs/cancel'])(
  '%s that asks for a WebSocket is answered, and does not keep its connection',
  async (line) => {
    await using served = await Served.open({ limits: { bodyTimeout: 100 } });
    const socket = served.connect();
    socket.write(
      `${line} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 5\r\n\r\nabcdefgh`,
    );
    await once(socket, 'data');
    socket.resetAndDestroy();
    // The close waits for every connection, with timers that fire after 5 s only.
    const before = performance.now();
    await served.close();
    expect(performance.now() - before).toBeLessThan(4_000);
  },
);

test('a limit that there is not, or that is none, is refused', async () => {
  await using well = await Stepwell.open({ store: 'memory:' });
  const limits = { bodyBites: 1 } as object;
  expect(() => createApp(well, { limits })).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }));
  for (const bodyBytes of [0, -1, 1.5, Number.NaN, '1' as unknown as number]) {
    expect(() => createApp(well, { limits: { bodyBytes } })).toThrow('bodyBytes');
  }
  expect(DEFAULT_SERVER_LIMITS.connections).toBeGreaterThan(DEFAULT_SERVER_LIMITS.streams);
});
