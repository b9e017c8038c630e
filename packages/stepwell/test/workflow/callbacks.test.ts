import { expect, test } from 'vitest';
import { z } from 'zod';
import { workflow, type Stepwell, type SubmitOptions, type WaitReason } from '../../src/index.ts';
import { testEngine, type TestEngine } from '../../src/testing/index.ts';
import { errorOf, everyLife } from './lives.ts';

type Outside = (reason: WaitReason, well: Stepwell, id: string) => Promise<void>;

/** Succeeds every callback; one that was completed before the crash is not open any more. */
const approve: Outside = async ({ kind, callback }, well) => {
  if (kind === 'callback') await well.callbacks.succeed(callback!, { approved: true });
};

async function open(engine: TestEngine, run: string): Promise<string> {
  await engine.clock.settle();
  const { waitingFor } = await engine.well.get(run);
  return waitingFor.find(({ callback }) => callback !== undefined)!.callback!;
}

test('waitForCallback hands its id over in a step and gives the value', async () => {
  const mailed: string[] = [];
  const flow = workflow('flow', async (ctx) => {
    const decision = await ctx.waitForCallback<{ approved: boolean }>(
      'approval',
      (id) => void mailed.push(id),
    );
    await ctx.sleep('1h');
    return decision;
  });
  const { output, bodies, events } = await everyLife(flow, undefined, { outside: approve });
  expect(output).toEqual({ approved: true });
  expect(bodies).toEqual({ 'flow approval/submit': 1 });
  const started = events.find((event) => event.type === 'operation.started' && event.kind === 'callback');
  expect(started).toMatchObject({ op: 'approval', callback: mailed[0] });
  expect(mailed[0]).toMatch(/^cb_[0-9a-z]+_[0-9a-f]{32}$/);
});

test('createCallback gives the id without waiting, and the same id in every replay', async () => {
  const flow = workflow('flow', async (ctx) => {
    const callback = ctx.createCallback<number>('later');
    const told = await ctx.step('tell', () => callback.id);
    await ctx.sleep('1h');
    return [told === callback.id, await callback.result];
  });
  const outside: Outside = async ({ kind, callback }, well) => {
    if (kind === 'callback') await well.callbacks.succeed(callback!, 7);
  };
  expect((await everyLife(flow, undefined, { outside })).output).toEqual([true, 7]);
});

test('a callback that fails rejects with the error that was given', async () => {
  class Rejected extends Error {
    override name = 'Rejected';
  }
  const flow = workflow('flow', { errors: [Rejected] }, async (ctx) =>
    ctx.createCallback('approval').result.catch(async (error: Error & { by?: string }) => {
      await ctx.sleep('1h');
      return [error instanceof Rejected, error.message, error.by, (error.cause as Error).message];
    }),
  );
  const outside: Outside = async ({ kind, callback }, well) => {
    const error = Object.assign(new Rejected('no', { cause: new Error('too dear') }), { by: 'Mio' });
    if (kind === 'callback') await well.callbacks.fail(callback!, error);
  };
  expect((await everyLife(flow, undefined, { outside })).output).toEqual([true, 'no', 'Mio', 'too dear']);
});

const waiting = (options: SubmitOptions, submit: (id: string) => unknown = () => {}) =>
  workflow('waiting', async (ctx) =>
    ctx
      .waitForCallback('approval', submit, options)
      .catch(async (error: { code?: string; message: string }) => {
        await ctx.sleep('1h');
        return error.code ?? error.message;
      }),
  );

test('a callback that does not come in time rejects with WAIT_TIMED_OUT and is closed', async () => {
  const flow = waiting({ timeout: '24h' });
  const { output, took } = await everyLife(flow, undefined);
  expect([output, took]).toEqual(['WAIT_TIMED_OUT', 25 * 3_600_000]);
  await using engine = await testEngine({ workflows: [flow] });
  const run = await engine.start(flow);
  const callback = await open(engine, run.id);
  await engine.advance('24h');
  expect(await errorOf(engine.well.callbacks.succeed(callback))).toMatchObject({ code: 'CALLBACK_CLOSED' });
});

test('a heartbeat that is missed rejects with HEARTBEAT_MISSED; one that comes puts it off', async () => {
  const flow = waiting({ heartbeat: '10m', timeout: '24h' });
  const { output, took } = await everyLife(flow, undefined);
  expect([output, took]).toEqual(['HEARTBEAT_MISSED', 70 * 60_000]);
  await using engine = await testEngine({ workflows: [flow], worker: { parked: 0 } });
  const run = await engine.start(flow);
  const callback = await open(engine, run.id);
  await engine.advance('9m');
  await engine.well.callbacks.heartbeat(callback);
  await engine.advance('9m');
  await engine.well.callbacks.heartbeat(callback);
  await engine.advance('9m');
  await engine.well.callbacks.succeed(callback, 'in time');
  expect(await engine.result(run)).toBe('in time');
});

test('heartbeats do not put the timeout off', async () => {
  const flow = waiting({ heartbeat: '10m', timeout: '15m' });
  await using engine = await testEngine({ workflows: [flow] });
  const run = await engine.start(flow);
  const callback = await open(engine, run.id);
  await engine.advance('8m');
  await engine.well.callbacks.heartbeat(callback);
  expect(await engine.result(run)).toBe('WAIT_TIMED_OUT');
});

test('a callback that is completed while its submit is still being retried', async () => {
  const flow = workflow('flow', async (ctx) =>
    ctx.waitForCallback(
      'approval',
      (_id, { attempt }) => {
        if (attempt < 3) throw new Error('the mail server stumbled after sending');
      },
      { retry: { attempts: 3, delay: '1m' } },
    ),
  );
  const outside: Outside = async ({ kind, callback }, well) => {
    if (kind === 'callback') await well.callbacks.succeed(callback!, 'approved');
  };
  expect((await everyLife(flow, undefined, { outside })).output).toBe('approved');
});

test('a callback that was completed counts, although its submit failed in the end', async () => {
  const flow = waiting({ retry: { attempts: 2, delay: '1m' } }, () => {
    throw new Error('the mail server stumbled after sending');
  });
  await using engine = await testEngine({ workflows: [flow], worker: { parked: 0 } });
  const run = await engine.start(flow);
  await engine.well.callbacks.succeed(await open(engine, run.id), 'approved');
  expect(await engine.result(run)).toBe('approved');
});

test('a submit that fails for good fails the wait and closes the callback', async () => {
  const flow = waiting({ retry: 2 }, () => {
    throw new Error('no mail server');
  });
  const { output, bodies } = await everyLife(flow, undefined);
  expect([output, bodies]).toEqual(['no mail server', { 'waiting approval/submit': 2 }]);
  await using engine = await testEngine({ workflows: [flow] });
  const run = await engine.start(flow);
  const callback = await open(engine, run.id);
  await engine.advance('1s');
  expect(await errorOf(engine.well.callbacks.succeed(callback))).toMatchObject({ code: 'CALLBACK_CLOSED' });
});

test('a callback that times out while its submit is being retried ends that', async () => {
  const flow = waiting({ timeout: '5m', retry: { attempts: 99, delay: '2m', factor: 1 } }, () => {
    throw new Error('no mail server');
  });
  const { output, bodies } = await everyLife(flow, undefined);
  expect([output, bodies]).toEqual(['WAIT_TIMED_OUT', { 'waiting approval/submit': 3 }]);
});

test('a callback that is completed from within its submit', async () => {
  const opened = Promise.withResolvers<Stepwell>();
  const flow = workflow('flow', async (ctx) =>
    ctx.waitForCallback('now', async (id) => (await opened.promise).callbacks.succeed(id, 'at once')),
  );
  await using engine = await testEngine({ workflows: [flow] });
  opened.resolve(engine.well);
  expect(await engine.run(flow, undefined)).toBe('at once');
});

test('two callbacks of one name have ids of their own', async () => {
  const flow = workflow('flow', async (ctx) => {
    const callbacks = [ctx.createCallback('sign'), ctx.createCallback('sign')];
    const ids = await ctx.step('send', () => callbacks.map(({ id }) => id));
    const signed = await Promise.all(callbacks.map(({ result }) => result));
    return { different: ids[0] !== ids[1], signed };
  });
  const outside: Outside = async ({ kind, op, callback }, well) => {
    if (kind === 'callback') await well.callbacks.succeed(callback!, op);
  };
  const { output } = await everyLife(flow, undefined, { outside });
  expect(output).toEqual({ different: true, signed: ['sign', 'sign#2'] });
});

test('a schema gives its output, and refuses with EVENT_INVALID', async () => {
  const schema = z.object({ ok: z.boolean(), at: z.iso.datetime().transform((text) => Date.parse(text)) });
  const flow = workflow('flow', async (ctx) => ctx.waitForCallback('approval', () => {}, { schema }));
  await using engine = await testEngine({ workflows: [flow] });
  const good = await engine.start(flow);
  await engine.well.callbacks.succeed(await open(engine, good.id), { ok: true, at: '1970-01-01T00:00:01Z' });
  expect(await engine.result(good)).toEqual({ ok: true, at: 1_000 });
  const bad = await engine.start(flow);
  await engine.well.callbacks.succeed(await open(engine, bad.id), { ok: 'yes' });
  expect(await errorOf(engine.result(bad))).toMatchObject({
    code: 'EVENT_INVALID',
    message: expect.stringContaining('callback "approval"'),
  });
});

test('a result that nobody awaits may fail without harm', async () => {
  const flow = workflow('flow', async (ctx) => {
    ctx.createCallback('ignored', { timeout: '1m' });
    await ctx.sleep('1h');
    return 'fine';
  });
  expect((await everyLife(flow, undefined)).output).toBe('fine');
});

test('the retry of a whole run opens another callback', async () => {
  const ids: string[] = [];
  const flow = workflow('flow', { retry: { attempts: 2, delay: '1m' } }, async (ctx) => {
    const value = await ctx.waitForCallback('approval', (id) => void ids.push(id));
    if (ids.length === 1) throw new Error('once more');
    return value;
  });
  await using engine = await testEngine({ workflows: [flow] });
  const run = await engine.start(flow);
  await engine.well.callbacks.succeed(await open(engine, run.id), 'first');
  await engine.advance('1m');
  await engine.well.callbacks.succeed(await open(engine, run.id), 'second');
  expect(await engine.result(run)).toBe('second');
  expect(new Set(ids).size).toBe(2);
});
