import { workflow } from 'stepwell';

// Keeps its process alive, as a pool of connections would.
setInterval(() => {}, 1_000);

/** As the one of replayed-workflows.ts, but another step is asked for, and nobody listens to what becomes of it. */
export const parcel = workflow('parcel', async (ctx) => {
  await ctx.step('pack', () => 'packed');
  const dropped = async () => {
    await ctx.step('dropped', () => 'dropped');
  };
  void dropped();
  await ctx.waitForEvent('collected');
});
