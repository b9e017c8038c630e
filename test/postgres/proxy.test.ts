import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { TestDatabase } from './database.ts';
import { Proxy } from './proxy.ts';
import { testDatabase } from './shared.ts';

let database: TestDatabase;
let direct: Client;
let proxy: Proxy;
let client: Client;

const connected = async (connectionString: string): Promise<Client> => {
  const made = new Client({ connectionString });
  made.on('error', () => {});
  await made.connect();
  return made;
};
/** How a client is told depends on what was on its way. */
const lost = /terminated|ECONNRESET/;
const noted = async (): Promise<string[]> =>
  (await direct.query<{ word: string }>('select word from note')).rows.map(({ word }) => word);
const note = (word: string) => client.query(`insert into note values ('${word}')`);

beforeAll(async () => {
  database = await testDatabase();
  direct = await connected(database.url);
  await direct.query('create table note (word text)');
}, 60_000);
afterAll(async () => {
  await direct.end();
  await database.drop();
});
beforeEach(async () => {
  proxy = await Proxy.to(database.url);
  client = await connected(proxy.url);
});
afterEach(() => proxy.close());

it('carries everything, both ways', async () => {
  const large = 'x'.repeat(3_000_000);
  expect((await client.query<{ back: string }>('select $1::text as back', [large])).rows[0]?.back).toBe(
    large,
  );
  expect(proxy.connections).toBe(1);
});

it('cuts all connections', async () => {
  const sleeping = client.query('select pg_sleep(20)');
  proxy.cut();
  await expect(sleeping).rejects.toThrow(lost);
});

it('cuts half way through a request: nothing of it was done', async () => {
  const word = randomUUID();
  const cut = proxy.cutNext('request', word);
  await expect(note(word)).rejects.toThrow(lost);
  await cut;
  expect(await noted()).not.toContain(word);
});

it('cuts half way through an answer: it was done, and nobody was told', async () => {
  const word = randomUUID();
  const cut = proxy.cutNext('answer');
  await expect(note(word)).rejects.toThrow(lost);
  await cut;
  expect(await noted()).toContain(word);
});

it('holds everything back, and lets it pass later', async () => {
  const word = randomUUID();
  proxy.hold();
  const asked = note(word);
  expect(await noted()).not.toContain(word);
  proxy.release();
  await asked;
  expect(await noted()).toContain(word);
});

it('delays both ways', async () => {
  proxy.delay(30);
  const started = performance.now();
  await client.query('select 1');
  expect(performance.now() - started).toBeGreaterThanOrEqual(59);
});

it('leads to another server from then on', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const met = once(other, 'connection');
  proxy.aim(`postgres://127.0.0.1:${(other.address() as AddressInfo).port}/`);
  const misled = connected(proxy.url);
  ((await met)[0] as Socket).destroy();
  await expect(misled).rejects.toThrow(lost);
  expect((await client.query<{ n: number }>('select 1 as n')).rows).toEqual([{ n: 1 }]);
  other.close();
});

it('refuses connections, for a while', async () => {
  proxy.refuse(true);
  await expect(connected(proxy.url)).rejects.toThrow(lost);
  proxy.refuse(false);
  await (await connected(proxy.url)).end();
});
