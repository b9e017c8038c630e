import { workflow } from 'stepwell';

export { approval } from './replayed-workflows.ts';

/** As the one of replayed-workflows.ts, but express parcels are weighed first. */
export const parcel = workflow('parcel', async (ctx, { express }: { express: boolean }) => {
  await ctx.step('pack', () => 'packed');
  if (express) {
    await ctx.step('weigh', () => 'weighed');
    await ctx.step('call courier', () => 'called');
  }
  await ctx.waitForEvent('collected');
  return ctx.step('tell', () => 'told');
});

export const parcel2 = workflow('parcel', { version: '2' }, async (ctx) => ctx.sleep('rest', '1d'));
