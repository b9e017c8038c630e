import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Stepwell, workflow } from 'stepwell';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { ErrorLog } from '../src/api.ts';
import { serve, type ServeOptions } from '../src/index.ts';
import { gather } from '../../stepwell/test/gather.ts';
import { ManualTimer } from './manual-timer.ts';
import { frames } from './sse.ts';
import { SocketClient } from './web-socket-client.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const mebibyte = 1024 * 1024;
const large = 'x'.repeat(100_000);

/** Writes 100 kB with each event `go`. */
const wordy = workflow('wordy', async (ctx, rounds: number) => {
  for (let round = 1; round <= rounds; round++) {
    await ctx.waitForEvent('go');
    await ctx.step('write', () => large);
  }
});

async function openServer(options: ServeOptions) {
  const directory = mkdtempSync(join(tmpdir(), 'stepwell-slow-'));
  const well = await Stepwell.open({ store: `sqlite:${join(directory, 'runs.db')}`, workflows: [wordy] });
  const server = await serve(well, { port: 0, ...options });
  onTestFinished(async () => {
    await server.close();
    await well.close();
    rmSync(directory, { recursive: true });
  });
  return { well, url: server.url };
}

/** A client that asks for a stream, and takes none of it once it has begun. */
async function openIdle(url: string, path: string): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => {});
  onTestFinished(() => void socket.destroy());
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
  await once(socket, 'readable');
  return socket;
}

/** What a stream's socket still has to say, until it is closed. */
async function restOf(socket: Socket): Promise<string> {
  let text = '';
  for await (const chunk of socket) text += (chunk as Buffer).toString('latin1');
  // Without the marks of chunks.
  return text.replaceAll(/\r\n[0-9a-f]+\r\n/g, '');
}

function memory(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / mebibyte;
}

const READERS = 10;
const ROUNDS = 200;

test.each([
  ['of the run', (id: string) => `/v1/runs/${id}/stream`],
  ['of all runs', () => '/v1/stream'],
])(
  'readers %s that take nothing cost no memory, hold nobody up, and are cut off',
  { timeout: 60_000 },
  async (_of, pathOf) => {
    const timer = new ManualTimer();
    const log = vi.fn<ErrorLog>();
    const { well, url } = await openServer({ timer: timer.set, log, limits: { streams: READERS + 1 } });
    const { id } = await well.start(wordy, ROUNDS);
    const idle = await Promise.all(Array.from({ length: READERS }, () => openIdle(url, pathOf(id))));
    const quick = frames(await fetch(`${url}${pathOf(id)}`), String);

    const ended = (async () => {
      const seen: string[] = [];
      for await (const { id, event } of quick) {
        if (event !== undefined && id !== undefined) seen.push(event);
        if (event === 'run.succeeded') return seen;
      }
      throw new Error('The stream ended before the run.');
    })();
    const before = memory();
    for (let round = 0; round < ROUNDS; round++) await well.raiseEvent(id, 'go');
    await well.result(id);
    // 20 MB were written, which is 200 MB for ten readers. The quick one has had all of it.
    const types = (await gather(well.events(id))).map(({ event }) => event.type);
    const seen = await ended;
    expect(seen).toEqual(types.slice(-seen.length));
    // Without readers it is 45, the run's own, up to 75 beside other work.
    expect(memory() - before).toBeLessThan(120);

    timer.pass(65_000);
    // Whoever comes to life again is told, after all that was on its way, from where to go on; and goes on there.
    const text = await restOf(idle[0]!);
    const last = [...text.matchAll(/^id: (.+)$/gm)].at(-1)?.[1];
    const [, after] = /event: lagging\ndata: \{"after":"([^"]+)"\}\n\n/.exec(text) ?? [];
    expect(after).toBe(last);
    timer.pass(65_000);
    // The others are gone.
    await Promise.all(
      idle.slice(1).map(async (socket) => {
        socket.resume();
        if (!socket.destroyed) await once(socket, 'close');
      }),
    );
    // All their places are free.
    const headers = { 'Last-Event-ID': after! };
    const [again, ...others] = await Promise.all(
      Array.from({ length: READERS + 1 }, () => fetch(`${url}${pathOf(id)}`, { headers })),
    );
    for (const { status, body } of others) {
      expect(status).toBe(200);
      await body?.cancel();
    }
    const rest: string[] = [];
    for await (const { id, event } of frames(again!, String)) {
      if (id !== undefined && event !== undefined) rest.push(event);
      if (event === 'run.succeeded') break;
    }
    expect(rest).toEqual(types.slice(-rest.length));
    // Ids of a run's events are positions.
    const expected = pathOf(id) === '/v1/stream' ? rest.length : types.length - 1 - Number(after);
    expect(rest).toHaveLength(expected);
    expect(log).not.toHaveBeenCalled();
  },
);

test('a WebSocket that takes nothing costs no memory, and is cut off', { timeout: 60_000 }, async () => {
  const timer = new ManualTimer();
  const { well, url } = await openServer({ timer: timer.set });
  const { id } = await well.start(wordy, ROUNDS);
  const clients = await Promise.all(Array.from({ length: 10 }, () => SocketClient.open(url)));
  for (const client of clients) {
    await client.ask({ id: 1, type: 'subscribe', run: id });
    await client.ask({ id: 2, type: 'subscribe', all: true });
    client.socket.pause();
  }
  const before = memory();
  for (let round = 0; round < ROUNDS; round++) await well.raiseEvent(id, 'go');
  await well.result(id);
  expect(memory() - before).toBeLessThan(40);
  timer.pass(65_000);
  const [client, ...others] = clients;
  const closed = once(client!.socket, 'close');
  client!.socket.resume();
  expect((await closed)[0]).toBe(1013);
  const of = client!.of(1);
  expect(of.at(-1)).toEqual({ type: 'lagging', subscription: 1, after: of.at(-2)!.cursor });
  expect(of.map(({ cursor }) => cursor).slice(0, -1)).toEqual(of.slice(0, -1).map((_, n) => String(n)));
  expect(client!.of(2).at(-1)).toMatchObject({ type: 'lagging', after: expect.any(String) as string });
  timer.pass(65_000);
  for (const other of others) {
    const gone = once(other.socket, 'close');
    other.socket.resume();
    await gone;
  }
});

test('a client that sends without end and takes no answers is not read any more', async () => {
  const { url } = await openServer({});
  const client = await SocketClient.open(url);
  client.socket.pause();
  const message = JSON.stringify({ id: 'x'.repeat(200), type: 'heartbeat', callback: 'y'.repeat(200) });
  const before = memory();
  let sent = 0;
  // Until the kernel's buffers are full: from then on nothing more leaves this process.
  for (let stuck = 0; stuck < 5 && sent < 400_000; ) {
    for (let n = 0; n < 1_000; n++, sent++) client.socket.send(message);
    const waiting = client.socket.bufferedAmount;
    await new Promise((resolve) => setTimeout(resolve, 20));
    stuck = waiting > 0 && client.socket.bufferedAmount >= waiting ? stuck + 1 : 0;
  }
  expect(sent).toBeLessThan(400_000);
  const own = client.socket.bufferedAmount / mebibyte;
  expect(memory() - before - own).toBeLessThan(40);
  await client[Symbol.asyncDispose]();
});
