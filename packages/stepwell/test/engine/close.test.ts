import { expect, test } from 'vitest';
import { workflow, type JournalEvent } from '../../src/index.ts';
import { testEngine, type TestEngine, type TestOptions } from '../../src/testing/index.ts';
import { gather } from '../gather.ts';

/** Opens another engine on the store of one that was stopped, with the clock where it was left. */
function goOn({ store, clock }: TestEngine, options: Pick<TestOptions, 'workflows'>): Promise<TestEngine> {
  return testEngine({ ...options, store, clock });
}

async function journalOf(engine: TestEngine, id: string): Promise<JournalEvent[]> {
  return (await gather(engine.well.events(id, { follow: false }))).map(({ event }) => event);
}

/** Two steps, of which the first ends when it is told to; says which bodies began. */
function twoSteps() {
  const gate = Promise.withResolvers<string>();
  const begun: string[] = [];
  const aborted: unknown[] = [];
  const chain = workflow('chain', async (ctx) => {
    const first = await ctx.step('first', ({ signal, attempt }) => {
      begun.push(`first ${attempt}`);
      signal.addEventListener('abort', () => aborted.push(signal.reason));
      return attempt === 1 ? gate.promise : 'anew';
    });
    const second = await ctx.step('second', { atMostOnce: true }, ({ attempt }) => {
      begun.push(`second ${attempt}`);
      return 'b';
    });
    return [first, second];
  });
  return { chain, gate, begun, aborted };
}

test('a running body may end within the grace; nothing new begins, the rest goes on elsewhere at once', async () => {
  const { chain, gate, begun, aborted } = twoSteps();
  const engine = await testEngine({ workflows: [chain] });
  const run = await engine.start(chain);
  await engine.clock.settle();
  let closed = false;
  const closing = engine.well.close({ grace: '10s' }).then(() => (closed = true));
  await engine.clock.settle();
  expect([closed, aborted]).toEqual([false, []]);
  gate.resolve('a');
  // The clock stands still: neither the grace nor the lease has run out.
  await closing;
  expect(begun).toEqual(['first 1']);
  await using next = await goOn(engine, { workflows: [chain] });
  // An at-most-once step that was asked for and has not begun is not uncertain.
  expect(await next.well.result(run.id)).toEqual(['a', 'b']);
  expect(begun).toEqual(['first 1', 'second 1']);
  expect(next.clock.now()).toBe(engine.clock.now());
});

test('a body that takes longer than the grace is told to stop, and begun again elsewhere', async () => {
  const { chain, begun, aborted } = twoSteps();
  const engine = await testEngine({ workflows: [chain] });
  const run = await engine.start(chain);
  await engine.clock.settle();
  const closing = engine.well.close({ grace: '10s' });
  await engine.advance('9s');
  expect(aborted).toEqual([]);
  await engine.advance('1s');
  await closing;
  expect(aborted).toMatchObject([{ code: 'ENGINE_CLOSED' }]);
  await using next = await goOn(engine, { workflows: [chain] });
  expect(await next.well.result(run.id)).toEqual(['anew', 'b']);
  expect(begun).toEqual(['first 1', 'first 2', 'second 1']);
});

test('a body that ends after the engine was closed changes nothing any more', async () => {
  const { chain, gate } = twoSteps();
  const engine = await testEngine({ workflows: [chain] });
  const run = await engine.start(chain);
  await engine.clock.settle();
  await engine.well.close({ grace: 0 });
  gate.resolve('too late');
  await engine.clock.settle();
  await using next = await goOn(engine, { workflows: [chain] });
  expect(await next.well.result(run.id)).toEqual(['anew', 'b']);
});

test('a child that is asked for while the engine closes is started by the next one', async () => {
  const gate = Promise.withResolvers<void>();
  const child = workflow('child', async () => 'grown');
  const parent = workflow('parent', async (ctx) => {
    await ctx.step('first', () => gate.promise);
    return ctx.run(child);
  });
  const engine = await testEngine({ workflows: [parent, child] });
  const run = await engine.start(parent);
  await engine.clock.settle();
  const closing = engine.well.close();
  gate.resolve();
  await closing;
  await using next = await goOn(engine, { workflows: [parent, child] });
  expect(await next.well.result(run.id)).toBe('grown');
});

test('what was waiting goes on with the next engine, and no body is run again', async () => {
  const bodies: string[] = [];
  const waiter = workflow('waiter', async (ctx) => {
    await ctx.step('before', () => void bodies.push('before'));
    const event = await ctx.waitForEvent('go');
    await ctx.sleep('1h');
    await ctx.step('after', () => void bodies.push('after'));
    return event;
  });
  const engine = await testEngine({ workflows: [waiter] });
  const run = await engine.start(waiter);
  await engine.clock.settle();
  await engine.close();
  await using next = await goOn(engine, { workflows: [waiter] });
  await next.well.raiseEvent(run.id, 'go', 1);
  await next.advance('1h');
  expect(await next.well.result(run.id)).toBe(1);
  expect(bodies).toEqual(['before', 'after']);
});

test('a closed engine has left the store: it is not listed, and claims nothing', async () => {
  const echo = workflow('echo', async () => 1);
  const engine = await testEngine({ workflows: [echo] });
  await using other = await testEngine({ workflows: [], store: engine.store, clock: engine.clock });
  expect(await other.well.workers()).toHaveLength(2);
  await engine.close();
  expect(await other.well.workers()).toHaveLength(1);
});

test('a second close waits for the first', async () => {
  const { chain, gate } = twoSteps();
  const engine = await testEngine({ workflows: [chain] });
  await engine.start(chain);
  await engine.clock.settle();
  const ended: number[] = [];
  const first = engine.well.close().then(() => ended.push(1));
  const second = engine.well.close({ grace: 0 }).then(() => ended.push(2));
  await engine.clock.settle();
  expect(ended).toEqual([]);
  gate.resolve('a');
  await Promise.all([first, second]);
  expect(ended).toEqual([1, 2]);
});

test('nothing is started once an engine is closing', async () => {
  const { chain, gate } = twoSteps();
  const engine = await testEngine({ workflows: [chain] });
  await engine.start(chain);
  await engine.clock.settle();
  const closing = engine.well.close();
  await expect(engine.start(chain)).rejects.toMatchObject({ code: 'ENGINE_CLOSED' });
  gate.resolve('a');
  await closing;
});

test('a kill gives nothing back: another worker takes over when the lease has run out', async () => {
  const { chain, begun } = twoSteps();
  const engine = await testEngine({ workflows: [chain], worker: { lease: '10s' } });
  const run = await engine.start(chain);
  await engine.clock.settle();
  engine.well.kill();
  await using next = await goOn(engine, { workflows: [chain] });
  await next.advance('9s');
  expect((await next.well.get(run.id)).status).toBe('running');
  expect(begun).toEqual(['first 1']);
  await next.advance('10s');
  expect(await next.well.result(run.id)).toEqual(['anew', 'b']);
  expect((await next.well.workers()).length).toBe(1);
});

test('a kill in the middle of an at-most-once step leaves it uncertain', async () => {
  let bodies = 0;
  const once = workflow('once', async (ctx) =>
    ctx.step('charge', { atMostOnce: true }, () => (bodies++, new Promise(() => {}))),
  );
  const engine = await testEngine({ workflows: [once] });
  const run = await engine.start(once);
  await engine.clock.settle();
  engine.well.kill();
  await using next = await goOn(engine, { workflows: [once] });
  await next.advance('1m');
  await expect(next.well.result(run.id)).rejects.toMatchObject({ code: 'STEP_UNCERTAIN' });
  expect(bodies).toBe(1);
});

test('every life of a run says in the journal which worker lived it', async () => {
  const waiter = workflow('waiter', async (ctx) => ctx.waitForEvent('go'));
  const engine = await testEngine({ workflows: [waiter] });
  const run = await engine.start(waiter);
  await engine.clock.settle();
  const [first] = await engine.well.workers();
  await engine.close();
  await using next = await goOn(engine, { workflows: [waiter] });
  const [second] = await next.well.workers();
  await next.well.raiseEvent(run.id, 'go');
  await next.well.result(run.id);
  const activated = (await journalOf(next, run.id)).filter(({ type }) => type === 'run.activated');
  expect(activated).toEqual([
    { type: 'run.activated', worker: first!.id, format: 1 },
    { type: 'run.activated', worker: second!.id, format: 1 },
  ]);
});
