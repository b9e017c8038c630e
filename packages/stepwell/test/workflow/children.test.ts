import { expect, test } from 'vitest';
import { workflow, type Stepwell, type WaitReason } from '../../src/index.ts';
import { testEngine } from '../../src/testing/index.ts';
import { errorOf, everyLife } from './lives.ts';

class OutOfStock extends Error {
  override name = 'OutOfStock';
  readonly left: number;
  constructor(left: number) {
    super(`only ${left} left`, { cause: new RangeError('counted twice') });
    this.left = left;
  }
}

const pick = workflow('pick', async (ctx, input: { n: number }) => {
  const taken = await ctx.step('take', () => input.n);
  await ctx.sleep('1h');
  if (taken > 3) throw new OutOfStock(3);
  return { taken };
});

test('a child run gives its result to its parent', async () => {
  const flow = workflow('flow', async (ctx) => {
    const [one, two] = await Promise.all([ctx.run(pick, { n: 1 }), ctx.run(pick, { n: 2 })]);
    await ctx.sleep('1h');
    return [one.taken, two.taken, (await ctx.run<{ taken: number }>('pick', { n: 3 })).taken];
  });
  const { output, bodies } = await everyLife(flow, undefined, { workflows: [pick] });
  expect(output).toEqual([1, 2, 3]);
  expect(bodies).toEqual({ 'pick take': 3 });
});

test("a child's error arrives with its class, name, message, cause and properties", async () => {
  const flow = workflow('flow', { errors: [OutOfStock] }, async (ctx) => {
    const error = await ctx.run(pick, { n: 5 }).catch((caught: OutOfStock) => caught);
    await ctx.sleep('1h');
    if (!(error instanceof OutOfStock)) return 'not one';
    const cause = error.cause as Error;
    return [error.name, error.message, error.left, cause instanceof RangeError, cause.message];
  });
  const { output } = await everyLife(flow, undefined, { workflows: [pick] });
  expect(output).toEqual(['OutOfStock', 'only 3 left', 3, true, 'counted twice']);
});

test('an error of a class that the parent does not know keeps its name', async () => {
  const flow = workflow('flow', async (ctx) => ctx.run(pick, { n: 5 }));
  const { error } = await everyLife(flow, undefined, { workflows: [pick] });
  expect(error).toMatchObject({ name: 'OutOfStock', message: 'only 3 left', data: { left: 3 } });
});

const waits = workflow('waits', async (ctx) => {
  await ctx.step('begin', { undo: () => {} }, () => 1);
  await ctx.waitForEvent('never');
});
const nests = workflow('nests', async (ctx) => ctx.run(waits));
const top = workflow('top', async (ctx) => ctx.run(nests));

test('a cancel reaches children and grandchildren', async () => {
  await using engine = await testEngine({ workflows: [top, nests, waits] });
  const run = await engine.start(top);
  await engine.clock.settle();
  await run.cancel({ reason: 'enough' });
  await engine.clock.settle();
  const { runs } = await engine.well.list();
  expect(runs.map(({ workflow, status }) => `${workflow} ${status}`).toSorted()).toEqual([
    'nests cancelled',
    'top cancelled',
    'waits cancelled',
  ]);
  const [grandchild] = (await engine.well.list({ workflow: 'waits' })).runs;
  expect(grandchild!.error).toMatchObject({ code: 'RUN_CANCELLED' });
});

test('a cancel reaches children wherever a crash falls', async () => {
  const outside = async (reason: WaitReason, well: Stepwell, id: string): Promise<void> => {
    if (reason.kind === 'child') await well.cancel(id).catch(() => {});
  };
  const { status } = await everyLife(top, undefined, { workflows: [nests, waits], outside });
  expect(status).toBe('cancelled');
});

test('a child that somebody else cancels rejects with RUN_CANCELLED', async () => {
  const flow = workflow('flow', async (ctx) => ctx.run(waits, undefined, { id: 'the-child' }));
  const outside = async (reason: WaitReason, well: Stepwell): Promise<void> => {
    if (reason.kind === 'child') await well.cancel('the-child', { reason: 'not needed' }).catch(() => {});
  };
  const { status, error } = await everyLife(flow, undefined, { workflows: [waits], outside });
  expect([status, error?.code]).toEqual(['failed', 'RUN_CANCELLED']);
  expect(error!.message).toContain('not needed');
});

test('a child as an item of a map: its failure is tolerated with its class', async () => {
  const flow = workflow('flow', { errors: [OutOfStock] }, async (ctx) => {
    const items = [1, 5, 2];
    const { values, errors } = await ctx.map('all', items, (ctx, n) => ctx.run(pick, { n }), {
      tolerate: { count: 1 },
      concurrency: 2,
    });
    return [values, errors.map(({ index, error }) => [index, error instanceof OutOfStock])];
  });
  const { output } = await everyLife(flow, undefined, { workflows: [pick] });
  expect(output).toEqual([[{ taken: 1 }, { taken: 2 }], [[1, true]]]);
});

test('a child that is not awaited any more is cancelled', async () => {
  const flow = workflow('flow', async (ctx) => {
    const winner = await Promise.race([
      ctx.run(waits).then(() => 'child'),
      ctx.sleep('1h').then(() => 'time'),
    ]);
    return winner;
  });
  await using engine = await testEngine({ workflows: [flow, waits] });
  expect(await engine.run(flow, undefined)).toBe('time');
  await engine.clock.settle();
  const [child] = (await engine.well.list({ workflow: 'waits' })).runs;
  expect(child!.status).toBe('cancelled');
});

test('a child that was started and not awaited goes on by itself', async () => {
  const flow = workflow('flow', async (ctx) => {
    const { id } = await ctx.start(pick, { n: 2 }, { id: 'detached' });
    await ctx.sleep(1);
    return id;
  });
  const { output } = await everyLife(flow, undefined, { workflows: [pick] });
  expect(output).toBe('detached');
  await using engine = await testEngine({ workflows: [flow, pick] });
  const run = await engine.start(flow);
  await engine.clock.settle();
  await run.cancel();
  expect(await errorOf(engine.result(run))).toMatchObject({ code: 'RUN_CANCELLED' });
  expect(await engine.well.get('detached')).toMatchObject({ parent: { id: run.id, op: null } });
  await engine.advance('1h');
  expect(await engine.well.result('detached')).toEqual({ taken: 2 });
});

test('an operator’s retry does not start a second one of what goes on by itself', async () => {
  let works = false;
  const flow = workflow('flow', async (ctx) => {
    const { id } = await ctx.start(pick, { n: 1 });
    await ctx.step('fail', () => {
      if (!works) throw new Error('not yet');
    });
    return id;
  });
  await using engine = await testEngine({ workflows: [flow, pick] });
  const run = await engine.start(flow);
  await errorOf(engine.result(run));
  works = true;
  await run.retry();
  const id = await engine.result(run);
  expect((await engine.well.list({ workflow: 'pick' })).runs.map((child) => child.id)).toEqual([id]);
});

test('a child that goes on as another run is awaited to its end', async () => {
  const counting = workflow('counting', async (ctx, n: number) => {
    await ctx.sleep('1h');
    if (n < 3) ctx.continueAs(n + 1);
    return n;
  });
  const flow = workflow('flow', async (ctx) => ctx.run(counting, 1));
  const { output } = await everyLife(flow, undefined, { workflows: [counting] });
  expect(output).toBe(3);
});

test('a cancel reaches the run that goes on for a child', async () => {
  const counting = workflow('counting', async (ctx, n: number) => {
    if (n < 2) ctx.continueAs(n + 1);
    await ctx.waitForEvent('never');
  });
  const flow = workflow('flow', async (ctx) => ctx.run(counting, 1));
  await using engine = await testEngine({ workflows: [flow, counting], worker: { parked: 0 } });
  const run = await engine.start(flow);
  await engine.clock.settle();
  await run.cancel();
  await engine.clock.settle();
  const { runs } = await engine.well.list({ workflow: 'counting' });
  expect(runs.map(({ status }) => status)).toEqual(['cancelled', 'continued']);
});

test('the retry of a whole run, and an operator’s retry, start the child anew', async () => {
  let failures = 2;
  const child = workflow('child', async (ctx) =>
    ctx.step('try', () => {
      if (failures-- > 0) throw new Error('not yet');
      return 'done';
    }),
  );
  const flow = workflow('flow', { retry: { attempts: 2, delay: '1m' } }, async (ctx) => ctx.run(child));
  await using engine = await testEngine({ workflows: [flow, child] });
  const run = await engine.start(flow);
  expect((await errorOf(engine.result(run))).message).toBe('not yet');
  await run.retry();
  expect(await engine.result(run)).toBe('done');
  expect((await engine.well.list({ workflow: 'child' })).runs).toHaveLength(3);
});
