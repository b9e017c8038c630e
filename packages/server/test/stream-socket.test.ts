import * as fc from 'fast-check';
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test, vi } from 'vitest';
import type { ErrorLog } from '../src/api.ts';
import { gather } from '../../stepwell/test/gather.ts';
import { ManualTimer } from './manual-timer.ts';
import { Served } from './served.ts';
import { SocketClient } from './web-socket-client.ts';

test('a run is followed over a WebSocket, and moved on by it', async () => {
  await using served = await Served.open();
  await using client = await SocketClient.open(served.url);
  const { id } = await served.well.start('stages');
  expect(await client.ask({ id: 's1', type: 'subscribe', run: id })).toEqual({ type: 'answer', id: 's1' });
  for (const value of [1, 2, 3]) {
    const answer = await client.ask({ type: 'raise', run: id, name: 'go', value, eventId: `e${value}` });
    expect(answer.type).toBe('answer');
  }
  const end = await client.first(({ type }) => type === 'end');
  expect(end).toEqual({ type: 'end', subscription: 's1', status: 'succeeded' });
  const journal = await gather(served.well.events(id));
  expect(client.of('s1').slice(0, -1)).toEqual(
    journal.map((entry) => ({
      type: 'event',
      subscription: 's1',
      cursor: String(entry.position),
      ...(JSON.parse(JSON.stringify(entry)) as object),
    })),
  );
  expect(await served.well.result(id)).toEqual([1, 2, 3]);
  // The answer comes before the first event.
  expect(client.heard[0]).toEqual({ type: 'answer', id: 's1' });
});

test('a subscription goes on after a position, several stand beside each other, and each can be given up', async () => {
  await using served = await Served.open();
  await using client = await SocketClient.open(served.url);
  const { id } = await served.well.start('greet', { name: 'Ada' });
  await served.well.result(id);
  const journal = await gather(served.well.events(id));
  for (const { position } of journal) {
    await client.ask({ id: position, type: 'subscribe', run: id, after: position });
    await client.first(({ type, subscription }) => type === 'end' && subscription === position);
    const seen = client.of(position).flatMap(({ cursor }) => cursor ?? []);
    expect(seen).toEqual(journal.slice(position + 1).map((entry) => String(entry.position)));
  }
  const waiting = await served.well.start('stages');
  await client.ask({ id: 'a', type: 'subscribe', run: waiting.id });
  await client.ask({ id: 'b', type: 'subscribe', run: waiting.id, after: '0' });
  await client.first(({ subscription, event }) => subscription === 'b' && isWait(event));
  expect((await client.ask({ type: 'unsubscribe', subscription: 'b' })).type).toBe('answer');
  const before = client.of('b').length;
  for (const value of [1, 2, 3]) await served.well.raiseEvent(waiting.id, 'go', value);
  await client.first(({ type, subscription }) => type === 'end' && subscription === 'a');
  expect(client.of('b')).toHaveLength(before);
  // Its name is free again.
  expect((await client.ask({ id: 'b', type: 'subscribe', run: waiting.id })).type).toBe('answer');
});

function isWait(event: unknown): boolean {
  return (event as { kind?: string } | undefined)?.kind === 'event';
}

test('callbacks are completed over it', async () => {
  await using served = await Served.open();
  await using client = await SocketClient.open(served.url);
  const started = async () => {
    const { id } = await served.well.start('approval');
    for await (const { event } of served.well.events(id))
      if ('callback' in event) return { id, callback: event.callback };
    throw new Error('unreachable');
  };
  const good = await started();
  expect((await client.ask({ type: 'heartbeat', callback: good.callback })).type).toBe('answer');
  expect((await client.ask({ type: 'succeed', callback: good.callback, value: { ok: true } })).type).toBe(
    'answer',
  );
  expect(await served.well.result(good.id)).toEqual({ decision: { ok: true } });
  const bad = await started();
  const failure = { message: 'never', name: 'Refusal', data: { by: 'Mari' } };
  expect((await client.ask({ type: 'fail', callback: bad.callback, ...failure })).type).toBe('answer');
  await expect(served.well.result(bad.id)).rejects.toMatchObject({ name: 'Refusal', message: 'never' });
  expect(await client.ask({ type: 'succeed', callback: bad.callback })).toMatchObject({
    type: 'problem',
    problem: { status: 409, code: 'CALLBACK_COMPLETED' },
  });
});

test.each([
  ['no JSON', 'hello', null],
  ['nothing', '', null],
  ['an array', '[]', null],
  ['null', 'null', null],
  ['a number that would be another one', '{"id":12345678901234567890}', null],
  ['an unknown type', '{"id":"x","type":"dance"}', 'x'],
  ['no type', '{"id":"x"}', 'x'],
  ['no id', '{"type":"heartbeat","callback":"c"}', null],
  ['an unknown field', '{"id":"x","type":"heartbeat","callback":"c","more":1}', 'x'],
  ['a wrong field', '{"id":7,"type":"raise","run":1,"name":"go"}', 7],
  ['nothing to subscribe to', '{"id":"x","type":"subscribe"}', 'x'],
  ['too much to subscribe to', '{"id":"x","type":"subscribe","run":"r","all":true}', 'x'],
  ['a position that is none', '{"id":"x","type":"subscribe","run":"r","after":"abc"}', 'x'],
  ['a subscription that is not there', '{"id":"x","type":"unsubscribe","subscription":"y"}', 'x'],
  ['deep nesting', `{"id":"x","type":"raise","value":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 'x'],
])('%s is answered with a problem, and the connection goes on', async (_what, text, id) => {
  const log = vi.fn<ErrorLog>();
  await using served = await Served.open({ log });
  await using client = await SocketClient.open(served.url);
  client.socket.send(text);
  const problem = await client.first(({ type }) => type === 'problem');
  expect(problem).toMatchObject({ id, problem: { status: 400, code: 'MESSAGE_INVALID' } });
  const { id: run } = await served.well.start('stages');
  expect((await client.ask({ type: 'raise', run, name: 'go' })).type).toBe('answer');
  expect(log).not.toHaveBeenCalled();
});

test('what the engine refuses has the code of the registry', async () => {
  await using served = await Served.open();
  await using client = await SocketClient.open(served.url);
  const codeOf = async (message: { type: string; id?: string; [field: string]: unknown }) =>
    ((await client.ask(message)) as { problem?: { code?: string } }).problem?.code;
  expect(await codeOf({ type: 'subscribe', run: 'nobody' })).toBe('RUN_NOT_FOUND');
  expect(await codeOf({ type: 'raise', run: 'nobody', name: 'go' })).toBe('RUN_NOT_FOUND');
  expect(await codeOf({ type: 'raise', run: 'nobody', name: 'a/b' })).toBe('NAME_INVALID');
  expect(await codeOf({ type: 'heartbeat', callback: 'none' })).toBe('CALLBACK_NOT_FOUND');
  const { id } = await served.well.start('stages');
  expect(await codeOf({ type: 'subscribe', run: id, after: 1_000 })).toBe('CURSOR_INVALID');
  expect(await codeOf({ id: 'twice', type: 'subscribe', run: id })).toBeUndefined();
  client.socket.send(JSON.stringify({ id: 'twice', type: 'subscribe', run: id }));
  const again = await client.first(({ type, id }) => type === 'problem' && id === 'twice');
  expect(again).toMatchObject({ problem: { code: 'MESSAGE_INVALID' } });
});

test('messages are answered in their order, however many come at once', async () => {
  await using served = await Served.open();
  await using client = await SocketClient.open(served.url);
  const { id } = await served.well.start('stages', undefined, { delay: '1h' });
  for (let n = 0; n < 500; n++)
    client.socket.send(JSON.stringify({ id: n, type: 'raise', run: id, name: 'go', value: n }));
  await client.first(({ id }) => id === 499);
  expect(client.heard.map(({ type, id }) => [type, id])).toEqual(
    Array.from({ length: 500 }, (_, n) => ['answer', n]),
  );
});

test('binary messages and messages that are too large end the connection with the code for it', async () => {
  const log = vi.fn<ErrorLog>();
  await using served = await Served.open({ limits: { bodyBytes: 1_000 }, log });
  for (const [data, code] of [
    [Buffer.from('{}'), 1003],
    ['x'.repeat(1_001), 1009],
  ] as const) {
    await using client = await SocketClient.open(served.url);
    const closed = once(client.socket, 'close');
    client.socket.send(data);
    expect((await closed)[0]).toBe(code);
  }
  expect(log).not.toHaveBeenCalled();
});

test('a page of another site gets no WebSocket, a page of the server does', async () => {
  await using served = await Served.open();
  await expect(SocketClient.open(served.url, { origin: 'https://evil.example' })).rejects.toThrow('403');
  await expect(SocketClient.open(served.url, { headers: { host: 'rebound.example' } })).rejects.toThrow(
    '403',
  );
  await using client = await SocketClient.open(served.url, { origin: served.url });
  expect((await client.ask({ type: 'heartbeat', callback: 'none' })).type).toBe('problem');
});

test('requests to upgrade are answered as all others where there is nothing to upgrade to', async () => {
  await using served = await Served.open({ limits: { urlLength: 200 } });
  const ask = async (path: string, headers: string) => {
    const socket = connect(Number(new URL(served.url).port), '127.0.0.1').setEncoding('utf8');
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`);
    let answer = '';
    for await (const text of socket) answer += text;
    return answer;
  };
  const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\n';
  const key = 'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
  expect(await ask('/v1/nothing', upgrade + key)).toMatch(/^HTTP\/1\.1 404 .*"code":"ROUTE_UNKNOWN"/s);
  expect(await ask('/v1/runs', upgrade + key)).toMatch(/^HTTP\/1\.1 200 .*"runs":\[\]/s);
  expect(await ask(`/v1/ws?${'x'.repeat(300)}`, upgrade + key)).toContain('URL_TOO_LONG');
  expect(await ask('/v1/ws', upgrade)).toMatch(/^HTTP\/1\.1 400 /);
  expect(await ask('/v1/ws', 'Connection: close\r\n')).toMatch(/^HTTP\/1\.1 426 .*UPGRADE_REQUIRED/s);
  expect(await ask('/healthz', 'Connection: Upgrade, close\r\nUpgrade: h2c\r\n')).toMatch(/^HTTP\/1\.1 200 /);
});

test('WebSockets and what they subscribe to count as streams', async () => {
  await using served = await Served.open({ limits: { streams: 3 } });
  const { id } = await served.well.start('stages');
  const first = await SocketClient.open(served.url);
  expect((await first.ask({ id: 'a', type: 'subscribe', run: id })).type).toBe('answer');
  expect((await first.ask({ id: 'b', type: 'subscribe', run: id })).type).toBe('answer');
  expect(await first.ask({ type: 'subscribe', run: id })).toMatchObject({
    problem: { code: 'TOO_MANY_STREAMS' },
  });
  await expect(SocketClient.open(served.url)).rejects.toThrow('503');
  expect((await fetch(`${served.url}/v1/runs/${id}/stream`)).status).toBe(503);
  expect((await first.ask({ type: 'unsubscribe', subscription: 'b' })).type).toBe('answer');
  await using second = await SocketClient.open(served.url);
  await first[Symbol.asyncDispose]();
  await expect.poll(async () => (await second.ask({ type: 'subscribe', run: id })).type).toBe('answer');
});

test('a client that answers no ping is dropped, one that does stays', async () => {
  const timer = new ManualTimer();
  await using served = await Served.open({ timer: timer.set });
  await using alive = await SocketClient.open(served.url);
  await using dead = await SocketClient.open(served.url, { autoPong: false });
  const gone = once(dead.socket, 'close');
  for (let beat = 0; beat < 12; beat++) {
    timer.pass(5_000);
    // What was sent before it has come there, and back.
    await alive.ask({ type: 'heartbeat', callback: 'none' });
  }
  await gone;
  const pinged = once(alive.socket, 'ping');
  timer.pass(15_000);
  await pinged;
  expect(alive.socket.readyState).toBe(alive.socket.OPEN);
});

test('a server that closes says so, and waits no longer than its grace for clients that do not answer', async () => {
  const timer = new ManualTimer();
  await using served = await Served.open({ timer: timer.set });
  await using client = await SocketClient.open(served.url);
  const silent = connect(Number(new URL(served.url).port), '127.0.0.1');
  silent.write(
    'GET /v1/ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  await once(silent, 'data');
  const { id } = await served.well.start('stages');
  await client.ask({ id: 's', type: 'subscribe', run: id });
  const told = once(client.socket, 'close');
  const closed = served.server.close();
  expect((await told)[0]).toBe(1001);
  timer.pass(5_000);
  await closed;
  silent.destroy();
  expect(client.of('s').map(({ type }) => type)).not.toContain('end');
});

test('whatever a client sends, it is answered, and nothing breaks', { timeout: 60_000 }, async () => {
  const log = vi.fn<ErrorLog>();
  await using served = await Served.open({ log });
  const { id: run } = await served.well.start('stages');
  await using client = await SocketClient.open(served.url);
  const types = ['subscribe', 'unsubscribe', 'raise', 'succeed', 'fail', 'heartbeat', 'x', '__proto__'];
  const value = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom(run, '', '..', 'a/b', '\u0000', 'x'.repeat(10_000), 1e308, -1, 2 ** 60, true),
  );
  const fields = [
    'id',
    'run',
    'workflow',
    'tag',
    'all',
    'after',
    'subscription',
    'name',
    'value',
    'callback',
  ];
  const message = fc.tuple(
    fc.constantFrom(...types),
    fc.dictionary(fc.constantFrom(...fields, 'message', 'data', 'eventId'), value, { maxKeys: 5 }),
  );
  const text = fc.oneof(
    { weight: 5, arbitrary: message.map(([type, rest]) => JSON.stringify({ ...rest, type })) },
    { weight: 1, arbitrary: fc.json() },
    { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
  );
  let heard = 0;
  const answers = () => client.heard.filter(({ type }) => type === 'answer' || type === 'problem');
  await fc.assert(
    fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 20 }), async (texts) => {
      for (const one of texts) client.socket.send(one);
      heard += texts.length;
      while (answers().length < heard) await client.next();
    }),
    { numRuns: 100, endOnFailure: true },
  );
  expect(log).not.toHaveBeenCalled();
  expect((await fetch(`${served.url}/healthz`)).status).toBe(200);
});

test.each([
  ['without a key', ''],
  ['with a key that is none', 'Sec-WebSocket-Key: abc\r\nSec-WebSocket-Version: 13\r\n'],
  ['of another version', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 7\r\n'],
])('a handshake %s is answered with a problem, and keeps no place', async (_, headers) => {
  await using served = await Served.open({ limits: { streams: 1 } });
  for (let n = 0; n < 3; n++) {
    const socket = connect(Number(new URL(served.url).port), '127.0.0.1');
    socket.write(
      `GET /v1/ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${headers}\r\n`,
    );
    const [head, body] = Buffer.concat(await gather<Buffer>(socket))
      .toString()
      .split('\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1.1 400 /);
    expect(head).toContain('application/problem+json');
    expect(JSON.parse(body!)).toMatchObject({ code: 'REQUEST_MALFORMED' });
  }
});
