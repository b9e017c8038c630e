// `npm start`: the shop and the world around it, and what to try with them. On SQLite the shop is this process; with
// `--store postgres`, or an address, it is a server and two workers, as on a cluster.

import { mkdirSync } from 'node:fs';
import { parseArgs, styleText } from 'node:util';
import { isStepwellError } from 'stepwell';
import { openGateway } from './gateway.ts';
import { ProcessEnded } from './processes/node-process.ts';
import { givenAddress, openDatabase } from './processes/postgres.ts';
import { startServer, startWorker } from './processes/stepwell-command.ts';
import { openServer } from './server.ts';
import { MANAGER } from './workflow.ts';

interface Shop {
  readonly url: string;
  /** Id of an order that it does not have yet. */
  readonly newOrder: string;
  /** For people: where orders are kept, and what can be killed. */
  readonly about: readonly string[];
  /** What becomes of orders that are under way when it is stopped. */
  readonly afterwards: string;
  close(): Promise<void>;
}

const GOES_ON = 'Orders that are under way go on after the next npm start.';
const FOLDER = '.stepwell';
const { values } = parseArgs({
  options: {
    store: { type: 'string', default: 'sqlite' },
    port: { type: 'string', default: '8787' },
    'gateway-port': { type: 'string', default: '8788' },
    // Every second charge fails, so that there are retries to see.
    rule: { type: 'string', default: 'random:0.5:23' },
  },
});

let shop: Shop | null = null;
let isClosing = false;
// Before anything else is started: it is to end with us, at whatever moment that is.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop());

try {
  await start();
} catch (error) {
  const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
  if (!isTaken && !isStepwellError(error) && !(error instanceof ProcessEnded)) throw error;
  console.error(
    `${(error as Error).message}\nIf a port is taken: npm start -- --port 9787 --gateway-port 9788`,
  );
  process.exit(1);
}

async function start(): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  const ledger = `${FOLDER}/order-ledger.jsonl`;
  const gateway = await openGateway({ ledger, port: Number(values['gateway-port']), rule: values.rule });
  shop = values.store === 'sqlite' ? await openShop(gateway.url) : await openCluster(gateway.url);
  explain(shop, gateway.url);
}

/** Asked twice, or before the shop is open, it does not wait for what is under way. */
async function stop(): Promise<void> {
  if (isClosing || shop === null) process.exit(130);
  isClosing = true;
  console.log(`\nStopping. ${shop.afterwards}`);
  await shop.close();
  process.exit(0);
}

async function openShop(gateway: string): Promise<Shop> {
  process.env['ORDER_GATEWAY'] = gateway;
  const server = await openServer({
    store: `sqlite:${FOLDER}/order.db`,
    port: Number(values.port),
  });
  const { url } = server;
  const orders = Object.values(await server.well.counts()).reduce((sum, count) => sum + count, 0);
  const about = [
    `Runs are kept in ${FOLDER}/order.db.`,
    'Kill this process in any way you like and start it again: every order goes on where it was.',
  ];
  return { url, newOrder: `order-${orders + 1}`, about, afterwards: GOES_ON, close: () => server.close() };
}

async function openCluster(gateway: string): Promise<Shop> {
  const database = await openDatabase(givenAddress(values.store));
  const settings = { store: database.url, gateway };
  const processes = await Promise.all([
    startServer(settings, values.port),
    startWorker(settings, 'worker 1', '10s'),
    startWorker(settings, 'worker 2', '10s'),
  ]);
  const [server, ...workers] = processes;
  const about = [
    `Runs are kept in ${database.origin}.`,
    `The server is process ${server.pid}, the workers are ${workers.map(({ pid }) => pid).join(' and ')}: kill -9 one of them, and its`,
    'orders go on where they were, on the other one, once its lease of 10 s is over.',
  ];
  const close = async () => {
    await Promise.all(processes.map((one) => one.stop()));
    await database.close();
  };
  const afterwards = database.isLasting
    ? GOES_ON
    : 'The database was a passing one: --store postgres://… takes one that stays.';
  // The gateway's ledger may know orders of other databases.
  return { url: server.url, newOrder: `order-${Date.now().toString(36)}`, about, afterwards, close };
}

function explain(shop: Shop, gateway: string): void {
  const input = {
    customer: 'mari@example.com',
    items: [{ sku: 'camera', quantity: 1, price: 120_000 }],
    total: 120_000,
  };
  const { url, newOrder: id } = shop;
  const callback = `$(curl -s ${gateway}/mails/${MANAGER}/callback)`;
  const step = (text: string) => styleText('bold', text);
  console.log(`
${styleText('green', `Stepwell is serving orders at ${url}`)}
${shop.about.map((line) => `  ${line}`).join('\n')}
  Payment, stock and mail are at ${gateway}, their ledger at ${gateway}/ledger.

${step('1  Start an order of ¥120,000')}
  curl ${url}/v1/workflows/order/runs -d '${JSON.stringify({ id, input })}'

${step('2  Approve it, as the manager (within 24 hours)')}
  curl ${url}/v1/callbacks/${callback}/succeed -d '{"value":{"approved":true}}'

${step('3  Watch it, in another terminal or afterwards')}
  curl -N ${url}/v1/runs/${id}/stream
`);
}
