import { workflow } from 'stepwell';
import { z } from 'zod';

export const greet = workflow('greet', async (ctx, input: { name: string }) => {
  const greeting = await ctx.step('compose', () => `Hello ${input.name}`);
  return { greeting };
});

export const strict = workflow('strict', { input: z.object({ count: z.number() }) }, async () => {});

/** Gives back what it got. */
export const echo = workflow('echo', async (_ctx, input: unknown) => input);

export const approval = workflow('approval', async (ctx) => {
  const decision = await ctx.waitForCallback('manager', () => undefined, { heartbeat: '1h' });
  return { decision };
});

/** Goes on with each event `go`, and ends with the third. */
export const stages = workflow('stages', async (ctx) => {
  const values: unknown[] = [];
  for (let stage = 1; stage <= 3; stage++) {
    values.push((await ctx.waitForEvent('go')) ?? null);
    await ctx.step(`stage ${stage}`, () => stage);
  }
  return values;
});

class Declined extends Error {
  readonly reason = 'no money';
  override name = 'Declined';
}

/** Fails until somebody repairs it. */
export const repairable = { broken: true };
export const fragile = workflow('fragile', async (ctx) => {
  const prepared = await ctx.step('prepare', () => 'prepared');
  await ctx.step('charge', () => {
    if (repairable.broken) throw new Declined('The card was declined');
  });
  return prepared;
});

/** Runs anew once, as another run. */
export const relay = workflow('relay', async (ctx, input: { leg: number }) => {
  if (input.leg < 2) ctx.continueAs({ leg: input.leg + 1 });
  await ctx.waitForEvent('finish');
  return `leg ${input.leg}`;
});

/** Cleans up when it is cancelled, until it is told that it is clean. */
export const tidy = workflow('tidy', async (ctx) => {
  try {
    return await ctx.waitForEvent('go');
  } catch {
    await ctx.waitForEvent('cleaned');
    return 'clean';
  }
});
