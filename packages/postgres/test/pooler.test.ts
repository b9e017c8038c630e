import { expect, onTestFinished, test } from 'vitest';
import { Stepwell, workflow } from 'stepwell';
import { databaseUrl, newSchema } from './database.ts';
import { TransactionPooler } from './pooler.ts';

const order = workflow('order', async (ctx, total: number) => {
  const doubled = await ctx.step('double', () => total * 2);
  const { amount } = await ctx.waitForEvent<{ amount: number }>('paid');
  return doubled + amount;
});

test('goes through a pooler that gives each transaction another connection', async () => {
  const direct = await databaseUrl();
  const pooler = await TransactionPooler.to(direct, 7);
  onTestFinished(() => pooler.close());
  const url = new URL(pooler.url);
  url.searchParams.set('schema', newSchema());
  url.searchParams.set('listen_url', direct);
  await using worker = await Stepwell.open({ store: url.href, workflows: [order] });
  await using client = await Stepwell.open({ store: url.href, workflows: [order], worker: false });
  const runs = await Promise.all(Array.from({ length: 20 }, (_, n) => client.start(order, n)));
  await Promise.all(runs.map((run) => run.raiseEvent('paid', { amount: 1 })));
  expect(await Promise.all(runs.map((run) => run.result()))).toEqual(runs.map((_, n) => 2 * n + 1));
  expect(await worker.counts()).toEqual({ succeeded: 20 });
  expect(pooler.transactions).toBeGreaterThan(20);
});
