import { isStepwellError, workflow, type Definition } from '../../src/index.ts';

export const ORDERS = 120;
type Effect = (line: string) => void;

export const child = (effect: Effect): Definition<{ n: number }, number> =>
  workflow('child', async (ctx, { n }: { n: number }) =>
    ctx.step('pack', () => {
      effect(`${ctx.runId}/pack`);
      return n * 2;
    }),
  );

export const order = (effect: Effect): Definition<{ n: number }, unknown> =>
  workflow('order', async (ctx, { n }: { n: number }) => {
    const note = (name: string) => ctx.step(name, ({ idempotencyKey }) => effect(idempotencyKey));
    await note('check');
    await ctx.sleep(n % 20);
    const { id } = await ctx.waitForEvent<{ id: string }>('paid');
    const charge = await ctx
      .step('charge', { atMostOnce: true }, ({ idempotencyKey }) => {
        effect(idempotencyKey);
        return 'charged';
      })
      .catch((error: unknown) => {
        if (isStepwellError(error, 'STEP_UNCERTAIN')) return 'uncertain';
        throw error;
      });
    const { values } = await ctx.map('parts', [1, 2, 3], (inner, part) =>
      inner.step('part', ({ idempotencyKey }) => {
        effect(idempotencyKey);
        return part * n;
      }),
    );
    const packed = await ctx.run('child', { n }, { id: `${ctx.runId}-child` });
    return { id, charge, values, packed };
  });
