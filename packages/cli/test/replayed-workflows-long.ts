import { workflow } from 'stepwell';

/** What it is given, and what it makes of it, decides what it asks for. */
export const long = workflow('long', async (ctx, { text }: { text: string }) => {
  const twice = await ctx.step(`double ${text.length}`, () => text + text);
  await ctx.waitForEvent(`after ${twice.length}`);
});
