// The typed client over a server that goes and comes back, and over connections that are cut at the worst moment.

import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect as connectSocket, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type RunEvent, Stepwell } from 'stepwell';
import { connect } from 'stepwell/client';
import { type Server, serve } from '../../src/index.ts';
import { gather } from '../../../stepwell/test/gather.ts';
import { approval, stages } from '../workflows.ts';

let folder: string;
let well: Stepwell;
let server: Server;

async function begin(port = 0): Promise<void> {
  well = await Stepwell.open({ store: `sqlite:${join(folder, 'runs.db')}`, workflows: [stages, approval] });
  server = await serve(well, { port });
}

async function end(): Promise<void> {
  await server.close();
  await well.close({ grace: 0 });
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'stepwell-client-'));
  await begin();
});

afterEach(async () => {
  await end();
  rmSync(folder, { recursive: true });
});

async function restart(): Promise<void> {
  const port = Number(new URL(server.url).port);
  await end();
  await begin(port);
}

test('events and result go on over restarts, without a gap or a duplicate', async () => {
  let lost = 0;
  const client = connect(server.url, { onLost: () => lost++ });
  const run = await client.start('stages', undefined, { id: 'r' });
  const result = run.result();
  const seen: RunEvent[] = [];
  let raised = 0;
  for await (const event of run.events()) {
    seen.push(event);
    if (event.event.type !== 'operation.started' || event.event.kind !== 'event') continue;
    await restart();
    // Of another client: this one is to find out by itself.
    await connect(server.url).raiseEvent('r', 'go', ++raised);
  }
  expect(await result).toEqual([1, 2, 3]);
  expect(seen.map(({ position }) => position)).toEqual(seen.map((_, index) => index));
  expect(seen.at(-1)!.event.type).toBe('run.succeeded');
  expect(lost).toBeGreaterThanOrEqual(3);
});

/** Lets requests through to the server, and cuts the connection where the answer to a request would come back. */
async function cuttingProxy(
  answers: (request: string) => boolean,
): Promise<{ url: string; close: () => void }> {
  const sockets = new Set<Socket>();
  const proxy = createServer((socket) => {
    const upstream = connectSocket(Number(new URL(server.url).port), '127.0.0.1');
    for (const one of [socket, upstream]) {
      sockets.add(one);
      one
        .on('error', () => one.destroy())
        .on('close', () => [socket, upstream].map((each) => each.destroy()));
    }
    let request = '';
    socket.on('data', (data: Buffer) => {
      request = data.toString();
      upstream.write(data);
    });
    upstream.on('data', (data: Buffer) => (answers(request) ? socket.write(data) : socket.destroy()));
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  const close = () => {
    proxy.close();
    for (const socket of sockets) socket.destroy();
  };
  return { url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, close };
}

test('what was done although its answer was lost is done once', async () => {
  const keys: string[] = [];
  let cut = 0;
  const proxy = await cuttingProxy((request) => {
    const key = /^idempotency-key: (\S+)/im.exec(request)?.[1];
    if (key === undefined || keys.includes(key)) return true;
    keys.push(key);
    cut++;
    return false;
  });
  try {
    const client = connect(proxy.url);
    const run = await client.start('approval');
    expect((await client.list()).runs.length).toBe(1);
    await expect.poll(async () => (await client.get(run.id)).status).toBe('waiting');
    // A second cancel would end it at once, without its cleanup: it must not look like one.
    await client.pause(run.id);
    await expect.poll(async () => (await client.get(run.id)).status).toBe('paused');
    await client.cancel(run.id);
    const facts = (await gather(client.events(run.id))).map(({ event }) => event.type);
    expect(facts.filter((type) => type === 'run.cancel_requested').length).toBe(1);
    expect(cut).toBe(3);
  } finally {
    proxy.close();
  }
});
