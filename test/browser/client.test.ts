// `stepwell/client` in a page of a real browser, as a site without a bundler has it: the built modules, found by an import
// map. The site is in front of the Stepwell server, so that its pages are of the server's origin.

import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AnyDefinition, RunEvent } from 'stepwell';
import { gather } from '../../packages/stepwell/test/gather.ts';
import { fragile, greet, stages, strict } from '../../packages/server/test/workflows.ts';
import { TestBrowser } from '../chromium/browser.ts';
import { readPage } from '../docs/markdown.ts';
import { Workbench } from '../docs/samples.ts';
import { INSTALL_LIMIT } from '../programs.ts';
import { Built, CLIENT } from './built.ts';
import { Heard } from './heard.ts';
import { Host } from './host.ts';
import type * as inPage from './page/index.ts';
import { Site } from './site.ts';

type InPage = typeof inPage;

const PAGE = `<!doctype html><title>shop</title>
<script type="importmap">{ "imports": { "stepwell/client": "/modules/stepwell/${CLIENT}" } }</script>
<script type="module">globalThis.page = await import('/modules/page/index.js');</script>`;

/** The guide's. */
let order: AnyDefinition;
let built: Built;
let browser: TestBrowser;
let host: Host;
let site: Site;
let page: Page;
let heard: Heard<RunEvent>;

const GUIDE = 'docs/guide/client.md';

const ofFile = new AsyncDisposableStack();
beforeAll(async () => {
  const workbench = new Workbench();
  ofFile.defer(() => workbench.remove());
  ({ order } = (await import(join(workbench.write(readPage(GUIDE)), 'order.ts'))) as {
    order: AnyDefinition;
  });
  built = ofFile.use(await Built.make());
  browser = ofFile.use(await TestBrowser.open(['shop.example']));
  host = ofFile.use(await Host.open([greet, stages, strict, fragile, order]));
  site = ofFile.use(await openSite(host.port));
  page = await openPage(site.url);
  heard = await Heard.from<RunEvent>(page);
}, INSTALL_LIMIT);
afterAll(() => ofFile.disposeAsync());

async function openSite(behind: number | null): Promise<Site> {
  const opened = await Site.open(behind);
  opened.page('/', PAGE);
  opened.folder('/modules/stepwell/', built.library);
  opened.folder('/modules/page/', built.page);
  return opened;
}

async function openPage(url: string): Promise<Page> {
  const opened = await browser.page();
  await opened.goto(url);
  await opened.waitForFunction(() => 'page' in globalThis);
  return opened;
}

/** Calls a function of the page's module. */
async function ask<K extends keyof InPage>(
  where: Page,
  name: K,
  ...args: Parameters<InPage[K]>
): Promise<Awaited<ReturnType<InPage[K]>>> {
  const call = (asked: { name: string; args: unknown[] }) =>
    (globalThis as unknown as { page: Record<string, (...given: unknown[]) => unknown> }).page[asked.name]!(
      ...asked.args,
    );
  return (await where.evaluate(call, { name, args })) as Awaited<ReturnType<InPage[K]>>;
}

test('a page starts a run and has its result', async () => {
  expect(await ask(page, 'greeting', site.url, 'Mari')).toEqual({ text: 'Hello Mari', status: 'succeeded' });
});

test('a page under a public name, over plain HTTP, does so too, where the server is open to others', async () => {
  await using open = await Host.open([greet], { host: '0.0.0.0', insecure: true });
  await using shop = await openSite(open.port);
  const url = `http://shop.example:${shop.port}`;
  expect(await ask(await openPage(url), 'greeting', url, 'Bo')).toEqual({
    text: 'Hello Bo',
    status: 'succeeded',
  });
});

test('events and result go on over restarts of the server, without a gap or a duplicate', async () => {
  const followed = ask(page, 'follow', site.url);
  for (let go = 1; go <= 3; go++) {
    await heard.atLeast(go, ({ event }) => event?.type === 'operation.started' && event.kind === 'event');
    await host.restart();
    await host.well.raiseEvent('r', 'go', go);
  }
  const { values, lost } = await followed;
  expect(values).toEqual([1, 2, 3]);
  expect(lost).toBeGreaterThanOrEqual(3);
  expect(heard.all).toEqual(JSON.parse(JSON.stringify(await gather(host.well.events('r')))));
});

test('whoever leaves a loop closes the connection', async () => {
  await host.well.start(stages, undefined, { id: 'left' });
  expect(await ask(page, 'leaveEarly', site.url, 'left')).toEqual(['run.activated', 'run.activated']);
  await expect.poll(() => host.readers(), { timeout: 5_000 }).toBe(0);
});

test('errors are those of the server and of the run, with their codes', async () => {
  await host.well.start(stages, undefined, { id: 'waiting' });
  expect(await ask(page, 'failures', site.url)).toMatchObject({
    unknown: { code: 'RUN_NOT_FOUND', message: expect.stringContaining('nobody') as string },
    noWorkflow: { code: 'WORKFLOW_UNKNOWN' },
    input: { code: 'INPUT_INVALID' },
    value: { code: 'VALUE_NOT_JSON' },
    stream: { code: 'RUN_NOT_FOUND' },
    file: { code: 'ARTIFACT_NOT_FOUND' },
    ended: { code: 'RUN_ENDED' },
    aborted: { code: null, message: 'Error: nobody waits any more' },
    declined: { code: 'Declined: no money', message: 'Declined: The card was declined' },
  });
});

test('files go up as text, bytes, a chosen file and a stream, and come back as they were', async () => {
  expect(await ask(page, 'files', site.url)).toEqual({
    written: [
      ['text.txt', 7, 'text/plain; charset=utf-8'],
      ['in/large.bin', 3_000_000, 'application/octet-stream'],
      ['in/data.csv', 7, 'text/csv'],
      ['stream.txt', 4, 'text/plain'],
      ['value.json', 7, 'text/plain; charset=utf-8'],
    ],
    large: true,
    range: true,
    csv: 'a,b\n1,2',
    stream: 'éü',
    json: { n: 1 },
    listed: ['in/data.csv', 'in/large.bin', 'stream.txt', 'text.txt', 'value.json'],
    again: expect.objectContaining({ code: 'ARTIFACT_CHANGED' }) as unknown,
  });
});

test('the page of the guide shows what the guide says', async () => {
  const { blocks } = readPage(GUIDE);
  const html = blocks.findIndex(({ language }) => language === 'html');
  site.page('/order', blocks[html]!.text);
  site.folder('/node_modules/stepwell/', built.library);
  const order = await browser.page();
  await order.goto(`${site.url}/order`);
  await order.waitForFunction('document.body?.innerText !== ""');
  expect(await order.evaluate<string>('document.body.innerText')).toBe(blocks[html + 1]!.text.trimEnd());
});

test('a page of another origin gets nothing, does nothing, and is told why', async () => {
  await host.well.start(stages, undefined, { id: 'mine' });
  await using foreign = await openSite(null);
  const refusals = await ask(await openPage(foreign.url), 'refusals', host.url, 'mine');
  expect(Object.keys(refusals)).toEqual(['start', 'get', 'result', 'events', 'write']);
  for (const refusal of Object.values(refusals)) {
    expect(refusal).toMatchObject({
      code: 'SERVER_UNREACHABLE',
      message: expect.stringContaining(
        `The page is of ${foreign.url}: a Stepwell server answers pages`,
      ) as string,
    });
  }
  expect((await host.well.list({ workflow: 'strict' })).runs).toEqual([]);
  expect(await host.well.artifacts.list('mine')).toEqual([]);
});
