import { expect, test } from 'vitest';
import { workflow } from '../../src/index.ts';
import { testEngine } from '../../src/testing/index.ts';

const child = workflow('child', async (ctx) => ctx.step('work', () => 'done'));

/** A parent that starts its child as soon as its first body is let go, and an engine that is that far. */
async function parentBefore(after: 'returns' | 'sleeps') {
  const gate = Promise.withResolvers<void>();
  const parent = workflow('parent', async (ctx) => {
    await ctx.step('first', () => gate.promise);
    await ctx.start(child, undefined, { id: 'detached' });
    if (after === 'sleeps') await ctx.sleep('1h');
    return 'ended';
  });
  const engine = await testEngine({ workflows: [parent, child] });
  const run = await engine.start(parent);
  await engine.clock.settle();
  return { engine, run, parent, letGo: gate.resolve };
}

test('one that is asked for in a pause starts when its parent is resumed', async () => {
  const { engine, run, letGo } = await parentBefore('sleeps');
  await run.pause();
  letGo();
  expect(await engine.waitingFor(run.id)).toContainEqual({ kind: 'child', op: 'child', child: 'detached' });
  await expect(engine.well.get('detached')).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
  await run.resume();
  expect(await engine.result(run)).toBe('ended');
  expect(await engine.well.result('detached')).toBe('done');
  await engine.close();
});

test('one that is asked for in a pause starts with the end of its parent, if that comes first', async () => {
  const { engine, run, letGo } = await parentBefore('returns');
  await run.pause();
  letGo();
  expect(await engine.result(run)).toBe('ended');
  expect(await engine.well.result('detached')).toBe('done');
  await engine.close();
});

test('it is started once, although its parent begins anew after it', async () => {
  let fails = true;
  const parent = workflow('parent', async (ctx) => {
    const { id } = await ctx.start(child);
    await ctx.step('last', () => {
      if (fails) throw new Error('not yet');
    });
    return id;
  });
  await using engine = await testEngine({ workflows: [parent, child] });
  const run = await engine.start(parent);
  await expect(engine.result(run)).rejects.toThrow('not yet');
  fails = false;
  await run.retry();
  const id = await engine.result(run);
  expect((await engine.well.list({ workflow: 'child' })).runs.map((one) => one.id)).toEqual([id]);
});

test('it is none of the operations in flight, and so starts beyond their limit', async () => {
  const parent = workflow('parent', async (ctx) => {
    const slow = ctx.sleep('1h');
    const { id } = await ctx.start(child);
    await slow;
    return id;
  });
  await using engine = await testEngine({ workflows: [parent, child], limits: { operationsInFlight: 1 } });
  expect(await engine.well.result(await engine.run(parent, undefined))).toBe('done');
});
