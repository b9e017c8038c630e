import { beforeEach, expect, test } from 'vitest';
import { workflow, type Ctx } from '../../src/index.ts';
import { testEngine } from '../../src/testing/index.ts';
import { errorOf, everyLife, RUN } from './lives.ts';

let told: string[] = [];
const before = () => void (told = []);
beforeEach(before);

const trip = workflow('trip', async (ctx, input: { fails?: boolean; undoFails?: string }) => {
  const undo = (what: string) => (result: string) => {
    if (input.undoFails === what) throw new RangeError(`no ${what} back`);
    told.push(`undo ${result}`);
  };
  await ctx.step('flight', { undo: undo('flight') }, () => 'flight 1');
  await ctx.group('stay', async (ctx) => {
    await ctx.step('hotel', { undo: undo('hotel') }, () => 'hotel 2');
  });
  await ctx
    .step('unpaid', { undo: () => told.push('never') }, () => Promise.reject(new Error('no')))
    .catch(() => {});
  await ctx.sleep('1h');
  await ctx.step('car', { undo: undo('car') }, () => 'car 3');
  if (input.fails === true) throw new TypeError('the traveller is ill');
  await ctx.waitForEvent('home');
  return 'travelled';
});

test('when a run fails, what succeeded is undone, last first', async () => {
  const { error, bodies } = await everyLife(trip, { fails: true }, { before });
  expect(error).toMatchObject({ name: 'TypeError', message: 'the traveller is ill' });
  expect(bodies).toMatchObject({ 'trip car/undo': 1, 'trip stay/hotel/undo': 1, 'trip flight/undo': 1 });
  before();
  await using engine = await testEngine({ workflows: [trip] });
  await errorOf(engine.run(trip, { fails: true }));
  expect(told).toEqual(['undo car 3', 'undo hotel 2', 'undo flight 1']);
});

test('when a run is cancelled, what succeeded is undone', async () => {
  const { status } = await everyLife(
    trip,
    {},
    {
      before,
      outside: async (reason, well, id) => {
        if (reason.kind === 'event' && (await well.get(id)).waitingFor[0]?.op === 'home')
          await well.cancel(id);
      },
    },
  );
  expect(status).toBe('cancelled');
  before();
  await using engine = await testEngine({ workflows: [trip] });
  const run = await engine.start(trip, {});
  await engine.advance('2h');
  await run.cancel({ reason: 'strike' });
  expect(await errorOf(run.result())).toMatchObject({ code: 'RUN_CANCELLED' });
  expect(told).toEqual(['undo car 3', 'undo hotel 2', 'undo flight 1']);
});

test('a run that succeeds undoes nothing', async () => {
  await using engine = await testEngine({ workflows: [trip] });
  const run = await engine.start(trip, {});
  await run.raiseEvent('home');
  expect(await engine.result(run)).toBe('travelled');
  expect(told).toEqual([]);
});

test('an undo that fails keeps no other from being run: UNDO_FAILED, with the original as cause', async () => {
  const { error } = await everyLife(trip, { fails: true, undoFails: 'hotel' }, { before });
  expect(error).toMatchObject({
    code: 'UNDO_FAILED',
    message: expect.stringMatching(/"stay\/hotel": no hotel back/),
    cause: { name: 'TypeError', message: 'the traveller is ill' },
  });
  before();
  await using engine = await testEngine({ workflows: [trip] });
  await errorOf(engine.run(trip, { fails: true, undoFails: 'hotel' }));
  expect(told).toEqual(['undo car 3', 'undo flight 1']);
});

test('an undo that fails in a run that is cancelled can be seen as the cause', async () => {
  await using engine = await testEngine({ workflows: [trip] });
  const run = await engine.start(trip, { undoFails: 'hotel' });
  await engine.advance('2h');
  await run.cancel();
  expect(await errorOf(engine.result(run))).toMatchObject({
    code: 'RUN_CANCELLED',
    cause: { code: 'UNDO_FAILED', message: expect.stringContaining('"stay/hotel": no hotel back') },
  });
  expect(told).toEqual(['undo car 3', 'undo flight 1']);
});

test('an undo has the retries of its step, and an idempotency key of its own', async () => {
  const keys: string[] = [];
  const flow = workflow('flow', async (ctx) => {
    await ctx.step(
      'pay',
      {
        retry: { attempts: 2, delay: '1s' },
        undo: (_paid, { attempt, idempotencyKey }) => {
          keys.push(idempotencyKey);
          if (attempt === 1) throw new Error('busy');
        },
      },
      ({ idempotencyKey }) => void keys.push(idempotencyKey),
    );
    throw new Error('broken');
  });
  const { error, took } = await everyLife(flow, undefined);
  expect([error?.message, took]).toEqual(['broken', 1_000]);
  expect(keys.slice(0, 3)).toEqual([`${RUN}/pay`, `${RUN}/pay/undo`, `${RUN}/pay/undo`]);
});

test.each(['cancel', 'timeout'])(
  'a %s that comes while a run is being undone does not stop that',
  async (what) => {
    const flow = workflow('flow', { timeout: '30m' }, async (ctx) => {
      await ctx.step('take', { undo: () => told.push('undo take') }, () => 1);
      await ctx.step(
        'slow',
        {
          retry: { attempts: 3, delay: '1h' },
          undo: (_, { attempt }) => {
            if (attempt === 1) throw new Error('busy');
            told.push('undo slow');
          },
        },
        () => 1,
      );
      throw new Error('broken');
    });
    await using engine = await testEngine({ workflows: [flow] });
    const run = await engine.start(flow);
    await engine.clock.settle();
    if (what === 'cancel') await run.cancel();
    const { code } = await errorOf(engine.result(run));
    expect([code, told]).toEqual([
      what === 'cancel' ? 'RUN_CANCELLED' : 'RUN_TIMED_OUT',
      ['undo slow', 'undo take'],
    ]);
  },
);

test('what an item did that failed and was tolerated is undone when the run fails in the end', async () => {
  const flow = workflow('flow', async (ctx) => {
    const take = async (ctx: Ctx, item: number) => {
      await ctx.step('take', { undo: () => told.push(`undo ${item}`) }, () => 1);
      if (item === 2) throw new Error('tolerated');
    };
    await ctx.map('all', [1, 2], take, { tolerate: { count: 1 } });
    throw new Error('broken');
  });
  const { bodies } = await everyLife(flow, undefined, { before });
  expect(bodies).toMatchObject({ 'flow all/item/take/undo': 1, 'flow all/item#2/take/undo': 1 });
  before();
  await using engine = await testEngine({ workflows: [flow] });
  await errorOf(engine.run(flow, undefined));
  expect(told).toEqual(['undo 2', 'undo 1']);
});

test('what the workflow does about an error itself comes before the undoing', async () => {
  const flow = workflow('flow', async (ctx) => {
    await ctx.step('take', { undo: () => told.push('undo') }, () => 1);
    try {
      await ctx.step('fail', () => Promise.reject(new Error('broken')));
    } finally {
      await ctx.step('clean up', () => told.push('cleaned up'));
    }
  });
  await using engine = await testEngine({ workflows: [flow] });
  expect(await errorOf(engine.run(flow, undefined))).toMatchObject({ message: 'broken' });
  expect(told).toEqual(['cleaned up', 'undo']);
});

test('a run that is ended by force undoes nothing', async () => {
  await using engine = await testEngine({ workflows: [trip] });
  const run = await engine.start(trip, {});
  await engine.advance('2h');
  await run.cancel({ force: true });
  expect(await errorOf(run.result())).toMatchObject({ code: 'RUN_CANCELLED' });
  expect(told).toEqual([]);
});

test('after an undo the step is done anew by the retry of the whole run, under another key', async () => {
  const keys: string[] = [];
  const flow = workflow('flow', { retry: { attempts: 2, delay: '1m' } }, async (ctx) => {
    await ctx.step('pay', { undo: () => {} }, ({ idempotencyKey }) => void keys.push(idempotencyKey));
    await ctx.step('ship', () => {
      if (keys.length === 1) throw new Error('no truck');
    });
    return keys.length;
  });
  await using engine = await testEngine({ workflows: [flow] });
  const run = await engine.start(flow, undefined, { id: 'r' });
  expect(await engine.result(run)).toBe(2);
  expect(keys).toEqual(['r/pay', 'r/pay~2']);
});
