import { type Ctx, isStepwellError, workflow } from 'stepwell';
import { z } from 'zod';
import { mail, type Payment, PaymentDeclined, payments, warehouse } from './services.ts';

/** From this total (in yen) on a manager decides. */
export const APPROVAL_FROM = 100_000;
export const MANAGER = 'manager@shop.example';

export const Order = z
  .object({
    customer: z.email(),
    items: z
      .array(z.object({ sku: z.string().min(1), quantity: z.int().positive(), price: z.int().positive() }))
      .min(1),
    total: z.int().positive(),
  })
  .refine((order) => order.total === sumOf(order.items), {
    path: ['total'],
    error: 'is not the sum of the items',
  });
export type Order = z.infer<typeof Order>;

const Decision = z.object({ approved: z.boolean(), reason: z.string().optional() });

/** An order of an online shop, from the check of its contents to the mail that tells how it went. */
export const order = workflow(
  'order',
  { version: '1', input: Order, timeout: '7d', errors: [PaymentDeclined] },
  async (ctx, order) => {
    const missing = await ctx.step('check stock', { retry: 5 }, (io) => warehouse.missing(order.items, io));
    if (missing.length > 0) {
      await tellCustomer(ctx, order, `We are out of ${missing.join(', ')}.`);
      return { status: 'out of stock' as const, missing };
    }

    if (order.total >= APPROVAL_FROM) {
      const decision = await askManager(ctx, order);
      if (!decision.approved) {
        await tellCustomer(ctx, order, 'We cannot take your order.');
        return { status: decision.status, reason: decision.reason };
      }
    }

    const payment = await charge(ctx, order);
    if (payment === 'declined') {
      await tellCustomer(ctx, order, 'Your card was declined.');
      return { status: 'declined' as const };
    }

    await tellCustomer(ctx, order, `Thank you! We have received your ${yen(order.total)}.`);
    return { status: 'paid' as const, payment };
  },
);

type Verdict = { approved: true } | { approved: false; status: 'rejected' | 'expired'; reason: string };

/** Waits for a person. Meanwhile the run is a row in a file: it costs no memory, and no restart disturbs it. */
async function askManager(ctx: Ctx, order: Order): Promise<Verdict> {
  ctx.setStatus('waiting for the manager');
  try {
    const decision = await ctx.waitForCallback(
      'approval',
      (callback, io) =>
        mail.send(
          {
            to: MANAGER,
            subject: `Approve order ${ctx.runId}?`,
            text: `${order.customer} orders for ${yen(order.total)}.`,
            callback,
          },
          io,
        ),
      { timeout: '24h', schema: Decision, retry: 5 },
    );
    if (decision.approved) return { approved: true };
    return { approved: false, status: 'rejected', reason: decision.reason ?? 'no reason given' };
  } catch (error) {
    if (!isStepwellError(error, 'WAIT_TIMED_OUT')) throw error;
    return { approved: false, status: 'expired', reason: 'nobody decided within 24 hours' };
  }
}

/**
 * Charges the customer, once, however often the request has to be sent: all attempts carry the same key. Should the
 * run fail or be cancelled later on, `undo` gives the money back.
 */
async function charge(ctx: Ctx, order: Order): Promise<Payment | 'declined'> {
  ctx.setStatus('charging the customer');
  try {
    return await ctx.step<Payment>(
      'charge',
      {
        retry: { attempts: 8, delay: '500ms', factor: 2, maxDelay: '30s', nonRetryable: [PaymentDeclined] },
        timeout: '10s',
        undo: (payment, io) => payments.refund(payment, io),
      },
      (io) => payments.charge(ctx.runId, order.customer, order.total, io),
    );
  } catch (error) {
    if (error instanceof PaymentDeclined) return 'declined';
    throw error;
  }
}

async function tellCustomer(ctx: Ctx, order: Order, text: string): Promise<void> {
  ctx.setStatus('writing to the customer');
  await ctx.step('notify', { retry: 5, timeout: '10s' }, (io) =>
    mail.send({ to: order.customer, subject: `Your order ${ctx.runId}`, text }, io),
  );
}

function sumOf(items: readonly { quantity: number; price: number }[]): number {
  return items.reduce((sum, { quantity, price }) => sum + quantity * price, 0);
}

function yen(amount: number): string {
  return `¥${amount.toLocaleString('en-US')}`;
}
