import { expect, test } from 'vitest';
import { workflow } from '../../src/index.ts';
import { testEngine } from '../../src/testing/index.ts';
import { outside } from './effects.ts';

test('steps that were undone are done again, under another idempotency key', async () => {
  const log: string[] = [];
  let broken = true;
  const trip = workflow('trip', async (ctx) => {
    const undo = (_: unknown, io: { idempotencyKey: string }) => void log.push(`undo ${io.idempotencyKey}`);
    await ctx.step('book', { undo }, ({ idempotencyKey }) => void log.push(`book ${idempotencyKey}`));
    await ctx.step('pay', () => {
      if (broken) throw new Error('no money');
    });
  });
  await using engine = await testEngine({ workflows: [trip] });
  const run = await engine.start(trip, undefined, { id: 't' });
  for (let n = 0; n < 2; n++) {
    await expect(run.result()).rejects.toThrow('no money');
    await run.retry();
  }
  await expect(run.result()).rejects.toThrow('no money');
  broken = false;
  await run.retry();
  await run.result();
  const [first, , second, , third, , fourth] = log;
  expect(log).toHaveLength(7);
  expect(first).toBe('book t/book');
  expect(new Set([first, second, third, fourth]).size).toBe(4);
  expect(log.filter((line) => line.startsWith('undo'))).toHaveLength(3);
});

test('a map of which 3 items failed does those 3 again, and no other', async () => {
  const { done, broken, effect } = outside();
  const items = Array.from({ length: 20 }, (_, n) => `item ${n}`);
  for (const n of [3, 11, 17]) broken.add(`item ${n}`);
  // They fail last: an item that had not ended when too many had failed would be cancelled, and done again as well.
  const others = Promise.withResolvers<void>();
  const batch = workflow('batch', async (ctx) => {
    const work = async (item: string) => {
      if (broken.has(item)) await others.promise;
      return effect(item)();
    };
    const { values } = await ctx.map('all', items, (inner, item) => inner.step('do', () => work(item)), {
      tolerate: { count: 2 },
    });
    return values;
  });
  await using engine = await testEngine({ workflows: [batch] });
  const run = await engine.start(batch);
  await engine.clock.settle();
  others.resolve();
  await expect(run.result()).rejects.toMatchObject({ code: 'GROUP_FAILED' });
  broken.clear();
  const first = done.splice(0);
  await run.retry();
  expect(await run.result()).toEqual(items);
  expect(new Set(first).size).toBe(20);
  expect(done.toSorted()).toEqual(['item 11', 'item 17', 'item 3']);
});

test('failures that a map tolerated stay, when something later failed', async () => {
  const { done, broken, effect } = outside();
  broken.add('2').add('later');
  const batch = workflow('batch', async (ctx) => {
    const { outcomes } = await ctx.map('all', [1, 2, 3], (inner, n) => inner.step('do', effect(`${n}`)), {
      tolerate: { count: 1 },
    });
    await ctx.step('later', effect('later'));
    return outcomes.map(({ status }) => status);
  });
  await using engine = await testEngine({ workflows: [batch] });
  const run = await engine.start(batch);
  await expect(run.result()).rejects.toThrow('later is broken');
  broken.clear();
  await run.retry();
  expect(await run.result()).toEqual(['succeeded', 'failed', 'succeeded']);
  expect(done).toEqual(['1', '2', '3', 'later', 'later']);
});

test('of a parent whose child failed: a new child is started', async () => {
  let broken = true;
  const child = workflow('child', async (ctx) =>
    ctx.step('work', () => {
      if (broken) throw new Error('the child failed');
      return 'done';
    }),
  );
  const parent = workflow('parent', async (ctx) => ctx.run(child));
  await using engine = await testEngine({ workflows: [parent, child] });
  const run = await engine.start(parent);
  await expect(run.result()).rejects.toThrow('the child failed');
  broken = false;
  await run.retry();
  expect(await run.result()).toBe('done');
  expect((await engine.well.list({ workflow: 'child' })).runs.map(({ status }) => status)).toEqual([
    'succeeded',
    'failed',
  ]);
});

test('events that came and were not taken are still there', async () => {
  let broken = true;
  const chain = workflow('chain', async (ctx) => {
    const first = await ctx.waitForEvent('a');
    await ctx.step('break', () => {
      if (broken) throw new Error('not yet');
    });
    return [first, await ctx.waitForEvent('a')];
  });
  await using engine = await testEngine({ workflows: [chain] });
  const run = await engine.start(chain);
  await run.raiseEvent('a', 1);
  await run.raiseEvent('a', 2);
  await expect(run.result()).rejects.toThrow('not yet');
  broken = false;
  await run.retry();
  expect(await run.result()).toEqual([1, 2]);
});

test('a retry that was acknowledged is not lost with the process, and is done once', async () => {
  const { done, broken, effect } = outside();
  broken.add('a');
  const chain = workflow('chain', async (ctx) => ctx.step('a', effect('a')));
  await using engine = await testEngine({ workflows: [chain] });
  const run = await engine.start(chain);
  await expect(run.result()).rejects.toThrow('a is broken');
  broken.clear();
  await run.retry();
  engine.well.kill();
  for (const { id } of await engine.store.workers()) await engine.store.retire(id, engine.clock.now());
  await using next = await testEngine({ workflows: [chain], store: engine.store, clock: engine.clock });
  expect(await next.well.result(run.id)).toBe('a');
  expect(done).toEqual(['a', 'a']);
});
