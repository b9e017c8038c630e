import { workflow } from 'stepwell';

export const order = workflow('order', async (ctx, total: number) => {
  const doubled = await ctx.step('double', () => total * 2);
  const { amount } = await ctx.waitForEvent<{ amount: number }>('paid');
  await ctx.sleep('10ms');
  return { result: await ctx.step('add', () => doubled + amount), by: process.pid };
});
