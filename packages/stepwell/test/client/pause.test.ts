import { expect, test } from 'vitest';
import { Stepwell, workflow } from '../../src/index.ts';
import { openMemoryStore } from '../../src/store/memory/store.ts';
import { TestClock, testEngine } from '../../src/testing/index.ts';

const child = workflow('child', async (ctx) => ctx.step('work', () => 'done'));

test('while it is paused a running body may finish, and nothing new begins', async () => {
  const begun: string[] = [];
  const gate = Promise.withResolvers<string>();
  const chain = workflow('chain', async (ctx) => {
    const first = await ctx.step('first', () => (begun.push('first'), gate.promise));
    const second = await ctx.step('second', () => (begun.push('second'), 'b'));
    return [first, second, await ctx.run(child)];
  });
  await using engine = await testEngine({ workflows: [chain, child] });
  const run = await engine.start(chain);
  await engine.clock.settle();
  await run.pause({ reason: 'an audit' });
  gate.resolve('a');
  await engine.clock.settle();
  const info = await run.info();
  expect(info).toMatchObject({
    status: 'paused',
    waitingFor: [{ kind: 'paused' }, { kind: 'step', op: 'second' }],
  });
  expect(info.waitingFor[0]!.detail).toContain('an audit');
  await engine.advance('1d');
  expect(begun).toEqual(['first']);
  await run.resume();
  expect(await run.result()).toEqual(['a', 'b', 'done']);
  expect(begun).toEqual(['first', 'second']);
});

test('a child that is asked for while its parent is paused starts when it is resumed', async () => {
  const gate = Promise.withResolvers<void>();
  const parent = workflow('parent', async (ctx) => {
    await ctx.step('first', () => gate.promise);
    const detached = await ctx.start(child, undefined, { id: 'detached' });
    return [detached.id, await ctx.run(child, undefined, { id: 'awaited' })];
  });
  await using engine = await testEngine({ workflows: [parent, child] });
  const run = await engine.start(parent);
  await engine.clock.settle();
  await run.pause();
  gate.resolve();
  await engine.advance('1m');
  expect((await engine.well.list({ workflow: 'child' })).runs).toEqual([]);
  await run.resume();
  expect(await run.result()).toEqual(['detached', 'done']);
});

test('timers wait: what came due in the meantime comes with the resume', async () => {
  const sleeper = workflow('sleeper', async (ctx) => {
    await ctx.sleep('1h');
    return ctx.now();
  });
  await using engine = await testEngine({ workflows: [sleeper], start: 0 });
  const [short, long] = [await engine.start(sleeper), await engine.start(sleeper)];
  await engine.clock.settle();
  for (const run of [short, long]) await run.pause();
  await engine.advance('30m');
  await short.resume();
  await engine.advance('90m');
  expect(await short.result()).toBe(3_600_000);
  expect((await long.info()).status).toBe('paused');
  await long.resume();
  expect(await long.result()).toBe(7_200_000);
});

test('timers that come due while a body still runs wait as well', async () => {
  const gate = Promise.withResolvers<string>();
  const both = workflow('both', async (ctx) =>
    Promise.all([
      ctx.step('slow', () => gate.promise),
      ctx.sleep('1h').then(() => ctx.step('after', () => 'slept')),
    ]),
  );
  await using engine = await testEngine({ workflows: [both] });
  const run = await engine.start(both);
  await engine.clock.settle();
  await run.pause();
  await engine.advance('2h');
  gate.resolve('a');
  await engine.clock.settle();
  expect((await run.info()).waitingFor).toMatchObject([{ kind: 'paused' }, { kind: 'sleep', op: 'sleep' }]);
  await run.resume();
  expect(await run.result()).toEqual(['a', 'slept']);
});

test('retries and the run’s own timeout wait as well', async () => {
  let attempts = 0;
  const failing = workflow('failing', { timeout: '2h' }, async (ctx) =>
    ctx.step('try', { retry: { attempts: 2, delay: '1h' } }, () => {
      if (++attempts === 1) throw new Error('not yet');
      return 'done';
    }),
  );
  await using engine = await testEngine({ workflows: [failing] });
  const run = await engine.start(failing);
  await engine.clock.settle();
  await run.pause();
  await engine.advance('1d');
  expect([(await run.info()).status, attempts]).toEqual(['paused', 1]);
});

test('events and callbacks are acknowledged, and wait in their order', async () => {
  const collector = workflow('collector', async (ctx) => {
    const callback = ctx.createCallback<string>('approve');
    return [await ctx.waitForEvent('a'), await ctx.waitForEvent('a'), await callback.result];
  });
  await using engine = await testEngine({ workflows: [collector] });
  const run = await engine.start(collector);
  await engine.clock.settle();
  const { callback } = (await run.info()).waitingFor.find(({ kind }) => kind === 'callback')!;
  await run.pause();
  await run.raiseEvent('a', 1);
  await engine.clock.settle();
  await engine.well.callbacks.succeed(callback!, 'yes');
  await run.raiseEvent('a', 2);
  await engine.advance('1h');
  expect((await run.info()).status).toBe('paused');
  await run.resume();
  await run.raiseEvent('a', 3);
  expect(await run.result()).toEqual([1, 2, 'yes']);
});

test('facts that waited through a pause survive the process', async () => {
  const collector = workflow('collector', async (ctx) => [
    await ctx.waitForEvent('a'),
    await ctx.waitForEvent('a'),
  ]);
  await using engine = await testEngine({ workflows: [collector] });
  const run = await engine.start(collector);
  await engine.clock.settle();
  await run.pause();
  await run.raiseEvent('a', 1);
  await engine.clock.settle();
  await run.raiseEvent('a', 2);
  await engine.close();
  await using next = await testEngine({ workflows: [collector], store: engine.store, clock: engine.clock });
  await next.advance('1h');
  expect((await next.well.get(run.id)).status).toBe('paused');
  await next.well.resume(run.id);
  await next.clock.settle();
  expect((await next.well.get(run.id)).output).toEqual([1, 2]);
});

test('an event that waited through a pause is not lost when the function begins anew just as it is resumed', async () => {
  let lives = 0;
  const retried = workflow('retried', { retry: { attempts: 2, delay: '1h' } }, async (ctx) => {
    lives++;
    if (lives === 1) await ctx.step('once', { atMostOnce: true }, () => new Promise(() => {}));
    return ctx.waitForEvent('a', { timeout: '1d' });
  });
  const engine = await testEngine({ workflows: [retried] });
  const run = await engine.start(retried);
  await engine.clock.settle();
  await run.pause();
  await engine.clock.settle();
  engine.well.kill();
  const { store, clock } = engine;
  for (const { id } of await store.workers()) await store.retire(id, clock.now());
  lives = 0;
  await using next = await testEngine({ workflows: [retried], store, clock });
  await clock.settle();
  await next.well.raiseEvent(run.id, 'a', 'kept');
  // The step is uncertain: the first life ends at once.
  await next.well.resume(run.id);
  await clock.settle();
  expect((await next.well.get(run.id)).waitingFor).toMatchObject([{ kind: 'retry' }]);
  await next.advance('1h');
  expect((await next.well.get(run.id)).output).toBe('kept');
});

test('a pause survives the process, also where a body was running', async () => {
  let bodies = 0;
  const chain = workflow('chain', async (ctx) => {
    await ctx.step('hang', () => (++bodies === 1 ? new Promise(() => {}) : 'ok'));
    return 'done';
  });
  await using engine = await testEngine({ workflows: [chain] });
  const run = await engine.start(chain);
  await engine.clock.settle();
  await run.pause();
  await engine.clock.settle();
  await engine.close();
  await using next = await testEngine({ workflows: [chain], store: engine.store, clock: engine.clock });
  await next.advance('1h');
  expect([(await next.well.get(run.id)).status, bodies]).toEqual(['paused', 1]);
  await next.well.resume(run.id);
  await next.clock.settle();
  expect([(await next.well.get(run.id)).status, bodies]).toEqual(['succeeded', 2]);
});

test('a run that has not begun is held back, and begins when it is resumed', async () => {
  await using engine = await testEngine({ workflows: [child] });
  const run = await engine.start(child, undefined, { delay: '30m' });
  await run.pause();
  await engine.advance('1h');
  expect(await run.info()).toMatchObject({ status: 'paused' });
  await run.resume();
  expect(await run.result()).toBe('done');
});

test('pause and resume do not cut the delay of a start short', async () => {
  await using engine = await testEngine({ workflows: [child] });
  const run = await engine.start(child, undefined, { delay: '1h' });
  await run.pause();
  await engine.advance('10m');
  await run.resume();
  await engine.advance('10m');
  expect((await run.info()).endedAt).toBeUndefined();
  await engine.advance('40m');
  expect((await run.info()).status).toBe('succeeded');
});

test('pausing twice and resuming once is enough; resuming what runs changes nothing', async () => {
  const waiter = workflow('waiter', async (ctx) => ctx.waitForEvent('go'));
  await using engine = await testEngine({ workflows: [waiter] });
  const run = await engine.start(waiter);
  await run.resume();
  await engine.clock.settle();
  expect((await run.info()).status).toBe('waiting');
  await run.pause();
  await run.pause();
  await engine.clock.settle();
  await run.resume();
  await engine.clock.settle();
  expect((await run.info()).status).toBe('waiting');
  await run.raiseEvent('go', 1);
  expect(await run.result()).toBe(1);
});

test('of a resume and a pause that no worker has seen yet, the last one counts', async () => {
  const waits = workflow('waits', async (ctx) => ctx.waitForEvent('go'));
  const [store, clock] = [openMemoryStore(), new TestClock(0)];
  await using client = await Stepwell.open({
    store,
    system: clock.system,
    workflows: [waits],
    worker: false,
  });
  const run = await client.start(waits);
  await run.pause();
  await run.resume();
  await run.pause();
  await using worker = await testEngine({ workflows: [waits], store, clock });
  await run.raiseEvent('go', 1);
  await worker.clock.settle();
  expect((await run.info()).status).toBe('paused');
  await run.resume();
  expect(await run.result()).toBe(1);
});

test('a run that has ended can neither be paused nor resumed', async () => {
  await using engine = await testEngine({ workflows: [child] });
  const run = await engine.start(child);
  await run.result();
  await expect(run.pause()).rejects.toMatchObject({ code: 'RUN_ENDED' });
  await expect(run.resume()).rejects.toMatchObject({ code: 'RUN_ENDED' });
});
