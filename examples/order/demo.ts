// `npm run demo`: an order lives through two kills of its server. Ends with exit code 0 only if it was paid, charged
// exactly once and the customer was told once.
//
//   1  the gateway and the server are started, each as a process of its own
//   2  an order of ¥120,000 is posted                      → it waits for the manager
//   3  kill -9, the server is started again                → it still waits
//   4  the manager approves                                → the payment fails, and is tried again
//   5  kill -9 when the card was charged and the server does not know yet; it is started again
//   6  the order goes on                                   → and must end as if nothing had happened

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { styleText } from 'node:util';
import type { JournalEvent, RunEvent, RunInfo } from 'stepwell';
import { type Evidence, findings } from './demo/findings.ts';
import { follow } from './demo/follow.ts';
import { KillableServer } from './demo/killable-server.ts';
import { NodeProcess } from './demo/node-process.ts';
import { Observed } from './demo/observed.ts';
import { Story } from './demo/story.ts';
import type { Entry } from './ledger.ts';
import { MANAGER } from './workflow.ts';

const LIMIT_MS = 25_000;
const RUN = 'order-1';
const ORDER = {
  customer: 'mari@example.com',
  items: [{ sku: 'camera', quantity: 1, price: 120_000 }],
  total: 120_000,
};

const folder = mkdtempSync(join(tmpdir(), 'stepwell-demo-'));
const story = new Story();
const events = new Observed<RunEvent>();
const requests = new Observed<Entry>();
/** What is being waited for: should it not come, this is what was expected. */
let awaited = 'the gateway and the server to start';

// Process.exit, and not just the end of this module: it takes the processes along that were started.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));
setTimeout(() => fail(`this did not happen within ${LIMIT_MS / 1000} s: ${awaited}`), LIMIT_MS).unref();

try {
  const evidence = await live();
  process.exit(judge(evidence) ? 0 : 1);
} catch (error) {
  fail(error instanceof Error ? error.message : String(error));
}

async function live(): Promise<Evidence> {
  const gateway = await startGateway();
  const server = new KillableServer(`sqlite:${join(folder, 'order.db')}`, gateway.url, story);

  awaited = 'the order is accepted';
  await post(`${await server.url()}/v1/workflows/order/runs`, { id: RUN, input: ORDER });
  story.tell('customer', `orders for ¥${ORDER.total.toLocaleString('en-US')}: ${RUN}`, 'bold');
  const watching = watch(server);
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
  await server.killAndRestart('while the order waits for the manager');

  const callback = await (await fetch(`${gateway.url}/mails/${MANAGER}/callback`)).text();
  awaited = 'the approval is accepted';
  await post(`${await server.url()}/v1/callbacks/${callback}/succeed`, { value: { approved: true } });
  story.tell('manager', 'approves', 'bold');

  await until(
    'the payment is tried again',
    events.first(({ event }) => isRetry(event, 'charge')),
  );
  await until(
    'the card is charged, and no answer comes',
    requests.first(({ answer }) => answer === 'held'),
  );
  await server.killAndRestart('while the payment is being retried');

  awaited = 'the order ends';
  await watching;
  const run = await get<RunInfo>(`${await server.url()}/v1/runs/${RUN}`);
  const ledger = await get<Evidence['ledger']>(`${gateway.url}/ledger`);
  return { run, ledger, events: events.all, requests: requests.all, kills: server.kills };
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

async function watch(server: KillableServer): Promise<void> {
  for await (const event of follow(RUN, () => server.url())) {
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
  else console.log(`Database and ledger are kept in ${folder}.`);
  console.log(`\n${passed ? 'The order survived' : 'The demo failed'}, after ${story.seconds.toFixed(1)} s.`);
  return passed;
}

function fail(what: string): never {
  const last = events.all.at(-1)?.event;
  console.error(styleText('red', `✗ ${what}`, { stream: process.stderr }));
  console.error(
    `  last event seen: ${last === undefined ? 'none' : JSON.stringify(last, (key, value: unknown) => (key === 'stack' ? undefined : value))}`,
  );
  console.error(`  database and ledger are kept in ${folder}`);
  process.exit(1);
}
