import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testEngine, type TestEngine, type TestOptions } from 'stepwell/testing';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Gateway, openGateway } from '../gateway.ts';
import type { Service } from '../ledger.ts';
import { MANAGER, type Order, order } from '../workflow.ts';

const CUSTOMER = 'mari@example.com';
const SMALL: Order = {
  customer: CUSTOMER,
  items: [{ sku: 'lens', quantity: 2, price: 20_000 }],
  total: 40_000,
};
const LARGE: Order = {
  customer: CUSTOMER,
  items: [{ sku: 'camera', quantity: 1, price: 100_000 }],
  total: 100_000,
};

let folder: string;
let gateway: Gateway;
let engine: TestEngine;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stepwell-order-'));
});

afterEach(async () => {
  await engine.close();
  await gateway.close();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** An engine whose clock is moved by hand, beside a real gateway. */
async function open(rule = 'ok', steps: TestOptions['steps'] = {}): Promise<void> {
  gateway = await openGateway({ ledger: join(folder, 'ledger.jsonl'), rule });
  vi.stubEnv('ORDER_GATEWAY', gateway.url);
  engine = await testEngine({ workflows: [order], steps });
}

/** What became of the requests to a service, in their order. */
function outcomes(service: Service): string[] {
  return gateway.ledger.entries.filter((entry) => entry.service === service).map(({ outcome }) => outcome);
}

/** What the customer was told. */
function told(): string[] {
  const mails = gateway.ledger.effects('mail').map((entry) => entry.request as { to: string; text: string });
  return mails.filter(({ to }) => to === CUSTOMER).map(({ text }) => text);
}

/** The id by which the manager decides; the run waits for nothing else. */
async function askedManager(run: string): Promise<string> {
  const [reason] = await engine.waitingFor(run);
  expect(reason).toMatchObject({ kind: 'callback', op: 'approval' });
  const callbacks = gateway.ledger
    .effects('mail')
    .map((entry) => entry.request as { to: string; callback: string });
  expect(callbacks).toMatchObject([{ to: MANAGER, callback: reason!.callback }]);
  return reason!.callback!;
}

test('a small order is charged without asking anybody', async () => {
  await open();
  const result = await engine.run(order, SMALL);
  expect(result).toEqual({ status: 'paid', payment: { charge: 'charge-1', amount: 40_000 } });
  expect(told()).toEqual(['Thank you! We have received your ¥40,000.']);
  expect(gateway.ledger.effects('mail')).toHaveLength(1);
});

test('from ¥100,000 up nothing is charged before the manager has approved', async () => {
  await open();
  const run = await engine.start(order, LARGE);
  const callback = await askedManager(run.id);
  expect(outcomes('charge')).toEqual([]);
  await engine.well.callbacks.succeed(callback, { approved: true });
  expect(await engine.result(run)).toMatchObject({ status: 'paid' });
  expect(outcomes('charge')).toEqual(['done']);
});

test('an order that the manager rejects is not charged', async () => {
  await open();
  const run = await engine.start(order, LARGE);
  await engine.well.callbacks.succeed(await askedManager(run.id), {
    approved: false,
    reason: 'never heard of them',
  });
  expect(await engine.result(run)).toEqual({ status: 'rejected', reason: 'never heard of them' });
  expect(outcomes('charge')).toEqual([]);
  expect(told()).toEqual(['We cannot take your order.']);
});

test('after 24 hours without a decision the order expires', async () => {
  await open();
  const run = await engine.start(order, LARGE);
  const callback = await askedManager(run.id);
  await engine.advance('23h59m');
  expect(await askedManager(run.id)).toBe(callback);
  await engine.advance('1m');
  expect(await engine.result(run)).toEqual({ status: 'expired', reason: 'nobody decided within 24 hours' });
  expect(outcomes('charge')).toEqual([]);
  await expect(engine.well.callbacks.succeed(callback, { approved: true })).rejects.toMatchObject({
    code: 'CALLBACK_CLOSED',
  });
});

test('a payment API that fails now and then charges once', async () => {
  await open('503,lost,500,ok');
  expect(await engine.run(order, SMALL)).toMatchObject({ status: 'paid' });
  expect(outcomes('charge')).toEqual(['refused', 'done', 'refused', 'repeated']);
});

test('a declined card is not tried again, and there is nothing to undo', async () => {
  await open('declined');
  expect(await engine.run(order, SMALL)).toEqual({ status: 'declined' });
  expect(outcomes('charge')).toEqual(['refused']);
  expect(outcomes('refund')).toEqual([]);
  expect(told()).toEqual(['Your card was declined.']);
});

test('a payment API that stays down fails the run, which can be retried once it is up', async () => {
  await open('503,503,503,503,503,503,503,503,ok');
  const run = await engine.start(order, SMALL);
  await expect(engine.result(run)).rejects.toMatchObject({ name: 'ServiceUnavailable' });
  expect(outcomes('charge')).toEqual(Array(8).fill('refused'));
  expect(outcomes('refund')).toEqual([]);
  await run.retry();
  expect(await engine.result(run)).toMatchObject({ status: 'paid' });
  expect(outcomes('stock')).toEqual(['done']);
});

test('if the customer cannot be told for good, the money goes back', async () => {
  const notify = () => {
    throw new Error('no such mailbox');
  };
  await open('ok', { order: { notify } });
  const run = await engine.start(order, SMALL);
  await expect(engine.result(run)).rejects.toThrow('no such mailbox');
  expect(gateway.ledger.effects('refund').map(({ request }) => request)).toEqual([{ charge: 'charge-1' }]);
});

test('what is not in stock is not sold', async () => {
  await open();
  const items = [...SMALL.items, { sku: 'tripod', quantity: 1, price: 5_000 }];
  expect(await engine.run(order, { ...SMALL, items, total: 45_000 })).toEqual({
    status: 'out of stock',
    missing: ['tripod'],
  });
  expect(told()).toEqual(['We are out of tripod.']);
  expect(outcomes('charge')).toEqual([]);
});

test.each([
  ['a total that is not the sum', { ...SMALL, total: 1 }, 'total: is not the sum of the items'],
  ['no items', { ...SMALL, items: [], total: 1 }, 'items: '],
  ['a customer without an address', { ...SMALL, customer: 'Mari' }, 'customer: '],
])('an order with %s is not taken', async (_, input, problem) => {
  await open();
  await expect(engine.start(order, input)).rejects.toMatchObject({
    code: 'INPUT_INVALID',
    message: expect.stringContaining(problem),
  });
});
