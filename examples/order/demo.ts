// `npm run demo`: an order lives through two kills. Ends with exit code 0 only if it was paid, charged exactly once and
// the customer was told once.
//
//   1  the gateway and the shop are started, as processes of their own
//   2  an order of ¥120,000 is posted                      → it waits for the manager
//   3  kill -9, the server is started again                → it still waits
//   4  the manager approves                                → the payment fails, and is tried again
//   5  kill -9 when the card was charged and the shop does not know yet
//   6  the order goes on                                   → and must end as if nothing had happened
//
// On SQLite one server does everything, and is killed both times. On PostgreSQL (`--store postgres`, or an address) there
// are a server and two workers: in 5 the worker that has the order is killed, and the other one takes it over.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, styleText } from 'node:util';
import type { JournalEvent, RunEvent, RunInfo } from 'stepwell';
import { connect } from 'stepwell/client';
import { Cluster } from './demo/cluster.ts';
import { type Evidence, findings } from './demo/findings.ts';
import { Observed } from './demo/observed.ts';
import type { Shop } from './demo/shop.ts';
import { SingleServer } from './demo/single-server.ts';
import { Story } from './demo/story.ts';
import type { Entry } from './ledger.ts';
import { NodeProcess } from './processes/node-process.ts';
import { givenAddress, openScratchDatabase } from './processes/postgres.ts';
import { MANAGER } from './workflow.ts';

const { values } = parseArgs({ options: { store: { type: 'string', default: 'sqlite' } } });
/** What the demo may take once there is a database. */
const LIMIT_MS = 25_000;
const RUN = 'order-1';
const ORDER = {
  customer: 'mari@example.com',
  items: [{ sku: 'camera', quantity: 1, price: 120_000 }],
  total: 120_000,
};

// Process.exit, and not just the end of this module: it takes the processes along that were started.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(1));

const database = values.store === 'sqlite' ? null : await openScratchDatabase(givenAddress(values.store));
const folder = mkdtempSync(join(tmpdir(), 'stepwell-demo-'));
const story = new Story();
const events = new Observed<RunEvent>();
const requests = new Observed<Entry>();
const KEPT = database === null ? 'Database and ledger are kept' : 'The ledger is kept';
/** What is being waited for: should it not come, this is what was expected. */
let awaited = 'the gateway and the shop to start';

setTimeout(() => fail(`this did not happen within ${LIMIT_MS / 1000} s: ${awaited}`), LIMIT_MS).unref();

try {
  const evidence = await live();
  process.exit(judge(evidence) ? 0 : 1);
} catch (error) {
  fail(error instanceof Error ? error.message : String(error));
}

async function live(): Promise<Evidence> {
  const gateway = await startGateway();
  const shop = await openShop(gateway.url);

  awaited = 'the order is accepted';
  await post(`${await shop.url()}/v1/workflows/order/runs`, { id: RUN, input: ORDER });
  story.tell('customer', `orders for ¥${ORDER.total.toLocaleString('en-US')}: ${RUN}`, 'bold');
  const watching = watch(shop);
  const until = async (what: string, seen: Promise<unknown>): Promise<void> => {
    awaited = what;
    const ended = watching.then(() =>
      Promise.reject(new Error(`the order ended before this was seen: ${what}`)),
    );
    await Promise.race([seen, ended]);
  };

  await until(
    'the manager is asked',
    events.first(({ event }) => isDone(event, 'approval/submit')),
  );
  await shop.killWhileWaiting();

  const callback = await (await fetch(`${gateway.url}/mails/${MANAGER}/callback`)).text();
  awaited = 'the approval is accepted';
  await post(`${await shop.url()}/v1/callbacks/${callback}/succeed`, { value: { approved: true } });
  story.tell('manager', 'approves', 'bold');

  await until(
    'the payment is tried again',
    events.first(({ event }) => isRetry(event, 'charge')),
  );
  await until(
    'the card is charged, and no answer comes',
    requests.first(({ answer }) => answer === 'held'),
  );
  await shop.killWhilePaying(holder());

  awaited = 'the order ends';
  await watching;
  const run = await get<RunInfo>(`${await shop.url()}/v1/runs/${RUN}`);
  const ledger = await get<Evidence['ledger']>(`${gateway.url}/ledger`);
  await shop.close();
  return { run, ledger, events: events.all, requests: requests.all, ofShop: shop.findings(events.all) };
}

async function openShop(gateway: string): Promise<Shop> {
  if (database === null) return new SingleServer(join(folder, 'order.db'), gateway, story);
  return Cluster.start(database, gateway, story);
}

/** The worker that has the order, or had it last. */
function holder(): string {
  const { event } = events.all.findLast(({ event }) => event.type === 'run.activated')!;
  return (event as Extract<JournalEvent, { type: 'run.activated' }>).worker;
}

function isDone(event: JournalEvent, op: string): boolean {
  return event.type === 'operation.succeeded' && event.op === op;
}

function isRetry(event: JournalEvent, op: string): boolean {
  return event.type === 'operation.attempt' && event.op === op;
}

async function startGateway(): Promise<NodeProcess> {
  const rule = '503,held,ok';
  const args = [
    join(import.meta.dirname, 'gateway.ts'),
    '--ledger',
    join(folder, 'ledger.jsonl'),
    '--port',
    '0',
    '--rule',
    rule,
  ];
  const gateway = await NodeProcess.start(args, {}, (line) => {
    const { entry } = line as { entry: Entry };
    story.tellRequest(entry);
    requests.add(entry);
  });
  story.tell('payment API', `▶ listens at ${gateway.url}; it will fail, then charge but not answer`, 'cyan');
  return gateway;
}

/** When the server is killed, the client takes up the events again after the last that came: none is missed, none comes twice. */
async function watch(shop: Shop): Promise<void> {
  const server = connect(await shop.url());
  for await (const event of server.events(RUN)) {
    story.tellEvent(event);
    events.add(event);
  }
}

async function post(url: string, body: object): Promise<void> {
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`POST ${url} answered ${response.status}: ${await response.text()}`);
}

async function get<T>(url: string): Promise<T> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`GET ${url} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}

function judge(evidence: Evidence): boolean {
  const all = findings(evidence, ORDER.customer, ORDER.total);
  console.log();
  for (const { expected, seen, holds } of all) {
    console.log(
      holds
        ? styleText('green', `✓ ${expected}`)
        : styleText('red', `✗ expected: ${expected}\n  seen: ${seen}`),
    );
  }
  const passed = all.every(({ holds }) => holds);
  if (passed) rmSync(folder, { recursive: true, maxRetries: 3 });
  else console.log(`${KEPT} in ${folder}.`);
  console.log(`\n${passed ? 'The order survived' : 'The demo failed'}, after ${story.seconds.toFixed(1)} s.`);
  return passed;
}

function fail(what: string): never {
  const last = events.all.at(-1)?.event;
  console.error(styleText('red', `✗ ${what}`, { stream: process.stderr }));
  console.error(
    `  last event seen: ${last === undefined ? 'none' : JSON.stringify(last, (key, value: unknown) => (key === 'stack' ? undefined : value))}`,
  );
  console.error(`  ${KEPT} in ${folder}`);
  process.exit(1);
}
