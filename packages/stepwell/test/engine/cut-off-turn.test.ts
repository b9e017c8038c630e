import { expect, test } from 'vitest';
import { workflow } from '../../src/index.ts';
import { testEngine } from '../../src/testing/index.ts';

test('a run that stood still outside its operations goes on with code that does that in a step', async () => {
  const never = new Promise<string>(() => {});
  const wrong = workflow('lookup', async (ctx) => {
    await ctx.step('before', () => 'done');
    return never;
  });
  const mended = workflow('lookup', async (ctx) => {
    await ctx.step('before', () => 'done');
    const found = await ctx.step('look up', () => 'found');
    await ctx.sleep('1h');
    return found;
  });
  const engine = await testEngine({ workflows: [wrong] });
  const run = await engine.start(wrong);
  await engine.clock.settle();
  expect(await run.info()).toMatchObject({ status: 'stuck', error: { code: 'WORKFLOW_NEVER_SETTLES' } });
  await engine.close();

  const { store, clock } = engine;
  // Without parking: the sleep ends in another replay, over the turn that was cut off and carried on.
  await using next = await testEngine({ workflows: [mended], store, clock, worker: { parked: 0 } });
  const ended = await next.skipUntil(run.id, ({ output }) => output !== undefined);
  expect(ended).toMatchObject({ status: 'succeeded', output: 'found' });
});
