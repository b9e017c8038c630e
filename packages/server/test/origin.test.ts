import { afterAll, beforeAll, expect, test } from 'vitest';
import { request } from 'node:http';
import { Stepwell } from 'stepwell';
import { createApp, serve, type Server } from '../src/index.ts';

let well: Stepwell;
let server: Server;

beforeAll(async () => {
  well = await Stepwell.open({ store: 'memory:' });
  server = await serve(well, { port: 0 });
});
afterAll(async () => {
  await server.close();
  await well.close();
});

/** With any headers: `fetch` sets Host and Origin itself. */
function ask(headers: Record<string, string>): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(`${server.url}/healthz`, { headers }, (answer) => {
      let body = '';
      answer.setEncoding('utf8').on('data', (text: string) => (body += text));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }));
    });
    sent.on('error', reject).end();
  });
}

const port = () => new URL(server.url).port;

test('programs send no origin, and are let in', async () => {
  expect((await ask({})).status).toBe(200);
});

test('a page of the server itself is let in', async () => {
  const host = `127.0.0.1:${port()}`;
  expect((await ask({ Host: host, Origin: `http://${host}` })).status).toBe(200);
});

test.each(['https://evil.example', 'null', 'not an origin', 'http://127.0.0.1:1'])(
  'a page of %s is refused',
  async (origin) => {
    const { status, body } = await ask({ Origin: origin });
    expect(status).toBe(403);
    expect(JSON.parse(body)).toMatchObject({ code: 'ORIGIN_REFUSED' });
  },
);

test.each([
  ['a script of a page elsewhere', 'cross-site', 'no-cors', 'script', 403],
  ['a picture of a page at another port', 'same-site', 'no-cors', 'image', 403],
  ['a frame of a page elsewhere', 'cross-site', 'navigate', 'iframe', 403],
  ['a link of a page elsewhere', 'cross-site', 'navigate', 'document', 200],
  ['a picture of a page of the server', 'same-origin', 'no-cors', 'image', 200],
  ['an address that somebody types', 'none', 'navigate', 'document', 200],
  ['an origin that a proxy vouches for', 'same-site', 'cors', 'empty', 200],
])('%s: Sec-Fetch-Site %s, mode %s, for a %s: %i', async (_what, site, mode, dest, status) => {
  const headers = { 'Sec-Fetch-Site': site, 'Sec-Fetch-Mode': mode, 'Sec-Fetch-Dest': dest };
  expect((await ask(headers)).status).toBe(status);
});

test.each(['evil.example', 'evil.example:80', '127.0.0.1.evil.example', '10.0.0.1'])(
  'a request to the name %s is refused',
  async (host) => {
    expect((await ask({ Host: host })).status).toBe(403);
  },
);

test.each(['localhost', '127.0.0.1', '[::1]', 'shop.localhost'])(
  'a request to %s is let in',
  async (name) => {
    expect((await ask({ Host: `${name}:${port()}` })).status).toBe(200);
  },
);

test('a server that is not for this machine only may have any name', async () => {
  const answer = await createApp(well).request('/healthz', { headers: { Host: 'stepwell.example' } });
  expect(answer.status).toBe(200);
});
