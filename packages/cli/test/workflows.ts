import { workflow } from 'stepwell';
import { z } from 'zod';

/** A step or two, and how a run ends well. */
export const greet = workflow('greet', { input: z.object({ name: z.string() }) }, async (ctx, { name }) => {
  const greeting = await ctx.step('choose', () => 'Hello');
  return ctx.step('greet', () => `${greeting} ${name}`);
});

/** Ends as its input says, without one well. */
export const end = workflow('end', async (ctx, how: 'failure' | 'timeout') => {
  if (how === 'failure') {
    await ctx.step('charge', { retry: { attempts: 2, delay: 1 } }, ({ attempt }) => {
      throw new Error(`the card was declined ${attempt} times`);
    });
  }
  await ctx.waitForEvent('never');
});

export const waitForGo = workflow('wait', async (ctx) => ({ came: await ctx.waitForEvent('go') }));

export const approve = workflow('approve', (ctx) =>
  ctx.waitForCallback('approval', () => 'asked', { timeout: '24h', heartbeat: '1h' }),
);

export const handOver = workflow('hand over', async (ctx, left: number) => {
  if (left > 0) ctx.continueAs(left - 1);
  return ctx.step('last', () => 'done');
});
