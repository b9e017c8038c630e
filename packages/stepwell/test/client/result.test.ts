import { expect, test } from 'vitest';
import { Stepwell, StepwellError, workflow } from '../../src/index.ts';
import { openMemoryStore } from '../../src/store/memory/store.ts';
import { testEngine } from '../../src/testing/index.ts';
import { alteredStore } from '../../src/store/altered.ts';
import { countedTimers } from '../counted-timers.ts';

class PaymentDeclined extends Error {
  override readonly name = 'PaymentDeclined';
  readonly amount: number;
  constructor(amount: number, options?: ErrorOptions) {
    super(`${amount} was declined`, options);
    this.amount = amount;
  }
}

const waiter = workflow('waiter', async (ctx) => ctx.waitForEvent<number>('go'));
const declined = workflow('declined', { errors: [PaymentDeclined] }, async (ctx) =>
  ctx.step('charge', () => {
    throw new PaymentDeclined(300, { cause: new TypeError('no card') });
  }),
);

test('a result is pushed: it comes at the run’s end, without any timer', async () => {
  await using engine = await testEngine({ workflows: [waiter] });
  const run = await engine.start(waiter);
  const results = [run.result(), engine.well.result(run.id), engine.well.run(run.id).result()];
  await engine.clock.settle();
  await run.raiseEvent('go', 5);
  // The clock stands still all the while.
  expect(await Promise.all(results)).toEqual([5, 5, 5]);
});

test('a result is pushed between engines on one store', async () => {
  await using engine = await testEngine({ workflows: [waiter] });
  const asker = await Stepwell.open({
    store: engine.store,
    workflows: [waiter],
    worker: false,
    system: engine.clock.system,
  });
  const run = await asker.start(waiter);
  const result = run.result();
  await engine.clock.settle();
  await asker.raiseEvent(run.id, 'go', 6);
  expect(await result).toBe(6);
});

test('news that was lost delays a result, and does not lose it', async () => {
  const store = openMemoryStore();
  await using engine = await testEngine({ workflows: [waiter], store });
  const deaf = await Stepwell.open({
    store: alteredStore(store, { subscribe: () => () => {} }),
    worker: false,
    system: engine.clock.system,
  });
  const run = await engine.start(waiter);
  const result = deaf.result(run.id);
  await engine.clock.settle();
  await run.raiseEvent('go', 6);
  await engine.advance('5s');
  expect(await result).toBe(6);
});

test('a run that returns nothing gives undefined', async () => {
  const nothing = workflow('nothing', async () => {});
  await using engine = await testEngine({ workflows: [nothing] });
  const run = await engine.start(nothing);
  expect(await engine.result(run)).toBeUndefined();
});

test('it rejects with the run’s own error: class, message, properties, cause', async () => {
  await using engine = await testEngine({ workflows: [declined] });
  const run = await engine.start(declined);
  const error: unknown = await run.result().catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(PaymentDeclined);
  expect(error).toMatchObject({ name: 'PaymentDeclined', message: '300 was declined', amount: 300 });
  expect((error as Error).cause).toBeInstanceOf(TypeError);
  expect((error as Error).stack).toContain('result.test.ts');
});

test('where the class is not known, the error has its name all the same', async () => {
  await using engine = await testEngine({ workflows: [declined] });
  const asker = await Stepwell.open({ store: engine.store, worker: false, system: engine.clock.system });
  const run = await engine.start(declined);
  const error: unknown = await asker.result(run.id).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(Error);
  expect(error).not.toBeInstanceOf(PaymentDeclined);
  expect(error).toMatchObject({ name: 'PaymentDeclined', message: '300 was declined', amount: 300 });
});

test('it rejects with RUN_CANCELLED and RUN_TIMED_OUT', async () => {
  await using engine = await testEngine({ workflows: [waiter] });
  const cancelled = await engine.start(waiter);
  const late = await engine.start(waiter, undefined, { timeout: '1h' });
  const results = Promise.allSettled([cancelled.result(), late.result()]);
  await cancelled.cancel({ reason: 'the customer went away' });
  await engine.advance('1h');
  const [first, second] = await results;
  expect(first).toMatchObject({
    reason: { code: 'RUN_CANCELLED', message: expect.stringContaining('the customer went away') },
  });
  expect(second).toMatchObject({ reason: { code: 'RUN_TIMED_OUT' } });
  expect((first as PromiseRejectedResult).reason).toBeInstanceOf(StepwellError);
});

test('it follows continueAs to the last run', async () => {
  const countdown = workflow('countdown', async (ctx, n: number): Promise<string> => {
    await ctx.sleep('1h');
    return n === 0 ? `ended by ${ctx.runId}` : ctx.continueAs(n - 1);
  });
  await using engine = await testEngine({ workflows: [countdown] });
  const run = await engine.start(countdown, 3, { id: 'first' });
  const result = run.result();
  await engine.advance('4h');
  const { runs } = await engine.well.list();
  expect(runs.map(({ status }) => status)).toEqual(['succeeded', 'continued', 'continued', 'continued']);
  expect(await result).toBe(`ended by ${runs[0]!.id}`);
  expect(runs.at(-1)).toMatchObject({ id: 'first', continuedBy: runs.at(-2)!.id });
});

test('a signal ends the wait, and only the wait', async () => {
  await using engine = await testEngine({ workflows: [waiter] });
  const run = await engine.start(waiter);
  const abort = new AbortController();
  const result = run.result({ signal: abort.signal });
  await engine.clock.settle();
  abort.abort(new Error('enough'));
  await expect(result).rejects.toThrow('enough');
  await expect(run.result({ signal: abort.signal })).rejects.toThrow('enough');
  expect((await run.info()).status).toBe('waiting');
});

test('a wait that was given up leaves no timer behind', async () => {
  await using engine = await testEngine({ workflows: [waiter] });
  const { system, timers } = countedTimers(engine.clock.system);
  const asker = await Stepwell.open({ store: engine.store, worker: false, system });
  const { id } = await engine.start(waiter);
  const abort = new AbortController();
  const results = Array.from({ length: 50 }, () => asker.result(id, { signal: abort.signal }));
  const ended = Promise.allSettled(results);
  await engine.clock.settle();
  expect(timers.size).toBe(1);
  abort.abort();
  await ended;
  expect(timers.size).toBe(0);
});

test('closing the engine rejects who waits, with ENGINE_CLOSED', async () => {
  const engine = await testEngine({ workflows: [waiter] });
  const run = await engine.start(waiter);
  const result = run.result().catch((error: unknown) => error);
  await engine.clock.settle();
  await engine.close();
  expect(await result).toMatchObject({ code: 'ENGINE_CLOSED' });
  await expect(run.result()).rejects.toMatchObject({ code: 'ENGINE_CLOSED' });
});

test('a run that is purged before its end was seen rejects with RUN_PURGED', async () => {
  await using engine = await testEngine({ workflows: [waiter] });
  let look = Promise.resolve();
  const asker = await Stepwell.open({
    store: alteredStore(engine.store, { get: (...run) => look.then(() => engine.store.get(...run)) }),
    worker: false,
    system: engine.clock.system,
  });
  const [gone, replaced] = [await engine.start(waiter), await engine.start(waiter)];
  const results = [gone, replaced].map(({ id }) =>
    expect(asker.result(id)).rejects.toMatchObject({ code: 'RUN_PURGED' }),
  );
  await engine.clock.settle();
  const hold = Promise.withResolvers<void>();
  look = hold.promise;
  for (const { id } of [gone, replaced]) {
    await engine.well.cancel(id, { force: true });
    await engine.clock.settle();
    await engine.well.purge(id);
  }
  // Another run has the id by now: it is not the one that was waited for.
  await engine.start(waiter, undefined, { id: replaced.id });
  hold.resolve();
  await Promise.all(results);
});
