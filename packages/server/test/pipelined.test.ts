// Requests that a client sends over a connection before those in front of them have been answered.

import { connect, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { Served } from './served.ts';

const GET = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n';
const WEB_SOCKET = [
  'GET /v1/ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n',
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: c3RlcHdlbGwgaXMgYSB3ZQ==\r\n\r\n',
].join('');

/** A connection, and what the server has said over it. */
function talkTo({ url }: Served): { socket: Socket; said: () => string; closed: Promise<void> } {
  const socket = connect(Number(new URL(url).port), '127.0.0.1').setEncoding('latin1');
  onTestFinished(() => void socket.destroy());
  let text = '';
  socket.on('data', (chunk: string) => (text += chunk));
  socket.on('error', () => {});
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return { socket, said: () => text, closed };
}

function statusesIn(text: string): string[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, status]) => status!);
}

test('a WebSocket asked for too early is told so, and the server goes on', async () => {
  await using served = await Served.open();
  const { socket, said } = talkTo(served);
  socket.write(GET + WEB_SOCKET);
  await expect.poll(() => statusesIn(said())).toEqual(['200', '426']);
});

test.each([
  ['414', `GET /${'a'.repeat(9_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`],
  ['400', 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nExpect: the worst\r\n\r\n'],
])('nor does it end the server behind a request that was refused at once with %s', async (status, first) => {
  await using served = await Served.open();
  const { socket, said, closed } = talkTo(served);
  socket.write(first + WEB_SOCKET);
  await closed;
  expect(statusesIn(said())).toEqual([status]);
  expect((await fetch(`${served.url}/healthz`)).status).toBe(200);
});

test('a WebSocket asked for behind what has been answered is one', async () => {
  await using served = await Served.open();
  const { socket, said } = talkTo(served);
  socket.write(GET);
  await expect.poll(() => said()).toMatch(/\{"status":"ok"\}$/);
  socket.write(WEB_SOCKET);
  await expect.poll(() => statusesIn(said())).toEqual(['200', '101']);
  socket.destroy();
});

test.each([
  ['bytes that are no HTTP', `${GET}hello\r\n\r\n`],
  [
    'chunks that are none',
    'POST /v1/runs/cancel HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n',
  ],
  ['CONNECT', 'CONNECT example.com:80 HTTP/1.1\r\nHost: example.com:80\r\n\r\n'],
])('%s behind a stream end it, and put nothing into it', async (_what, bytes) => {
  await using served = await Served.open();
  const { id } = await served.well.start('approval');
  const { socket, said, closed } = talkTo(served);
  socket.write(`GET /v1/runs/${id}/stream HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  await expect.poll(() => said()).toContain('event: operation.succeeded');
  socket.write(bytes);
  await closed;
  expect(statusesIn(said())).toEqual(['200']);
  expect(said()).toMatch(/\n\n\r\n$/);
});

test.each([
  ['the client goes', ''],
  ['it asks for what is for proxies', 'CONNECT example.com:80 HTTP/1.1\r\nHost: example.com:80\r\n\r\n'],
])('streams that wait for each other give their places back when %s', async (_when, bytes) => {
  await using served = await Served.open({ limits: { streams: 3 } });
  const { id } = await served.well.start('stages');
  const ask = `GET /v1/runs/${id}/stream HTTP/1.1\r\nHost: localhost\r\n\r\n`;
  const gone = talkTo(served);
  gone.socket.write(ask.repeat(3));
  await expect.poll(async () => statusOf(served, id)).toBe(503);
  if (bytes === '') gone.socket.destroy();
  else gone.socket.write(bytes);
  await expect.poll(async () => statusOf(served, id)).toBe(200);
  // All of them.
  await expect.poll(() => readersOf(served)).toBe('0');
});

test('streams come one after the other, each whole', async () => {
  await using served = await Served.open();
  const { id } = await served.well.start('stages');
  const ask = `GET /v1/runs/${id}/stream HTTP/1.1\r\nHost: localhost\r\n\r\n`;
  const { socket, said } = talkTo(served);
  socket.write(ask.repeat(3));
  await expect.poll(() => said()).toContain('event: run.started');
  for (let stage = 0; stage < 3; stage++) await served.well.raiseEvent(id, 'go', 'x'.repeat(100_000));
  await expect.poll(() => said().split('event: end\n').length, { timeout: 10_000 }).toBe(4);
  await expect.poll(() => said()).toMatch(/\r\n0\r\n\r\n$/);
  const streams = said()
    .split(/(?=HTTP\/1\.1 200 OK)/)
    .map(bodyOf);
  expect(streams).toHaveLength(3);
  for (const stream of streams) expect(idsIn(stream)).toEqual(idsIn(stream).map((_, n) => n));
  expect(new Set(streams.map((stream) => idsIn(stream).length)).size).toBe(1);
});

async function statusOf({ url }: Served, id: string): Promise<number> {
  const { status, body } = await fetch(`${url}/v1/runs/${id}/stream`);
  await body?.cancel();
  return status;
}

async function readersOf({ url }: Served): Promise<string | undefined> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return /^stepwell_stream_readers\{transport="sse"\} (\d+)$/m.exec(metrics)?.[1];
}

/** Of an answer in chunks. */
function bodyOf(answer: string): string {
  let rest = answer.slice(answer.indexOf('\r\n\r\n') + 4);
  let body = '';
  while (rest !== '0\r\n\r\n') {
    const [size] = /^[0-9a-f]+\r\n/.exec(rest) ?? [];
    if (size === undefined) throw new Error(`Not a chunk: ${rest.slice(0, 100)}`);
    const end = size.length + Number.parseInt(size, 16);
    body += rest.slice(size.length, end);
    rest = rest.slice(end + 2);
  }
  return body;
}

function idsIn(stream: string): number[] {
  return [...stream.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
}
