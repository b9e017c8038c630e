import { once } from 'node:events';
import { connect } from 'node:net';
import { Stepwell } from 'stepwell';
import { expect, test, vi } from 'vitest';
import type { ErrorLog } from '../src/api.ts';
import { serve, type ServeOptions, type Server } from '../src/index.ts';
import { gather } from '../../stepwell/test/gather.ts';
import { ManualTimer } from './manual-timer.ts';
import { allFrames, frames, idsOf } from './sse.ts';
import { echo, greet, stages } from './workflows.ts';

class Served implements AsyncDisposable {
  readonly well: Stepwell;
  readonly server: Server;
  readonly url: string;

  private constructor(well: Stepwell, server: Server) {
    this.well = well;
    this.server = server;
    this.url = server.url;
  }
  static async open(options: ServeOptions = {}): Promise<Served> {
    const well = await Stepwell.open({ store: 'memory:', workflows: [greet, echo, stages] });
    return new Served(well, await serve(well, { port: 0, ...options }));
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
    await this.well.close();
  }
}

/** What a server answers to bytes that no HTTP client would send. */
async function raw(url: string, request: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1').setEncoding('utf8');
  socket.end(request);
  let answer = '';
  for await (const text of socket) answer += text;
  return answer;
}

test('the API over a socket', async () => {
  await using served = await Served.open();
  expect(served.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  const start = await fetch(`${served.url}/v1/workflows/greet/runs`, {
    method: 'POST',
    body: JSON.stringify({ input: { name: 'Ada' }, id: '注文/1' }),
  });
  expect(start.status).toBe(202);
  const location = new URL(start.headers.get('location')!, served.url).href;
  const result = await fetch(`${location}/result?wait=30s`);
  expect(await result.json()).toEqual({ status: 'succeeded', output: { greeting: 'Hello Ada' } });
  expect(await (await fetch(location)).json()).toMatchObject({ id: '注文/1' });
  const unknown = await fetch(`${served.url}/v1/unknown`);
  expect(await unknown.json()).toMatchObject({ status: 404, code: 'ROUTE_UNKNOWN' });
});

test('a stream over a socket opens at once, is live, and goes on where it broke off', async () => {
  await using served = await Served.open();
  const run = await served.well.start(stages, undefined, { delay: '1h' });
  // Nothing is in the journal yet: were the headers held back until the first event, this would wait for ever.
  const early = await fetch(`${served.url}/v1/runs/${run.id}/stream`);
  expect(early.headers.get('content-type')).toContain('text/event-stream');
  await early.body!.cancel();

  const { id } = await served.well.start(stages);
  const address = `${served.url}/v1/runs/${id}/stream`;
  const seen: number[] = [];
  for await (const frame of frames(await fetch(address))) {
    if (frame.id !== undefined) seen.push(frame.id);
    if ((frame.data as { event: { kind?: string } }).event.kind === 'event') break;
  }
  for (const value of [1, 2, 3]) await served.well.raiseEvent(id, 'go', value);
  const rest = await allFrames(await fetch(address, { headers: { 'Last-Event-ID': String(seen.at(-1)) } }));
  expect(rest.at(-1)).toEqual({ event: 'end', data: { status: 'succeeded' } });
  const journal = await gather(served.well.events(id, { follow: false }));
  expect([...seen, ...idsOf(rest)]).toEqual(journal.map(({ position }) => position));
});

test('a client that disconnects ends its long poll', async () => {
  const timer = new ManualTimer();
  await using served = await Served.open({ timer: timer.set });
  const { id } = await served.well.start(stages);
  const client = new AbortController();
  const polling = fetch(`${served.url}/v1/runs/${id}/result?wait=5m`, { signal: client.signal });
  await expect.poll(() => timer.armed).toBe(1);
  client.abort();
  await expect(polling).rejects.toThrow('aborted');
  await expect.poll(() => timer.armed).toBe(0);
});

test('a server that closes ends streams and long polls, answers them properly, and frees the port', async () => {
  // With timers that never fire: the close may not need its grace.
  await using served = await Served.open({ timer: new ManualTimer().set });
  const { id } = await served.well.start(stages);
  const streams = await Promise.all([1, 2, 3].map(() => fetch(`${served.url}/v1/runs/${id}/stream`)));
  const waits = vi.spyOn(served.well, 'result');
  const polling = fetch(`${served.url}/v1/runs/${id}/result?wait=5m`);
  await expect.poll(() => waits.mock.calls.length).toBe(1);

  const closed = served.server.close();
  expect(served.server.close()).toBe(closed);
  await closed;
  for (const stream of streams)
    expect((await allFrames(stream)).map(({ event }) => event)).not.toContain('end');
  expect((await polling).status).toBe(202);
  await expect(fetch(`${served.url}/healthz`)).rejects.toThrow('fetch failed');
  // The engine goes on.
  for (const value of [1, 2, 3]) await served.well.raiseEvent(id, 'go', value);
  expect(await served.well.result(id)).toEqual([1, 2, 3]);
});

test('a client that takes nothing holds up a close only for the grace', async () => {
  const timer = new ManualTimer();
  const log = vi.fn<ErrorLog>();
  await using served = await Served.open({ timer: timer.set, log });
  // More than the sockets buffer.
  const inputs = Array.from({ length: 5 }, () => ({ input: 'x'.repeat(4_000_000), delay: '1h' as const }));
  await served.well.startMany(echo, inputs);
  const socket = connect(Number(new URL(served.url).port), '127.0.0.1');
  socket.write('GET /v1/runs HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await once(socket, 'readable');
  let isClosed = false;
  const closed = served.server.close().then(() => (isClosed = true));
  timer.pass(4_999);
  await new Promise(setImmediate);
  expect(isClosed).toBe(false);
  timer.pass(1);
  await closed;
  socket.destroy();
  expect(log).not.toHaveBeenCalled();
});

test('a body that is too large is refused over a socket too', async () => {
  await using served = await Served.open({ limits: { bodyBytes: 1_000 } });
  const post = (body: NonNullable<RequestInit['body']>, init: object = {}) =>
    fetch(`${served.url}/v1/workflows/echo/runs`, { method: 'POST', body, ...init });
  const large = 'x'.repeat(1_000_000);
  const announced = await post(large);
  expect(await announced.json()).toMatchObject({ status: 413, code: 'BODY_TOO_LARGE' });
  const chunked = await post(ReadableStream.from([Buffer.from(large)]), { duplex: 'half' });
  expect(await chunked.json()).toMatchObject({ status: 413, code: 'BODY_TOO_LARGE' });
  expect((await post('{}')).status).toBe(202);
});

test('a body that breaks off is nobody’s defect, and starts nothing', async () => {
  const log = vi.fn<ErrorLog>();
  await using served = await Served.open({ log });
  const socket = connect(Number(new URL(served.url).port), '127.0.0.1');
  socket.write(
    'POST /v1/workflows/echo/runs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"input":1}',
  );
  await once(socket, 'connect');
  socket.destroy();
  await once(socket, 'close');
  expect((await fetch(`${served.url}/healthz`)).status).toBe(200);
  expect((await served.well.list()).runs).toEqual([]);
  expect(log).not.toHaveBeenCalled();
});

test.each([
  ['a backslash in the path', 'GET /v1\\runs HTTP/1.1\r\nHost: localhost'],
  ['an impossible Host', 'GET /v1/runs HTTP/1.1\r\nHost: a b/c'],
])('%s is refused as a problem', async (_case, head) => {
  await using served = await Served.open();
  const answer = await raw(served.url, `${head}\r\nConnection: close\r\n\r\n`);
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect(answer).toContain('"code":"PARAMETER_INVALID"');
});

test.each(['0.0.0.0', '::', '', '192.0.2.1', 'example.com', '127.0.0.1.example.com'])(
  'listening on "%s" is refused, since other machines could reach it',
  async (host) => {
    await using well = await Stepwell.open({ store: 'memory:' });
    await expect(serve(well, { host, port: 0 })).rejects.toMatchObject({
      code: 'LISTEN_REFUSED',
      message: expect.stringContaining('insecure'),
    });
  },
);

test('listening for other machines needs "insecure"', async () => {
  await using served = await Served.open({ host: '0.0.0.0', insecure: true });
  expect(served.url).toMatch(/^http:\/\/0\.0\.0\.0:\d+$/);
  expect((await fetch(served.url.replace('0.0.0.0', '127.0.0.1').concat('/healthz'))).status).toBe(200);
});

test('a port that is taken or that is none is refused', async () => {
  await using served = await Served.open();
  const port = Number(new URL(served.url).port);
  await expect(serve(served.well, { port })).rejects.toMatchObject({
    code: 'LISTEN_REFUSED',
    message: expect.stringContaining(String(port)),
  });
  await expect(serve(served.well, { port: 70_000 })).rejects.toMatchObject({ code: 'LISTEN_REFUSED' });
});
