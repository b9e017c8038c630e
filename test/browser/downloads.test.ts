// Files of runs hold whatever somebody has put there. A browser that is led to one saves it, and never runs it.

import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { stages } from '../../packages/server/test/workflows.ts';
import { TestBrowser } from '../chromium/browser.ts';
import { INSTALL_LIMIT } from '../programs.ts';
import { Heard } from './heard.ts';
import { Host } from './host.ts';

const SCRIPT = `tell('ran')`;
const HTML = `<!doctype html><title>x</title><script>${SCRIPT}</script><body onload="${SCRIPT}">`;
const SVG = `<svg xmlns="http://www.w3.org/2000/svg" onload="${SCRIPT}"><script>${SCRIPT}</script></svg>`;
const XHTML = `<html xmlns="http://www.w3.org/1999/xhtml"><head><script>${SCRIPT}</script></head></html>`;

const FILES: readonly [name: string, type: string, content: string][] = [
  ['out/report.html', 'text/html', HTML],
  ['out/picture.svg', 'image/svg+xml', SVG],
  ['out/page.xhtml', 'application/xhtml+xml', XHTML],
  // What the browser would have to guess.
  ['out/notes.txt', 'text/plain', HTML],
  ['out/data', 'application/octet-stream', HTML],
  ['out/code', 'text/plain', SCRIPT],
];

let browser: TestBrowser;
let host: Host;
const ofFile = new AsyncDisposableStack();
beforeAll(async () => {
  browser = ofFile.use(await TestBrowser.open());
  host = ofFile.use(await Host.open([stages]));
  for (const [name, contentType, content] of FILES)
    await host.well.artifacts.write('r', name, content, { contentType });
}, INSTALL_LIMIT);
afterAll(() => ofFile.disposeAsync());

let page: Page;
let heard: Heard<string>;
beforeEach(async () => {
  page = await browser.page();
  onTestFinished(() => page.context().close());
  heard = await Heard.from(page);
  await page.goto(`${host.url}/healthz`);
});

const addressOf = (name: string, run = 'r') =>
  `${host.url}/v1/runs/${run}/artifacts/${name.split('/').map(encodeURIComponent).join('/')}`;

/** Leads the page to a file, as a link does. */
async function saved(name: string, run?: string): Promise<{ as: string; content: string }> {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.evaluate(
      (url) => void ((globalThis as unknown as { location: string }).location = url),
      addressOf(name, run),
    ),
  ]);
  return { as: download.suggestedFilename(), content: await readFile(await download.path(), 'utf8') };
}

test('whatever a file is, it is saved, not shown', async () => {
  for (const [name, , content] of FILES) {
    expect(await saved(name)).toEqual({ as: name.slice(name.lastIndexOf('/') + 1), content });
  }
  expect(page.url()).toBe(`${host.url}/healthz`);
  expect(heard.all).toEqual([]);
});

/** The page gets what is answered without some of its headers. */
async function without(...names: readonly string[]): Promise<void> {
  await page.unroute('**/artifacts/**');
  await page.route('**/artifacts/**', async (route) => {
    const response = await route.fetch();
    const headers = Object.fromEntries(
      Object.entries(response.headers()).filter(([name]) => !names.includes(name)),
    );
    await route.fulfill({ response, headers });
  });
}

test('what a browser shows all the same does not run', async () => {
  const pages = FILES.slice(0, 3);
  await without('content-disposition');
  for (const [name] of pages) {
    await page.goto(addressOf(name));
    expect(page.url()).toBe(addressOf(name));
  }
  expect(heard.all).toEqual([]);
  // That they would run is what the policy prevents.
  await without('content-disposition', 'content-security-policy');
  for (const [index, [name]] of pages.entries()) {
    await page.goto(addressOf(name));
    await heard.atLeast(2 * index + 1, (what) => what === 'ran');
  }
});

test('a text is taken neither for a page nor for a script, whatever it looks like', async () => {
  const script = `new Promise((resolve) => document.body.append(Object.assign(document.createElement('script'), {
    src: ${JSON.stringify(addressOf('out/code'))}, onload: () => resolve('ran'), onerror: () => resolve('refused'),
  })))`;
  expect(await page.evaluate(script)).toBe('refused');
  // That it would run is what "nosniff" prevents.
  await without('x-content-type-options');
  expect(await page.evaluate(script)).toBe('ran');
  await heard.atLeast(1, (what) => what === 'ran');
  await without('content-disposition', 'content-security-policy');
  await page.goto(addressOf('out/notes.txt'));
  expect(await page.evaluate<string>('document.body.innerText')).toBe(HTML);
  expect(heard.all).toEqual(['ran']);
});

test('a name that is to fool somebody leads nowhere else', async () => {
  const names = ['x/报告 "1"\'.html', 'a"; filename=evil.exe; x=".txt', '..evil.html', '%2e%2e%2fevil.html'];
  for (const name of [...names, 'fdp.\u202Etxt.exe', 'a;b%0d%0aX: y.txt']) {
    await host.well.artifacts.write('names', name, HTML, { contentType: 'text/html' });
    const { as, content } = await saved(name, 'names');
    expect(content).toBe(HTML);
    expect(as, 'a name in the folder of downloads, none that is hidden or reads otherwise').toMatch(
      /^[^./\\\p{C}][^/\\\p{C}]*$/u,
    );
  }
  expect(heard.all).toEqual([]);
});

test('a path that would leave the files of the run finds nothing', async () => {
  for (const path of ['..%2F..%2Fevil', '%2e%2e/%2e%2e/evil', '..%5C..%5Cevil']) {
    const answer = await page.goto(`${host.url}/v1/runs/r/artifacts/${path}`);
    expect(answer?.status()).toBeOneOf([400, 404]);
  }
});
