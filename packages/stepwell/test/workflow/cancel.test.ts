import { expect, test } from 'vitest';
import { workflow, type Stepwell, type WaitReason } from '../../src/index.ts';
import { testEngine } from '../../src/testing/index.ts';
import { errorOf, everyLife } from './lives.ts';

const HOUR = 3_600_000;

/** Cancels the run once it waits for something. */
const cancel = async (reason: WaitReason, well: Stepwell, id: string): Promise<void> => {
  if (reason.op === 'wait') await well.cancel(id, { reason: 'enough' }).catch(() => {});
};

const tidy = workflow('tidy', async (ctx) => {
  try {
    await ctx.sleep('wait', '30d');
  } catch (error) {
    await ctx.step('note', () => (error as { code: string }).code);
    throw error;
  } finally {
    await ctx.sleep('pause', '1h');
    await ctx.step('clean up', () => 1);
  }
});

test('what the run waits for rejects with OPERATION_CANCELLED, and its cleanup runs', async () => {
  const { status, error, bodies, took, events } = await everyLife(tidy, undefined, { outside: cancel });
  expect([status, took]).toEqual(['cancelled', HOUR]);
  expect(error).toMatchObject({ code: 'RUN_CANCELLED', message: expect.stringContaining('enough') });
  expect(bodies).toEqual({ 'tidy note': 1, 'tidy clean up': 1 });
  expect(events).toContainEqual({ type: 'operation.succeeded', op: 'note', value: 'OPERATION_CANCELLED' });
  expect(events).toContainEqual({ type: 'run.cancel_requested', cause: 'request', reason: 'enough' });
});

test('every kind of wait is cancelled, and ctx.signal aborts', async () => {
  const child = workflow('child', async (ctx) => ctx.waitForEvent('never'));
  const flow = workflow('flow', async (ctx) => {
    const told: string[] = [];
    ctx.signal.addEventListener('abort', () => told.push('signal'));
    const waits = {
      sleep: ctx.sleep('wait', '1d'),
      event: ctx.waitForEvent('never'),
      callback: ctx.createCallback('c').result,
      submitted: ctx.waitForCallback('s', () => {}),
      condition: ctx.waitForCondition('cond', () => false, { every: '1h' }),
      child: ctx.run(child),
      retry: ctx.step('again', { retry: { delay: '1h' } }, () => Promise.reject(new Error('no'))),
      group: ctx.group('g', (ctx) => ctx.sleep('1d')),
      items: ctx.map('m', [1], (ctx) => ctx.sleep('1d')),
      branches: ctx.parallel('p', [(ctx) => ctx.sleep('1d')]),
    };
    for (const [name, wait] of Object.entries(waits)) {
      await wait.catch(({ code }: { code: string }) => told.push(`${name} ${code}`));
    }
    return [...told, ctx.signal.aborted];
  });
  const { status, output } = await everyLife(flow, undefined, { workflows: [child], outside: cancel });
  const names = [
    'sleep',
    'event',
    'callback',
    'submitted',
    'condition',
    'child',
    'retry',
    'group',
    'items',
    'branches',
  ];
  expect(status).toBe('succeeded');
  expect(output).toEqual(['signal', ...names.map((name) => `${name} OPERATION_CANCELLED`), true]);
});

test('a signal that is asked for only after the cancel has aborted, of the workflow and of a group', async () => {
  const flow = workflow('flow', async (ctx) => {
    const inside = await ctx.group('g', async (ctx) => {
      await ctx.sleep('wait', '1d').catch(() => {});
      return [ctx.signal.aborted, (ctx.signal.reason as { code: string }).code];
    });
    return [...inside, ctx.signal.aborted];
  });
  await using engine = await testEngine({ workflows: [flow] });
  const run = await engine.start(flow);
  await engine.clock.settle();
  await run.cancel();
  expect(await engine.result(run)).toEqual([true, 'OPERATION_CANCELLED', true]);
});

test('a second cancel ends the run at once, and so does force', async () => {
  for (const second of [{}, { force: true }]) {
    await using engine = await testEngine({ workflows: [tidy] });
    const run = await engine.start(tidy);
    await engine.clock.settle();
    await run.cancel();
    await engine.clock.settle();
    expect((await run.info()).waitingFor).toMatchObject([{ op: 'pause' }]);
    await run.cancel(second);
    expect(await errorOf(run.result())).toMatchObject({ code: 'RUN_CANCELLED' });
    const bodies: string[] = [];
    for await (const { event } of run.events())
      if (event.type === 'operation.succeeded') bodies.push(event.op);
    expect(bodies).toEqual(['note']);
  }
});

test('a run that has not begun is cancelled without beginning', async () => {
  await using engine = await testEngine({ workflows: [tidy] });
  const run = await engine.start(tidy, undefined, { delay: '1d' });
  await run.cancel({ reason: 'never mind' });
  await engine.clock.settle();
  expect(await run.info()).toMatchObject({ status: 'cancelled', error: { code: 'RUN_CANCELLED' } });
  const types: string[] = [];
  for await (const { event } of run.events()) types.push(event.type);
  expect(types).not.toContain('run.started');
});

test('a run that is cancelled while it waits for its next attempt as a whole', async () => {
  const flow = workflow('flow', { retry: { attempts: 5, delay: '1h' } }, async () => {
    throw new Error('no');
  });
  await using engine = await testEngine({ workflows: [flow] });
  const run = await engine.start(flow);
  await engine.clock.settle();
  await run.cancel();
  await engine.clock.settle();
  expect((await run.info()).status).toBe('cancelled');
});

test('an error that comes of a cancel does not begin the whole run again', async () => {
  const flow = workflow('flow', { retry: 5 }, async (ctx) => ctx.sleep('wait', '1d'));
  const { status, took } = await everyLife(flow, undefined, { outside: cancel });
  expect([status, took]).toEqual(['cancelled', 0]);
});

test('a cancel while a step runs: its signal aborts, and the run does not wait for it', async () => {
  let aborted: unknown;
  const flow = workflow('flow', async (ctx) => {
    await ctx.step('endless', ({ signal }) => {
      signal.addEventListener('abort', () => (aborted = signal.reason));
      return new Promise<never>(() => {});
    });
  });
  await using engine = await testEngine({ workflows: [flow] });
  const run = await engine.start(flow);
  await engine.clock.settle();
  await run.cancel();
  await engine.clock.settle();
  expect((await run.info()).status).toBe('cancelled');
  expect(aborted).toMatchObject({ code: 'OPERATION_CANCELLED' });
});

test('a run that takes longer than its timeout: cleanup and undo run, then it is timed_out', async () => {
  const done: string[] = [];
  const flow = workflow('flow', { timeout: '1d' }, async (ctx) => {
    await ctx.step('take', { undo: () => void done.push('undo') }, () => 1);
    try {
      await ctx.waitForEvent('never');
    } finally {
      await ctx.step('clean up', () => void done.push('clean up'));
    }
  });
  const life = await everyLife(flow, undefined, { before: () => void (done.length = 0) });
  expect(life).toMatchObject({ status: 'timed_out', error: { code: 'RUN_TIMED_OUT' }, took: 24 * HOUR });
  expect(life.bodies).toEqual({ 'flow take': 1, 'flow clean up': 1, 'flow take/undo': 1 });
  await using engine = await testEngine({ workflows: [flow] });
  done.length = 0;
  expect(await errorOf(engine.run(flow, undefined))).toMatchObject({ code: 'RUN_TIMED_OUT' });
  expect(done).toEqual(['clean up', 'undo']);
});

test('the timeout counts from the start of the run, also over its retries as a whole', async () => {
  const flow = workflow(
    'flow',
    { timeout: '90m', retry: { attempts: 9, delay: '1h', factor: 1 } },
    async () => {
      throw new Error('no');
    },
  );
  const { status, took } = await everyLife(flow, undefined);
  expect([status, took]).toEqual(['timed_out', 1.5 * HOUR]);
});
