// The world outside the shop as a small HTTP server: a payment API that fails by rule, a warehouse, a mail service.
//
//   node gateway.ts --ledger FILE [--port 8788] [--rule 503,503,ok]

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import type { Entry, Ledger, Service } from './ledger.ts';
import { type Answer, OutsideWorld } from './outside-world.ts';

export interface GatewayOptions {
  /** File of the ledger. */
  ledger: string;
  /** Default: one that is free. */
  port?: number;
  /** How charges fail (`failure-rule.ts`); default `ok`. */
  rule?: string;
  /** Told of every request as soon as it is in the ledger. */
  onEntry?: (entry: Entry) => void;
}

export interface Gateway {
  readonly url: string;
  readonly ledger: Ledger;
  close(): Promise<void>;
}

const EFFECTS: Readonly<Record<string, Exclude<Service, 'stock'>>> = {
  '/charges': 'charge',
  '/refunds': 'refund',
  '/mails': 'mail',
};

/**
 * - `POST /charges {order, customer, amount}`, `POST /refunds {charge}`, `POST /mails {to, subject, text, callback?}`:
 *   201 with the effect's `id`, or what the rule says. The same `Idempotency-Key` again: 200 with the same `id`.
 * - `GET /stock?sku=…&sku=…`: how many there are of each
 * - `GET /ledger`: every effect, and every request
 * - `GET /mails/{address}/callback`: the callback id in the newest mail to that address, as text
 */
export async function openGateway(options: GatewayOptions): Promise<Gateway> {
  const world = new OutsideWorld(options.ledger, options.rule ?? 'ok', options.onEntry ?? (() => {}));
  const server = createServer((request, response) => {
    route(world, request)
      .then((answer) => deliver(answer, response))
      .catch((error: unknown) => deliver(failed(400, String(error)), response));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ledger: world.ledger,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          world.ledger.close();
          resolve();
        });
        // Also those whose answer is held back.
        server.closeAllConnections();
      }),
  };
}

async function route(world: OutsideWorld, request: IncomingMessage): Promise<Answer> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://gateway');
  const effect = EFFECTS[pathname];
  if (request.method === 'POST' && effect !== undefined) {
    return world.perform(effect, idempotencyKey(request), await readJson(request));
  }
  if (request.method === 'GET' && pathname === '/stock') {
    return world.stockOf(searchParams.getAll('sku'), idempotencyKey(request));
  }
  if (request.method === 'GET' && pathname === '/ledger') return found(showLedger(world.ledger));
  const address = /^\/mails\/([^/]+)\/callback$/.exec(pathname)?.[1];
  if (request.method === 'GET' && address !== undefined) {
    const callback = world.newestCallback(decodeURIComponent(address));
    return callback === undefined ? failed(404, 'there is no such mail yet') : found(callback);
  }
  return failed(404, `there is no ${request.method} ${pathname}`);
}

function showLedger(ledger: Ledger): object {
  return {
    charges: ledger.effects('charge'),
    refunds: ledger.effects('refund'),
    mails: ledger.effects('mail'),
    requests: ledger.entries,
  };
}

function idempotencyKey(request: IncomingMessage): string {
  const key = request.headers['idempotency-key'];
  if (typeof key !== 'string' || key === '') throw new Error('the header Idempotency-Key is missing');
  return key;
}

async function readJson(request: IncomingMessage): Promise<object> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString()) as object;
}

function deliver({ status, body, delivery }: Answer, response: ServerResponse): void {
  if (delivery === 'held') return;
  if (delivery === 'lost') {
    response.destroy();
    return;
  }
  const isText = typeof body === 'string';
  response.writeHead(status, { 'content-type': isText ? 'text/plain' : 'application/json' });
  response.end(isText ? body : JSON.stringify(body));
}

function found(body: Answer['body']): Answer {
  return { status: 200, body, delivery: 'sent' };
}

function failed(status: number, error: string): Answer {
  return { status, body: { error }, delivery: 'sent' };
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      ledger: { type: 'string' },
      port: { type: 'string', default: '8788' },
      rule: { type: 'string', default: 'ok' },
    },
  });
  if (values.ledger === undefined)
    throw new Error('usage: node gateway.ts --ledger FILE [--port PORT] [--rule RULE]');
  const say = (what: object) => process.stdout.write(`${JSON.stringify(what)}\n`);
  const gateway = await openGateway({
    ledger: values.ledger,
    port: Number(values.port),
    rule: values.rule,
    onEntry: (entry) => say({ entry }),
  });
  say({ url: gateway.url });
}
