import { workflow } from 'stepwell';

/** Waits for an event between two steps, in two ways that its input decides. */
export const parcel = workflow('parcel', async (ctx, { express }: { express: boolean }) => {
  await ctx.step('pack', () => 'packed');
  if (express) await ctx.step('call courier', () => 'called');
  await ctx.waitForEvent('collected');
  return ctx.step('tell', () => 'told');
});

export const approval = workflow('approval', async (ctx) => {
  const answer = await ctx.waitForCallback('answer', () => {});
  await ctx.step('note', () => 'noted');
  return answer;
});
