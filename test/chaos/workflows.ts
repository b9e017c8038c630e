import {
  isStepwellError,
  workflow,
  type AnyDefinition,
  type RetryOptions,
  type StepIO,
} from '../../packages/stepwell/src/index.ts';
import { book } from './bookings.ts';
import type { LedgerClient } from './ledger-client.ts';

/** What an order gives; every number is a receipt of the ledger. */
interface OrderResult {
  readonly paid: string;
  readonly charged: number | 'uncertain';
  readonly approved: string;
  readonly parts: readonly (number | string)[];
  readonly packed: number;
}

interface RepairResult {
  readonly looked: number;
  readonly mended: number;
  readonly paid: string;
}

type Tx = Parameters<typeof book>[0];

/** What it does is not in the ledger, but in a table. */
export const BOOK = 'book';
export const PARTS = [0, 1, 2, 3];
export const isMissing = (n: number, part: number) => (n + part) % 3 === 0;
export const isOff = (n: number) => n % 2 === 0;
const AGAIN: RetryOptions = { attempts: Number.POSITIVE_INFINITY, delay: 5, maxDelay: 50 };

/**
 * An order takes part in everything that can wait; a trip is taken back every other time; a stay ends only when it is
 * cancelled; a repair fails until an operator has mended what is broken and retries it.
 */
export function workflowsOn(ledger: LedgerClient): AnyDefinition[] {
  const effect = (io: StepIO) => ledger.effect(io);
  const undo = (receipt: number, io: StepIO) => ledger.effect(io, { undoes: receipt });

  const pack = workflow('pack', async (ctx, { n }: { n: number }) => {
    await ctx.sleep(n % 20);
    await ctx.transaction(BOOK, { retry: AGAIN }, (tx: Tx, io) => book(tx, io.idempotencyKey));
    return ctx.step('pack', { retry: AGAIN }, effect);
  });

  const order = workflow('order', async (ctx, { n }: { n: number }): Promise<OrderResult> => {
    await ctx.step('check', { retry: AGAIN }, effect);
    await ctx.sleep(n % 40);
    const paid = await ctx.waitForEvent<string>('paid');
    const charged = await ctx
      .step('charge', { atMostOnce: true, retry: AGAIN }, effect)
      .catch((error: unknown) => {
        if (isStepwellError(error, 'STEP_UNCERTAIN')) return 'uncertain' as const;
        throw error;
      });
    const approved = await ctx
      .waitForCallback<string>('approve', (callback, io) => ledger.effect(io, { callback, run: ctx.runId }), {
        retry: AGAIN,
      })
      .catch((error: Error) => `refused: ${error.message}`);
    const { outcomes } = await ctx.map(
      'parts',
      PARTS,
      async (inner, part) => {
        const receipt = await inner.step('part', { retry: AGAIN }, effect);
        if (isMissing(n, part)) throw new Error(`no part ${part}`);
        return receipt;
      },
      { concurrency: 2, tolerate: { count: PARTS.length } },
    );
    const packed = await ctx.run(pack, { n }, { id: `${ctx.runId}-pack` });
    await ctx.start(pack, { n }, { id: `${ctx.runId}-detached` });
    const parts = outcomes.map((outcome) => {
      if (outcome.status === 'succeeded') return outcome.value;
      return outcome.status === 'failed' ? outcome.error.message : outcome.status;
    });
    return { paid, charged, approved, parts, packed };
  });

  const trip = workflow('trip', async (ctx, { n }: { n: number }) => {
    const flight = await ctx.step('flight', { retry: AGAIN, undo }, effect);
    const hotel = await ctx.step(
      'hotel',
      { retry: AGAIN, undo, atMostOnce: true, reconcile: (io) => ledger.find(io) },
      effect,
    );
    await ctx.sleep(n % 30);
    if (isOff(n)) throw new Error(`trip ${n} is off`);
    return { flight, hotel };
  });

  const guest = workflow('guest', async (ctx) => {
    await ctx.step('arrive', { retry: AGAIN, undo }, effect);
    await ctx.waitForEvent('never');
  });

  const stay = workflow('stay', async (ctx) => {
    await ctx.step('reserve', { retry: AGAIN, undo }, effect);
    await ctx.run(guest, undefined, { id: `${ctx.runId}-guest` });
  });

  const repair = workflow('repair', async (ctx): Promise<RepairResult> => {
    const looked = await ctx.step('look', { retry: AGAIN }, effect);
    const mended = await ctx.step('mend', (io) => ledger.effect(io, { mendedFirst: ctx.runId }));
    return { looked, mended, paid: await ctx.waitForEvent<string>('paid') };
  });

  return [pack, order, trip, guest, stay, repair];
}
