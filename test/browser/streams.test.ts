// What a browser brings with it, without any code of ours: EventSource and WebSocket, in a page of the server's origin.

import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { RunEvent } from 'stepwell';
import { gather } from '../../packages/stepwell/test/gather.ts';
import { approval, stages } from '../../packages/server/test/workflows.ts';
import { TestBrowser } from '../chromium/browser.ts';
import { INSTALL_LIMIT } from '../programs.ts';
import { Heard } from './heard.ts';
import { Host } from './host.ts';

let browser: TestBrowser;
beforeAll(async () => {
  browser = await TestBrowser.open();
}, INSTALL_LIMIT);
afterAll(() => browser[Symbol.asyncDispose]());

/** A page of the server itself. */
async function openPage(host: Host): Promise<Page> {
  const page = await browser.page();
  onTestFinished(() => page.context().close());
  await page.goto(`${host.url}/healthz`);
  return page;
}

const socketAddress = ({ url }: Host) => `${url.replace('http', 'ws')}/v1/ws`;

/** Whether a run begins to wait for an event. */
const isWait = (event: RunEvent['event'] | undefined) =>
  event?.type === 'operation.started' && event.kind === 'event';

/** What the page has seen on an EventSource. */
interface Seen {
  readonly source: 'closed at the end' | 'left open';
  /** Of an event; or `open`, `error`. */
  readonly type: string;
  readonly id: string;
  readonly data?: RunEvent;
  readonly state: number;
}

// Chromium waits for 3 s before it comes back.
test('an EventSource goes on over a restart, and a run that has ended does not bring it back for ever', {
  timeout: 60_000,
}, async () => {
  await using host = await Host.open([stages]);
  await host.well.start(stages, undefined, { id: 'r' });
  const page = await openPage(host);
  let asked = 0;
  page.on('request', (request) => (asked += Number(request.resourceType() === 'eventsource')));
  const heard = await Heard.from<Seen>(page);
  const types = [
    ...['run.activated', 'run.started', 'run.succeeded', 'event.received'],
    ...['operation.started', 'operation.succeeded', 'end', 'lagging', 'open', 'error'],
  ];
  await page.evaluate((all: string[]) => {
    for (const name of ['closed at the end', 'left open']) {
      const source = new EventSource('/v1/runs/r/stream');
      for (const type of all) {
        source.addEventListener(type, (event) => {
          const { data, lastEventId } = event as MessageEvent;
          const told = { source: name, type, id: lastEventId, state: source.readyState };
          void tell(data === undefined ? told : { ...told, data: JSON.parse(data as string) as unknown });
          if (type === 'end' && name === 'closed at the end') source.close();
        });
      }
    }
  }, types);
  for (let go = 1; go <= 3; go++) {
    await heard.atLeast(2 * go, ({ data }) => isWait(data?.event));
    if (go === 2) await host.restart();
    await host.well.raiseEvent('r', 'go', go);
  }
  const isOver = ({ source, type, state }: Seen) => source === 'left open' && type === 'error' && state === 2;
  await heard.atLeast(2, ({ type }) => type === 'end');
  const askedBefore = asked;
  await heard.atLeast(1, isOver);

  const journal = JSON.parse(JSON.stringify(await gather(host.well.events('r')))) as RunEvent[];
  for (const name of ['closed at the end', 'left open'] as const) {
    const events = heard.where(({ source, type }) => source === name && type.includes('.'));
    expect(events.map(({ data }) => data)).toEqual(journal);
    expect(events.map(({ id }) => id)).toEqual(journal.map(({ position }) => String(position)));
    const ends = heard.where(({ source, type }) => source === name && type === 'end');
    expect(ends.map(({ data }) => data)).toEqual([{ status: 'succeeded' }]);
  }
  expect(asked - askedBefore, 'the one that was left open has asked once more').toBe(1);
});

test('a stream is let go of when its page is left', async () => {
  await using host = await Host.open([stages]);
  await host.well.start(stages, undefined, { id: 'r' });
  const page = await openPage(host);
  const heard = await Heard.from<string>(page);
  await page.evaluate((address) => {
    new EventSource('/v1/runs/r/stream').addEventListener('run.started', () => void tell('stream'));
    const socket = new WebSocket(address);
    socket.addEventListener('open', () => socket.send('{"id":1,"type":"subscribe","run":"r"}'));
    socket.addEventListener('message', ({ data }) => {
      if (String(data).includes('run.started')) void tell('socket');
    });
  }, socketAddress(host));
  await heard.atLeast(1, (what) => what === 'stream');
  await heard.atLeast(1, (what) => what === 'socket');
  // The socket, and what it is subscribed to.
  expect(await host.readers()).toBe(3);
  await page.goto('about:blank');
  await expect.poll(() => host.readers(), { timeout: 5_000 }).toBe(0);
});

/** A message of the server, or that the socket was closed. */
interface Said {
  readonly type: string;
  readonly id?: unknown;
  readonly subscription?: string;
  readonly cursor?: string;
  readonly position?: number;
  readonly event?: RunEvent['event'];
  readonly code?: number;
}

/** Opens a WebSocket in a page, which tells all that it hears; the answer sends. */
async function openSocket(page: Page, host: Host): Promise<(message: object) => Promise<void>> {
  const socket = await page.evaluateHandle((address) => {
    const opened = new WebSocket(address);
    opened.addEventListener('message', ({ data }) => void tell(JSON.parse(String(data))));
    opened.addEventListener('close', ({ code }) => void tell({ type: 'socket closed', code }));
    return new Promise<WebSocket>((resolve) => opened.addEventListener('open', () => resolve(opened)));
  }, socketAddress(host));
  return (message) => socket.evaluate((it, text) => it.send(text), JSON.stringify(message));
}

test('a WebSocket carries events both ways, completes a callback, and goes on after a restart', async () => {
  await using host = await Host.open([stages, approval]);
  await host.well.start(stages, undefined, { id: 'r' });
  await host.well.start(approval, undefined, { id: 'a' });
  const page = await openPage(host);
  const heard = await Heard.from<Said>(page);
  let send = await openSocket(page, host);
  await send({ id: 'stages', type: 'subscribe', run: 'r' });
  await send({ id: 'approval', type: 'subscribe', run: 'a' });
  const of = (name: string) =>
    heard.where(({ type, subscription }) => type === 'event' && subscription === name);

  const asks = ({ event }: Said) => event?.type === 'operation.started' && event.kind === 'callback';
  await heard.atLeast(1, asks);
  const { event } = heard.where(asks)[0]!;
  const callback = event?.type === 'operation.started' && event.kind === 'callback' ? event.callback : null;
  await send({ id: 1, type: 'heartbeat', callback });
  await send({ id: 2, type: 'succeed', callback, value: { approved: true } });
  await send({ id: 3, type: 'succeed', callback, value: { approved: false } });
  expect(await host.well.result('a')).toEqual({ decision: { approved: true } });
  await heard.atLeast(1, ({ id }) => id === 3);
  expect(heard.where(({ id }) => typeof id === 'number')).toEqual([
    { type: 'answer', id: 1 },
    { type: 'answer', id: 2 },
    { type: 'problem', id: 3, problem: expect.objectContaining({ code: 'CALLBACK_COMPLETED' }) as unknown },
  ]);

  await send({ id: 4, type: 'raise', run: 'r', name: 'go', value: 1 });
  await heard.atLeast(2, (said) => said.subscription === 'stages' && isWait(said.event));
  await host.restart();
  await heard.atLeast(1, ({ type }) => type === 'socket closed');
  expect(heard.all.at(-1)).toEqual({ type: 'socket closed', code: 1001 });

  send = await openSocket(page, host);
  await send({ id: 'stages', type: 'subscribe', run: 'r', after: of('stages').at(-1)!.cursor });
  for (const value of [2, 3]) await send({ id: 3 + value, type: 'raise', run: 'r', name: 'go', value });
  await heard.atLeast(1, ({ type, subscription }) => type === 'end' && subscription === 'stages');
  const journal = await gather(host.well.events('r'));
  expect(of('stages').map(({ position }) => position)).toEqual(journal.map(({ position }) => position));
  expect(await host.well.result('r')).toEqual([1, 2, 3]);
});
