import { request } from 'node:http';
import { once } from 'node:events';
import { Stepwell } from 'stepwell';
import { connect } from 'stepwell/client';
import { expect, onTestFinished, test } from 'vitest';
import { serve } from '../../src/index.ts';

const ODD = [
  'a b.txt',
  'a+b&c=d;e',
  '100%.txt',
  '%2e%2e',
  '%2F',
  'a?b#c',
  '"quoted"',
  "it's (1).txt",
  '注文/🦀.json',
  'e\u0301 and \u00e9',
  '\u202egnp.exe',
  '...',
  '.hidden/x.',
  'C:x',
  'start',
  'constructor/__proto__',
  '~',
  `${'x'.repeat(255)}/${'y'.repeat(255)}`,
];

async function serveFiles() {
  const well = await Stepwell.open({ store: 'memory:', worker: false });
  const server = await serve(well, { port: 0 });
  onTestFinished(async () => {
    await server.close();
    await well.close();
  });
  return { well, url: server.url };
}

test.each(ODD)('the name %j goes through every door as it is', async (name) => {
  const { well, url } = await serveFiles();
  const address = `${url}/v1/runs/r/artifacts/${encodeURIComponent(name)}`;
  expect((await fetch(address, { method: 'PUT', body: 'by HTTP' })).status).toBe(201);
  expect(await (await well.artifacts.read('r', name)).text()).toBe('by HTTP');
  const got = await fetch(address);
  expect(await got.text()).toBe('by HTTP');
  // No quote or control character of a name ends the header's value early.
  expect(got.headers.get('content-disposition')).toMatch(
    /^attachment; filename="[\w.\- ]*"; filename\*=UTF-8''[\w.!~%-]*$/,
  );
  const client = connect(url);
  await client.artifacts.write('r', name, 'by the client');
  expect(await (await client.artifacts.read('r', name)).text()).toBe('by the client');
  expect((await client.artifacts.list('r')).map((file) => file.name)).toEqual([name]);
});

test('a line break in a name matches no route', async () => {
  const { well, url } = await serveFiles();
  expect(await statusOf(url, '/v1/runs/r/artifacts/a%0d%0aSet-Cookie:%20x')).toBe(404);
  expect(await well.parts.store.artifactRuns(null, 10)).toEqual([]);
});

test('the same letters in two spellings of Unicode are two names', async () => {
  const { well } = await serveFiles();
  for (const name of ['e\u0301', '\u00e9']) await well.artifacts.write('r', name, name);
  expect(await well.artifacts.list('r')).toHaveLength(2);
});

/** As it is sent: a URL of the platform would have been tidied up before. */
async function statusOf(url: string, path: string): Promise<number> {
  const { hostname, port } = new URL(url);
  const sent = request({ hostname, port, path, method: 'PUT' });
  sent.end('x');
  const [response] = (await once(sent, 'response')) as [{ statusCode: number; resume(): void }];
  response.resume();
  return response.statusCode;
}

test.each([
  '..%2fout',
  '%2e%2e%2fout',
  'in%2f..%2f..%2fout',
  '..%5cout',
  'in/%2e%2e%2fout',
  '%2fetc%2fpasswd',
  'a%00b',
  '%ff',
  '%c0%ae%c0%ae',
  '%',
  '%2',
])('the name %s, as it is sent, is refused and writes nothing', async (name) => {
  const { well, url } = await serveFiles();
  expect(await statusOf(url, `/v1/runs/r/artifacts/${name}`)).toBe(400);
  expect(await well.parts.store.artifactRuns(null, 10)).toEqual([]);
});
