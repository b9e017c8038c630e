// What pages of other origins can do to a server on this machine through the browser of somebody who works here: nothing.

import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { greet, stages } from '../../packages/server/test/workflows.ts';
import { TestBrowser } from '../chromium/browser.ts';
import { INSTALL_LIMIT } from '../programs.ts';
import { Heard } from './heard.ts';
import { Host } from './host.ts';
import { Site } from './site.ts';

const FILES: readonly [name: string, type: string, content: string][] = [
  ['code.js', 'text/javascript', `tell('the code ran')`],
  ['style.css', 'text/css', 'body { color: red }'],
  ['picture.svg', 'image/svg+xml', '<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"/>'],
  ['page.html', 'text/html', `<script>tell('the page ran')</script>`],
];

/** Of a page: loads something as a tag does, or asks for it, and says how that went. */
const ATTACKS = `<!doctype html><title>foreign</title><body><script>
const load = (tag, attributes) => new Promise((resolve) => {
  const element = Object.assign(document.createElement(tag), attributes);
  element.onload = () => resolve('loaded');
  element.onerror = () => resolve('failed');
  document.body.append(element);
});
const ask = (url, options) => fetch(url, options).then(({ type }) => type, (error) => error.name);
const connect = (connection) => new Promise((resolve) => {
  connection.onopen = () => resolve('open');
  connection.onmessage = () => resolve('heard');
  connection.onerror = () => resolve('failed');
});
</script>`;

let browser: TestBrowser;
let host: Host;
let site: Site;
const ofFile = new AsyncDisposableStack();
beforeAll(async () => {
  browser = ofFile.use(await TestBrowser.open(['shop.example', 'rebound.example']));
  host = ofFile.use(await Host.open([greet, stages]));
  site = ofFile.use(await Site.open());
  site.page('/', ATTACKS);
  for (const [name, contentType, content] of FILES)
    await host.well.artifacts.write('r', name, content, { contentType });
  await host.well.start(stages, undefined, { id: 'r' });
}, INSTALL_LIMIT);
afterAll(() => ofFile.disposeAsync());

let page: Page;
let heard: Heard<string>;
/** How often the server had answered with which status. */
let before: Record<string, number>;
beforeEach(async () => {
  page = await browser.page();
  onTestFinished(() => page.context().close());
  heard = await Heard.from(page);
  before = await host.answers();
});

/** Nothing that was asked for since then was given, and so many times at least it was asked. */
async function expectRefused(atLeast: number): Promise<void> {
  const { 403: refused = 0, ...others } = await host.answers();
  const { 403: refusedBefore = 0, ...othersBefore } = before;
  expect(others).toEqual(othersBefore);
  expect(refused - refusedBefore).toBeGreaterThanOrEqual(atLeast);
}

const artifact = (name: string) => JSON.stringify(`${host.url}/v1/runs/r/artifacts/${name}`);
const run = () => JSON.stringify(`${host.url}/v1/runs/r`);

// Another port of the same name is the same site, and another origin.
test.each(['127.0.0.1', 'shop.example'])('a page of %s gets and does nothing', async (name) => {
  await page.goto(`http://${name}:${site.port}/`);
  const outcomes = await page.evaluate<Record<string, string>>(`(async () => ({
    script: await load('script', { src: ${artifact('code.js')} }),
    style: await load('link', { rel: 'stylesheet', href: ${artifact('style.css')} }),
    picture: await load('img', { src: ${artifact('picture.svg')} }),
    read: await ask(${run()}),
    write: await ask(${artifact('new.txt')}, { method: 'PUT', body: 'x' }),
    cancel: await ask('${host.url}/v1/runs/r/cancel', { method: 'POST', mode: 'no-cors', body: '{}' }),
    blind: await ask(${run()}, { mode: 'no-cors' }),
    stream: await connect(new EventSource('${host.url}/v1/runs/r/stream')),
    socket: await connect(new WebSocket('${host.url.replace('http', 'ws')}/v1/ws')),
  }))()`);
  expect(outcomes).toEqual({
    ...{ script: 'failed', style: 'failed', picture: 'failed' },
    ...{ read: 'TypeError', write: 'TypeError', stream: 'failed', socket: 'failed' },
    // Sent, and never shown to the page.
    ...{ cancel: 'opaque', blind: 'opaque' },
  });
  await page.evaluate(`Promise.all([
    load('iframe', { src: ${artifact('page.html')} }),
    load('iframe', { src: ${run()} }),
    load('iframe', { src: '${host.url}/errors' }),
  ])`);
  await expectRefused(12);
  expect(heard.all).toEqual([]);
  expect((await host.well.get('r')).status).toBe('waiting');
  expect((await host.well.artifacts.list('r')).length).toBe(FILES.length);
});

test('a form of another origin starts nothing', async () => {
  await page.goto(`http://shop.example:${site.port}/`);
  const sent = page.waitForResponse(`${host.url}/v1/workflows/greet/runs`);
  await page.evaluate(`(() => {
    const form = Object.assign(document.createElement('form'), {
      action: '${host.url}/v1/workflows/greet/runs', method: 'post', enctype: 'text/plain',
    });
    form.append(Object.assign(document.createElement('input'), { name: '{"input":{"name":"', value: '"}}' }));
    document.body.append(form);
    form.submit();
  })()`);
  expect((await sent).status()).toBe(403);
  expect((await host.well.list()).runs.map(({ id }) => id)).toEqual(['r']);
});

test('a link of another page leads to what it names', async () => {
  await page.goto(`http://shop.example:${site.port}/`);
  await Promise.all([
    page.waitForEvent('download'),
    page.evaluate(`void (location = ${artifact('page.html')})`),
  ]);
  await page.evaluate(`void (location = '${host.url}/errors#run_not_found')`);
  await page.waitForURL(`${host.url}/errors*`);
  expect(await page.title()).toBe('Stepwell: errors');
});

test('a name of somebody else that leads here by DNS is refused', async () => {
  const answer = await page.goto(`http://rebound.example:${host.port}/v1/runs`);
  expect(answer?.status()).toBe(403);
  expect(await answer?.json()).toMatchObject({ code: 'ORIGIN_REFUSED' });
});
