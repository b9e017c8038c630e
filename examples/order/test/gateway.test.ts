import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Gateway, openGateway } from '../gateway.ts';

let folder: string;
let gateway: Gateway;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stepwell-gateway-'));
});

afterEach(async () => {
  await gateway.close();
  rmSync(folder, { recursive: true });
});

async function open(rule: string): Promise<void> {
  gateway = await openGateway({ ledger: join(folder, 'ledger.jsonl'), rule });
}

function post(path: string, key: string, body: object): Promise<Response> {
  return fetch(`${gateway.url}${path}`, {
    method: 'POST',
    headers: { 'idempotency-key': key },
    body: JSON.stringify(body),
  });
}

const charge = (key: string, amount = 500) =>
  post('/charges', key, { order: 'a', customer: 'b@c.example', amount });

test('the same key twice is one charge with one id', async () => {
  await open('ok');
  const first = await charge('k1');
  const second = await charge('k1');
  const other = await charge('k2');
  expect([first.status, second.status, other.status]).toEqual([201, 200, 201]);
  expect([await first.json(), await second.json(), await other.json()]).toEqual([
    { id: 'charge-1' },
    { id: 'charge-1' },
    { id: 'charge-2' },
  ]);
  expect(gateway.ledger.effects('charge')).toHaveLength(2);
});

test('a key that is used for another amount is refused', async () => {
  await open('ok');
  await charge('k1', 500);
  expect((await charge('k1', 600)).status).toBe(422);
  expect(gateway.ledger.effects('charge').map(({ request }) => request)).toEqual([
    { order: 'a', customer: 'b@c.example', amount: 500 },
  ]);
});

test('a rule counts the requests of each key, and its last word stays', async () => {
  await open('503,500,ok');
  const statuses: number[] = [];
  for (const key of ['k1', 'k1', 'k2', 'k1', 'k1']) statuses.push((await charge(key)).status);
  expect(statuses).toEqual([503, 500, 503, 201, 200]);
});

test('a declined card is not charged', async () => {
  await open('declined');
  expect((await charge('k1')).status).toBe(402);
  expect(gateway.ledger.effects('charge')).toEqual([]);
});

test('a lost answer leaves a charge behind, which the next request with the key finds', async () => {
  await open('lost,ok');
  await expect(charge('k1')).rejects.toThrow('fetch failed');
  expect(await (await charge('k1')).json()).toEqual({ id: 'charge-1' });
  expect(gateway.ledger.effects('charge')).toHaveLength(1);
});

test('a held answer leaves a charge behind and does not come; closing does not wait for it', async () => {
  const seen = Promise.withResolvers<string>();
  gateway = await openGateway({
    ledger: join(folder, 'ledger.jsonl'),
    rule: 'held',
    onEntry: ({ answer }) => seen.resolve(String(answer)),
  });
  const held = charge('k1').catch((error: Error) => error.message);
  expect(await seen.promise).toBe('held');
  expect(gateway.ledger.effects('charge')).toHaveLength(1);
  await gateway.close();
  expect(await held).toBe('fetch failed');
  await open('ok');
});

test('the ledger outlives the process, and half a line that a crash left is not believed', async () => {
  await open('503,503,ok');
  await charge('k1');
  await charge('k1');
  await gateway.close();
  const file = join(folder, 'ledger.jsonl');
  appendFileSync(file, '{"at":1,"service":"charge","key":"k1","outco');
  await open('503,503,ok');
  expect((await charge('k1')).status).toBe(201);
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  expect(lines.map((line) => (JSON.parse(line) as { outcome: string }).outcome)).toEqual([
    'refused',
    'refused',
    'done',
  ]);
});

test('stock, mail and the ledger', async () => {
  await open('ok');
  const headers = { 'idempotency-key': 's1' };
  const stock = await fetch(`${gateway.url}/stock?sku=camera&sku=unheard-of`, { headers });
  expect(await stock.json()).toEqual({ camera: 8, 'unheard-of': 0 });
  expect((await fetch(`${gateway.url}/mails/boss@example.com/callback`)).status).toBe(404);
  await post('/mails', 'm1', { to: 'boss@example.com', subject: 's', text: 't', callback: 'c-1' });
  await post('/mails', 'm2', { to: 'boss@example.com', subject: 's', text: 't', callback: 'c-2' });
  await post('/mails', 'm3', { to: 'boss@example.com', subject: 'no callback', text: 't' });
  expect(await (await fetch(`${gateway.url}/mails/boss@example.com/callback`)).text()).toBe('c-2');
  const ledger = (await (await fetch(`${gateway.url}/ledger`)).json()) as Record<string, unknown[]>;
  expect(Object.entries(ledger).map(([name, entries]) => [name, entries.length])).toEqual([
    ['charges', 0],
    ['refunds', 0],
    ['mails', 3],
    ['requests', 4],
  ]);
});

test('a request without a key, without JSON or to nowhere is refused and leaves nothing behind', async () => {
  await open('ok');
  expect((await fetch(`${gateway.url}/charges`, { method: 'POST', body: '{}' })).status).toBe(400);
  const headers = { 'idempotency-key': 'k1' };
  expect((await fetch(`${gateway.url}/charges`, { method: 'POST', headers, body: '{' })).status).toBe(400);
  expect((await post('/nowhere', 'k1', {})).status).toBe(404);
  expect(gateway.ledger.entries).toEqual([]);
});
