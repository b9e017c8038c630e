import { expect, test } from 'vitest';
import { workflow } from '../../src/index.ts';
import { testEngine, type TestEngine } from '../../src/testing/index.ts';
import { gather } from '../gather.ts';

const waiter = workflow('waiter', async (ctx) => ctx.waitForEvent('go'));

async function statusOf(engine: TestEngine, id: string): Promise<string> {
  await engine.clock.settle();
  return (await engine.well.get(id)).status;
}

test('a cancel lets cleanup run and undoes what succeeded, last first', async () => {
  const done: string[] = [];
  const trip = workflow('trip', async (ctx) => {
    for (const what of ['flight', 'hotel']) {
      await ctx.step(what, { undo: () => void done.push(`undo ${what}`) }, () => void done.push(what));
    }
    try {
      await ctx.waitForEvent('confirmed');
    } catch (error) {
      done.push((error as { code: string }).code);
      await ctx.step('tell', () => void done.push('told'));
      throw error;
    }
  });
  await using engine = await testEngine({ workflows: [trip] });
  const run = await engine.start(trip);
  await engine.clock.settle();
  await run.cancel({ reason: 'typhoon' });
  await expect(run.result()).rejects.toMatchObject({
    code: 'RUN_CANCELLED',
    message: expect.stringContaining('typhoon'),
  });
  expect(done).toEqual(['flight', 'hotel', 'OPERATION_CANCELLED', 'told', 'undo hotel', 'undo flight']);
});

test('a function that catches the cancel and returns has succeeded', async () => {
  const stubborn = workflow('stubborn', async (ctx) => {
    try {
      return await ctx.waitForEvent('go');
    } catch {
      return 'made the best of it';
    }
  });
  await using engine = await testEngine({ workflows: [stubborn] });
  const run = await engine.start(stubborn);
  await engine.clock.settle();
  await run.cancel();
  expect(await run.result()).toBe('made the best of it');
});

test('a running body is told by its signal, and the run does not wait for it', async () => {
  const aborted: unknown[] = [];
  const slow = workflow('slow', async (ctx) =>
    ctx.step(
      'slow',
      ({ signal }) =>
        new Promise((resolve) =>
          signal.addEventListener('abort', () => (aborted.push(signal.reason), resolve(1))),
        ),
    ),
  );
  await using engine = await testEngine({ workflows: [slow] });
  const run = await engine.start(slow);
  await engine.clock.settle();
  await run.cancel();
  await expect(run.result()).rejects.toMatchObject({ code: 'RUN_CANCELLED' });
  expect(aborted).toMatchObject([{ code: 'OPERATION_CANCELLED' }]);
});

test('ctx.signal aborts', async () => {
  let seen: AbortSignal | undefined;
  const watching = workflow('watching', async (ctx) => {
    seen = ctx.signal;
    await ctx.waitForEvent('go');
  });
  await using engine = await testEngine({ workflows: [watching] });
  const run = await engine.start(watching);
  await engine.clock.settle();
  expect(seen!.aborted).toBe(false);
  await run.cancel();
  await engine.clock.settle();
  expect(seen!.aborted).toBe(true);
});

/** Cleans up for a day when it is cancelled. */
const tidy = workflow('tidy', async (ctx) => {
  try {
    return await ctx.waitForEvent('go');
  } catch {
    await ctx.sleep('cleaning', '1d');
    return 'clean';
  }
});

test('a second call ends the run at once, and so does force', async () => {
  await using engine = await testEngine({ workflows: [tidy] });
  const [second, forced, patient] = [
    await engine.start(tidy),
    await engine.start(tidy),
    await engine.start(tidy),
  ];
  await engine.clock.settle();
  for (const run of [second, forced, patient]) await run.cancel();
  expect(await statusOf(engine, second.id)).toBe('waiting');
  await second.cancel({ reason: 'now' });
  await forced.cancel({ force: true });
  expect(await statusOf(engine, second.id)).toBe('cancelled');
  expect(await statusOf(engine, forced.id)).toBe('cancelled');
  await engine.advance('1d');
  expect(await patient.result()).toBe('clean');
});

test('two cancels at the same moment end the run at once', async () => {
  await using engine = await testEngine({ workflows: [tidy] });
  const run = await engine.start(tidy);
  await engine.clock.settle();
  await Promise.all([run.cancel(), run.cancel()]);
  expect(await statusOf(engine, run.id)).toBe('cancelled');
});

test('the same call again is not a second one, however it comes: at once, later, after a retry', async () => {
  await using engine = await testEngine({ workflows: [tidy] });
  const [run, many] = [await engine.start(tidy), await engine.start(tidy)];
  await engine.clock.settle();
  await Promise.all([run.cancel({ id: 'call' }), run.cancel({ id: 'call' })]);
  for (let n = 0; n < 2; n++) expect(await engine.well.cancelAll({}, { id: 'all' })).toBe(2);
  // For one of them, that was the second call.
  expect([await statusOf(engine, run.id), await statusOf(engine, many.id)]).toEqual(['cancelled', 'waiting']);
  await engine.advance('1d');
  expect(await many.result()).toBe('clean');

  await run.retry();
  await engine.clock.settle();
  await run.cancel({ id: 'call' });
  expect((await gather(run.events({ follow: false }))).at(-1)!.event.type).toBe('operation.started');
  await run.cancel({ id: 'other' });
  await engine.advance('1d');
  expect(await run.result()).toBe('clean');
});

test('force is force, also with the id of a call that came before, and wherever the run is', async () => {
  const engine = await testEngine({ workflows: [tidy] });
  const [here, elsewhere] = [await engine.start(tidy), await engine.start(tidy)];
  await engine.clock.settle();
  for (const run of [here, elsewhere]) await run.cancel({ id: 'call' });
  expect(await statusOf(engine, here.id)).toBe('waiting');
  await here.cancel({ id: 'call', force: true });
  expect(await statusOf(engine, here.id)).toBe('cancelled');
  const { store, clock } = engine;
  await engine.well.close({ grace: 0 });
  await using next = await testEngine({ workflows: [tidy], store, clock });
  await next.well.cancel(elsewhere.id, { id: 'call', force: true });
  expect(await statusOf(next, elsewhere.id)).toBe('cancelled');
});

test.each(['', 'a\u0000b', 'x'.repeat(256)])('a call cannot have the id %j', async (id) => {
  await using engine = await testEngine({ workflows: [tidy] });
  const run = await engine.start(tidy);
  await expect(run.cancel({ id })).rejects.toMatchObject({ code: 'ID_INVALID' });
  await expect(engine.well.cancelAll({}, { id })).rejects.toMatchObject({ code: 'ID_INVALID' });
});

test('force runs neither cleanup nor undo handlers', async () => {
  const done: string[] = [];
  const trip = workflow('trip', async (ctx) => {
    await ctx.step('book', { undo: () => void done.push('undo') }, () => {});
    try {
      await ctx.waitForEvent('go');
    } finally {
      done.push('finally');
    }
  });
  await using engine = await testEngine({ workflows: [trip] });
  const run = await engine.start(trip);
  await engine.clock.settle();
  await run.cancel({ force: true });
  expect(await statusOf(engine, run.id)).toBe('cancelled');
  const last = (await gather(run.events())).at(-1);
  expect(last?.event).toEqual({ type: 'run.cancelled', forced: true });
  expect(done).toEqual([]);
});

test('a run that has not begun does not begin', async () => {
  let began = false;
  const eager = workflow('eager', async () => void (began = true));
  await using engine = await testEngine({ workflows: [eager] });
  const run = await engine.start(eager, undefined, { delay: '1h' });
  await run.cancel({ reason: 'changed my mind' });
  expect(await statusOf(engine, run.id)).toBe('cancelled');
  await engine.advance('2h');
  expect(began).toBe(false);
});

test('a run that waits for a slot of its concurrency key can be cancelled', async () => {
  const keyed = workflow('keyed', { concurrency: { key: () => 'one' } }, async (ctx) =>
    ctx.waitForEvent('go'),
  );
  await using engine = await testEngine({ workflows: [keyed] });
  const first = await engine.start(keyed);
  const [second, third] = [await engine.start(keyed), await engine.start(keyed)];
  await engine.clock.settle();
  await second.cancel({ force: true });
  expect(await statusOf(engine, second.id)).toBe('cancelled');
  await third.cancel();
  expect(await statusOf(engine, third.id)).toBe('cancelled');
  expect(await statusOf(engine, first.id)).toBe('waiting');
});

test('a paused run is cancelled without being resumed first', async () => {
  await using engine = await testEngine({ workflows: [waiter, tidy] });
  const [gentle, forced, tidied] = [
    await engine.start(waiter),
    await engine.start(waiter),
    await engine.start(tidy),
  ];
  for (const run of [gentle, forced, tidied]) await run.pause();
  await engine.clock.settle();
  await gentle.cancel();
  await forced.cancel({ force: true });
  await tidied.cancel();
  expect(await statusOf(engine, gentle.id)).toBe('cancelled');
  expect(await statusOf(engine, forced.id)).toBe('cancelled');
  await engine.advance('1d');
  expect(await tidied.result()).toBe('clean');
});

test('a cancel that came while events waited in a pause is taken once, also over a change of process', async () => {
  const engine = await testEngine({ workflows: [tidy] });
  const run = await engine.start(tidy);
  await engine.clock.settle();
  await run.pause();
  await engine.clock.settle();
  await run.raiseEvent('other', 1);
  await run.cancel();
  expect(await statusOf(engine, run.id)).toBe('waiting');
  await engine.close();
  await using next = await testEngine({ workflows: [tidy], store: engine.store, clock: engine.clock });
  await next.well.raiseEvent(run.id, 'other', 2);
  expect(await statusOf(next, run.id)).toBe('waiting');
  await next.advance('1d');
  expect((await next.well.get(run.id)).output).toBe('clean');
});

test('a run that has ended cannot be cancelled', async () => {
  await using engine = await testEngine({ workflows: [waiter] });
  const run = await engine.start(waiter);
  await run.raiseEvent('go');
  await engine.clock.settle();
  await expect(run.cancel()).rejects.toMatchObject({ code: 'RUN_ENDED' });
  await expect(run.cancel({ force: true })).rejects.toMatchObject({ code: 'RUN_ENDED' });
});

test('a cancel reaches awaited children and theirs, and leaves detached ones alone', async () => {
  const grandchild = workflow('grandchild', async (ctx) => ctx.waitForEvent('go'));
  const child = workflow('child', async (ctx) => ctx.run(grandchild, undefined, { id: 'grandchild' }));
  const parent = workflow('parent', async (ctx) => {
    await ctx.start(waiter, undefined, { id: 'detached' });
    await ctx.run(child, undefined, { id: 'child' });
  });
  await using engine = await testEngine({ workflows: [waiter, grandchild, child, parent] });
  for (const force of [false, true]) {
    const run = await engine.start(parent);
    await engine.clock.settle();
    await run.cancel({ force });
    for (const id of [run.id, 'child', 'grandchild']) expect(await statusOf(engine, id)).toBe('cancelled');
    expect(await statusOf(engine, 'detached')).toBe('waiting');
    await engine.well.cancel('detached', { force: true });
    await engine.clock.settle();
    for (const id of ['child', 'grandchild', 'detached']) await engine.well.purge(id);
  }
});
