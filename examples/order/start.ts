// `npm start`: the shop's server and the world around it, and what to try with them.

import { mkdirSync } from 'node:fs';
import { parseArgs, styleText } from 'node:util';
import { isStepwellError } from 'stepwell';
import { openGateway } from './gateway.ts';
import { openServer } from './server.ts';
import { MANAGER } from './workflow.ts';

const FOLDER = '.stepwell';
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '8787' },
    'gateway-port': { type: 'string', default: '8788' },
    // Every second charge fails, so that there are retries to see.
    rule: { type: 'string', default: 'random:0.5:23' },
  },
});

try {
  await start();
} catch (error) {
  const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
  if (!isTaken && !isStepwellError(error)) throw error;
  console.error(`${(error as Error).message}\nOther ports: npm start -- --port 9787 --gateway-port 9788`);
  process.exit(1);
}

async function start(): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  const ledger = `${FOLDER}/order-ledger.jsonl`;
  const gateway = await openGateway({ ledger, port: Number(values['gateway-port']), rule: values.rule });
  process.env['ORDER_GATEWAY'] = gateway.url;
  const server = await openServer({ store: `sqlite:${FOLDER}/order.db`, port: Number(values.port) });
  const runs = Object.values(await server.well.counts()).reduce((sum, count) => sum + count, 0);
  explain(server.url, gateway.url, `order-${runs + 1}`);

  let closing = false;
  const close = async () => {
    if (closing) process.exit(130);
    closing = true;
    console.log('\nStopping. Orders that are under way go on after the next npm start.');
    await server.close();
    await gateway.close();
  };
  process.on('SIGINT', () => void close()).on('SIGTERM', () => void close());
}

function explain(server: string, gateway: string, id: string): void {
  const input = {
    customer: 'mari@example.com',
    items: [{ sku: 'camera', quantity: 1, price: 120_000 }],
    total: 120_000,
  };
  const callback = `$(curl -s ${gateway}/mails/${MANAGER}/callback)`;
  const step = (text: string) => styleText('bold', text);
  console.log(`
${styleText('green', `Stepwell is serving orders at ${server}`)}
  Runs are kept in ${FOLDER}/order.db. Payment, stock and mail are at ${gateway}, their ledger at ${gateway}/ledger.
  Kill this process in any way you like and start it again: every order goes on where it was.

${step('1  Start an order of ¥120,000')}
  curl ${server}/v1/workflows/order/runs -d '${JSON.stringify({ id, input })}'

${step('2  Approve it, as the manager (within 24 hours)')}
  curl ${server}/v1/callbacks/${callback}/succeed -d '{"value":{"approved":true}}'

${step('3  Watch it, in another terminal or afterwards')}
  curl -N ${server}/v1/runs/${id}/stream
`);
}
