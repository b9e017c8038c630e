import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { Stepwell } from 'stepwell';
import { expect, test } from 'vitest';
import { serve } from '../src/index.ts';
import { ManualTimer } from './manual-timer.ts';
import { echo } from './workflows.ts';

const limits = { bodyBytes: 1_000, urlLength: 500, headerBytes: 2_000, headers: 10 };

async function serveHere(stack: AsyncDisposableStack, timer = new ManualTimer()) {
  const well = stack.use(await Stepwell.open({ store: 'memory:', workflows: [echo] }));
  const server = await serve(well, { port: 0, limits, timer: timer.set });
  stack.defer(() => server.close());
  return { well, server, url: server.url, port: Number(new URL(server.url).port), timer };
}

/** What came before this was answered before this is: connections are served one after the other. */
async function roundTrip({ url }: { url: string }): Promise<void> {
  for (let round = 0; round < 3; round++) await fetch(`${url}/healthz`);
}

/** Sends all of a request before it reads anything of the answer. */
async function sendThenRead(server: { url: string; port: number }, head: string): Promise<string> {
  const socket = connect(server.port, '127.0.0.1').pause();
  socket.on('error', () => {});
  socket.write(head, 'latin1');
  await roundTrip(server);
  for (let piece = 0; piece < 8; piece++) {
    await new Promise((resolve) => socket.write('x'.repeat(10_000), resolve));
    await roundTrip(server);
  }
  return text(socket);
}

const BODY = 'Host: localhost\r\nContent-Length: 80000\r\n\r\n';

test.each([
  ['a body that nobody wants', `GET /healthz HTTP/1.1\r\n${BODY}`, 200],
  ['one behind which the client closes', `GET /healthz HTTP/1.1\r\nConnection: close\r\n${BODY}`, 200],
  ['a body that is too large', `POST /v1/workflows/echo/runs HTTP/1.1\r\nConnection: close\r\n${BODY}`, 413],
  ['too many headers', `POST /v1/runs/cancel HTTP/1.1\r\n${'X: 1\r\n'.repeat(11)}${BODY}`, 431],
  ['an address that is too long', `POST /${'a'.repeat(500)} HTTP/1.1\r\n${BODY}`, 414],
  ['headers that are too large', `GET /healthz HTTP/1.1\r\nX: ${'x'.repeat(2_000)}`, 431],
  ['no HTTP at all', `hello\r\n\r\n`, 400],
])('a client that is still sending has its answer: %s', async (_what, head, status) => {
  await using stack = new AsyncDisposableStack();
  const server = await serveHere(stack);
  expect(await sendThenRead(server, head)).toMatch(new RegExp(`^HTTP/1.1 ${status} [^]*\r\n\r\n[^]+`));
});

test('a request behind the last answer is not done: nobody could be told what came of it', async () => {
  await using stack = new AsyncDisposableStack();
  const { well, port, url } = await serveHere(stack);
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n');
  await once(socket.resume(), 'end');
  const start =
    'POST /v1/workflows/echo/runs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 13\r\n\r\n{"id":"late"}';
  await new Promise((resolve) => socket.write(`0123456789${start}`, resolve));
  await roundTrip({ url });
  await expect(well.get('late')).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
  socket.end();
  await once(socket, 'close');
});

/** Has been told everything, and does not close. */
async function stayingClient(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => {});
  socket.write(`GET /healthz HTTP/1.1\r\n${BODY}`);
  await once(socket.resume(), 'end');
  return socket;
}

test('a client that goes on sending for ever is cut off', async () => {
  await using stack = new AsyncDisposableStack();
  const { port, timer } = await serveHere(stack);
  const socket = await stayingClient(port);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  timer.pass(5_000);
  // It hears of it when it sends.
  const sending = setInterval(() => socket.write('x'), 10);
  await closed;
  clearInterval(sending);
  expect(socket.readableEnded).toBe(true);
});

test('the close of the server does not wait for it', async () => {
  await using stack = new AsyncDisposableStack();
  const { port, server } = await serveHere(stack);
  const socket = await stayingClient(port);
  await server.close();
  await expect(fetch(server.url)).rejects.toThrow('fetch failed');
  socket.destroy();
});
