// What the workflow's steps call: the warehouse, the payment API and the mail service, each over HTTP.

import type { StepIO } from 'stepwell';

export interface Item {
  readonly sku: string;
  readonly quantity: number;
}

export interface Payment {
  readonly charge: string;
  readonly amount: number;
}

/** The bank says no, and would say so again: trying once more is no use. */
export class PaymentDeclined extends Error {
  override name = 'PaymentDeclined';
}

/** A service that could not do it now, and perhaps can a little later. */
export class ServiceUnavailable extends Error {
  override name = 'ServiceUnavailable';
}

export const warehouse = {
  /** The items of which there are not enough. */
  async missing(items: readonly Item[], io: StepIO): Promise<string[]> {
    const query = new URLSearchParams(items.map(({ sku }): [string, string] => ['sku', sku]));
    const stock = (await call('GET', `/stock?${query.toString()}`, undefined, io)) as Record<string, number>;
    return items.filter(({ sku, quantity }) => (stock[sku] ?? 0) < quantity).map(({ sku }) => sku);
  },
};

export const payments = {
  async charge(order: string, customer: string, amount: number, io: StepIO): Promise<Payment> {
    const { id } = (await call('POST', '/charges', { order, customer, amount }, io)) as { id: string };
    return { charge: id, amount };
  },
  async refund(payment: Payment, io: StepIO): Promise<void> {
    await call('POST', '/refunds', { charge: payment.charge }, io);
  },
};

export const mail = {
  async send(
    message: { to: string; subject: string; text: string; callback?: string },
    io: StepIO,
  ): Promise<void> {
    await call('POST', '/mails', message, io);
  },
};

/** The idempotency key is the same for all attempts of a step, so that the other side can tell a second attempt from a second order. */
async function call(method: string, path: string, body: object | undefined, io: StepIO): Promise<unknown> {
  const gateway = process.env['ORDER_GATEWAY'] ?? 'http://127.0.0.1:8788';
  const response = await fetch(`${gateway}${path}`, {
    method,
    headers: { 'content-type': 'application/json', 'idempotency-key': io.idempotencyKey },
    signal: io.signal,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const answer = (await response.json()) as { error?: string };
  if (response.ok) return answer;
  const message = `${method} ${path.replace(/\?.*/, '')} answered ${response.status}: ${answer.error}`;
  throw response.status === 402 ? new PaymentDeclined(message) : new ServiceUnavailable(message);
}
