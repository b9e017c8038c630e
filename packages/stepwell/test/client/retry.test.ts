import { expect, test } from 'vitest';
import { workflow } from '../../src/index.ts';
import { testEngine } from '../../src/testing/index.ts';
import { outside } from './effects.ts';

test('what succeeded is not done again, what failed is', async () => {
  const { done, broken, effect } = outside();
  broken.add('b');
  const chain = workflow('chain', async (ctx) => [
    await ctx.step('a', effect('a')),
    await ctx.step('b', effect('b')),
    await ctx.step('c', effect('c')),
  ]);
  await using engine = await testEngine({ workflows: [chain] });
  const run = await engine.start(chain);
  await expect(run.result()).rejects.toThrow('b is broken');
  await run.retry();
  await expect(run.result()).rejects.toThrow('b is broken');
  broken.clear();
  await run.retry();
  expect(await run.result()).toEqual(['a', 'b', 'c']);
  expect(done).toEqual(['a', 'b', 'b', 'b', 'c']);
});

test('a failure that the function had dealt with stays as it was', async () => {
  const { done, broken, effect } = outside();
  broken.add('optional').add('needed');
  const chain = workflow('chain', async (ctx) => {
    const optional = await ctx.step('optional', effect('optional')).catch(() => 'without');
    return [optional, await ctx.step('needed', effect('needed'))];
  });
  await using engine = await testEngine({ workflows: [chain] });
  const run = await engine.start(chain);
  await expect(run.result()).rejects.toThrow('needed is broken');
  broken.clear();
  await run.retry();
  expect(await run.result()).toEqual(['without', 'needed']);
  expect(done).toEqual(['optional', 'needed', 'needed']);
});

test('the attempts of a step begin anew', async () => {
  let attempts = 0;
  const flaky = workflow('flaky', async (ctx) =>
    ctx.step('try', { retry: { attempts: 3, delay: '1s' } }, () => {
      if (++attempts < 6) throw new Error(`attempt ${attempts}`);
      return attempts;
    }),
  );
  await using engine = await testEngine({ workflows: [flaky] });
  const run = await engine.start(flaky);
  await expect(engine.result(run)).rejects.toThrow('attempt 3');
  await run.retry();
  expect(await engine.result(run)).toBe(6);
});

test('it goes on after the code was mended, in another process', async () => {
  const { done, effect } = outside();
  const version = (last: () => string) =>
    workflow('mended', async (ctx) => {
      const a = await ctx.step('a', effect('a'));
      return a + (await ctx.step('b', last));
    });
  const wrong = version(() => {
    throw new TypeError('a typo');
  });
  await using engine = await testEngine({ workflows: [wrong] });
  const run = await engine.start(wrong);
  await expect(run.result()).rejects.toThrow(TypeError);
  await engine.close();
  const right = version(() => 'b');
  await using next = await testEngine({ workflows: [right], store: engine.store, clock: engine.clock });
  await next.well.retry(run.id);
  expect(await next.well.result(run.id)).toBe('ab');
  expect(done).toEqual(['a']);
});

test('an error of the function itself: the function is lived again with what succeeded', async () => {
  const { done, effect } = outside();
  let wrong = true;
  const chain = workflow('chain', async (ctx) => {
    const a = await ctx.step('a', effect('a'));
    if (wrong) throw new RangeError('a defect between two steps');
    return a + (await ctx.step('b', effect('b')));
  });
  await using engine = await testEngine({ workflows: [chain] });
  const run = await engine.start(chain);
  await expect(run.result()).rejects.toThrow(RangeError);
  wrong = false;
  await run.retry();
  expect(await run.result()).toBe('ab');
  expect(done).toEqual(['a', 'b']);
});

test('of a run that timed out: its time begins anew', async () => {
  const slow = workflow('slow', { timeout: '1h' }, async (ctx) => {
    await ctx.step('a', () => {});
    return ctx.waitForEvent('go');
  });
  await using engine = await testEngine({ workflows: [slow] });
  const run = await engine.start(slow);
  await engine.advance('1h');
  expect((await run.info()).status).toBe('timed_out');
  await engine.advance('5h');
  await run.retry();
  await engine.advance('59m');
  expect((await run.info()).status).toBe('waiting');
  await run.raiseEvent('go', 'in time');
  expect(await run.result()).toBe('in time');
});

test('of a run that was cancelled, also by force', async () => {
  const { done, effect } = outside();
  const chain = workflow('chain', async (ctx) => {
    await ctx.step('a', effect('a'));
    return ctx.waitForEvent('go');
  });
  await using engine = await testEngine({ workflows: [chain] });
  for (const force of [false, true]) {
    const run = await engine.start(chain);
    await engine.clock.settle();
    await run.cancel({ force });
    await engine.clock.settle();
    expect((await run.info()).status).toBe('cancelled');
    await run.retry();
    await engine.clock.settle();
    expect(await run.info()).toMatchObject({ status: 'waiting', error: undefined, endedAt: undefined });
    await run.raiseEvent('go', force);
    expect(await run.result()).toBe(force);
  }
  expect(done).toEqual(['a', 'a']);
});

test('a cancelled run can be cancelled again after a retry', async () => {
  const waiter = workflow('waiter', async (ctx) => ctx.waitForEvent('go').catch(() => ctx.sleep('1d')));
  await using engine = await testEngine({ workflows: [waiter] });
  const run = await engine.start(waiter);
  await engine.clock.settle();
  await run.cancel();
  await run.cancel();
  await engine.clock.settle();
  expect((await run.info()).status).toBe('cancelled');
  await run.retry();
  await engine.clock.settle();
  await run.cancel();
  await engine.clock.settle();
  // The first life's cancel does not make this one the second: its cleanup still runs.
  expect((await run.info()).waitingFor).toMatchObject([{ kind: 'sleep' }]);
});

test('only a run that failed, timed out or was cancelled can be retried', async () => {
  const waiter = workflow('waiter', async (ctx) => ctx.waitForEvent('go'));
  const eternal = workflow('eternal', async (ctx, n: number) => (n > 0 ? ctx.continueAs(n - 1) : n));
  await using engine = await testEngine({ workflows: [waiter, eternal] });
  const active = await engine.start(waiter);
  await expect(active.retry()).rejects.toMatchObject({ code: 'RUN_NOT_FAILED' });
  await active.raiseEvent('go');
  await active.result();
  await expect(active.retry()).rejects.toMatchObject({ code: 'RUN_NOT_FAILED' });
  const continued = await engine.start(eternal, 1);
  await continued.result();
  await expect(continued.retry()).rejects.toMatchObject({ code: 'RUN_NOT_FAILED' });
});

test('two retries at the same moment are one', async () => {
  const { done, broken, effect } = outside();
  broken.add('a');
  const chain = workflow('chain', async (ctx) => ctx.step('a', effect('a')));
  await using engine = await testEngine({ workflows: [chain] });
  const run = await engine.start(chain);
  await expect(run.result()).rejects.toThrow('a is broken');
  const outcomes = await Promise.allSettled([run.retry(), run.retry()]);
  expect(outcomes).toMatchObject([{ status: 'fulfilled' }, { reason: { code: 'RUN_NOT_FAILED' } }]);
  await expect(run.result()).rejects.toThrow('a is broken');
  expect(done).toEqual(['a', 'a']);
});
