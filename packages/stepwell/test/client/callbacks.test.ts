import { expect, test } from 'vitest';
import { workflow, type CallbackOptions } from '../../src/index.ts';
import { testEngine, type TestEngine } from '../../src/testing/index.ts';

const approval = workflow('approval', async (ctx, options: CallbackOptions) => {
  const callback = ctx.createCallback<{ ok: boolean }>('approve', options);
  return callback.result;
});
const twice = workflow('twice', async (ctx) => {
  const first = await ctx.createCallback('first').result;
  return [first, await ctx.createCallback('second').result];
});

async function callbackOf(engine: TestEngine, run: string): Promise<string> {
  await engine.clock.settle();
  const { waitingFor } = await engine.well.get(run);
  return waitingFor.find(({ callback }) => callback !== undefined)!.callback!;
}

test('succeed gives its value to the run that waits', async () => {
  await using engine = await testEngine({ workflows: [approval] });
  const run = await engine.start(approval, {});
  await engine.well.callbacks.succeed(await callbackOf(engine, run.id), { ok: true });
  expect(await run.result()).toEqual({ ok: true });
});

test('fail gives its error to the run that waits: an Error, or what describes one', async () => {
  await using engine = await testEngine({ workflows: [approval] });
  const one = await engine.start(approval, {});
  const error = Object.assign(new RangeError('too late'), { hours: 3 });
  await engine.well.callbacks.fail(await callbackOf(engine, one.id), error);
  const thrown: unknown = await one.result().catch((reason: unknown) => reason);
  expect(thrown).toBeInstanceOf(RangeError);
  expect(thrown).toMatchObject({ message: 'too late', hours: 3 });

  const other = await engine.start(approval, {});
  const described = { name: 'Rejected', message: 'not like this', data: { by: 'Mio' } };
  await engine.well.callbacks.fail(await callbackOf(engine, other.id), described);
  await expect(other.result()).rejects.toMatchObject({
    name: 'Rejected',
    message: 'not like this',
    by: 'Mio',
  });
  const { error: shown } = await other.info();
  expect(shown).toMatchObject({ data: { by: 'Mio' } });
  expect(shown?.stack).not.toContain('.ts');
});

test.each([
  [{ message: 'm', data: 'text' }, 'OPTION_INVALID'],
  [{ message: 'm', data: [1] }, 'OPTION_INVALID'],
  [{ message: 'm', data: { n: 1n } }, 'VALUE_NOT_JSON'],
  [{ message: 'm', data: { text: 'x'.repeat(5_000_000) } }, 'PAYLOAD_TOO_LARGE'],
  [{ message: 'x'.repeat(5_000_000) }, 'PAYLOAD_TOO_LARGE'],
  [{ message: 'm', name: '' }, 'NAME_INVALID'],
])('fail refuses what cannot be kept, and the callback stays open (%#)', async (error, code) => {
  await using engine = await testEngine({ workflows: [approval] });
  const run = await engine.start(approval, {});
  const callback = await callbackOf(engine, run.id);
  await expect(engine.well.callbacks.fail(callback, error as never)).rejects.toMatchObject({ code });
  await engine.well.callbacks.succeed(callback, 'still open');
  expect(await run.result()).toBe('still open');
});

test('heartbeats keep a callback open, and their silence ends it', async () => {
  await using engine = await testEngine({ workflows: [approval] });
  const run = await engine.start(approval, { heartbeat: '1m' });
  const callback = await callbackOf(engine, run.id);
  for (let n = 0; n < 5; n++) {
    await engine.advance('50s');
    await engine.well.callbacks.heartbeat(callback);
  }
  expect((await run.info()).status).not.toBe('failed');
  await engine.advance('1m');
  await expect(run.result()).rejects.toMatchObject({ code: 'HEARTBEAT_MISSED' });
  await expect(engine.well.callbacks.heartbeat(callback)).rejects.toMatchObject({ code: 'CALLBACK_CLOSED' });
  await expect(engine.well.callbacks.succeed(callback)).rejects.toMatchObject({ code: 'CALLBACK_CLOSED' });
});

test('a callback is completed once: at the same moment, before it is taken, and after', async () => {
  await using engine = await testEngine({ workflows: [twice] });
  const { callbacks } = engine.well;
  const run = await engine.start(twice);
  const first = await callbackOf(engine, run.id);
  await run.pause();
  await engine.clock.settle();
  const outcomes = await Promise.allSettled([callbacks.succeed(first, 1), callbacks.succeed(first, 2)]);
  expect(outcomes).toMatchObject([{ status: 'fulfilled' }, { reason: { code: 'CALLBACK_COMPLETED' } }]);
  // Still in the inbox: the run is paused.
  await expect(callbacks.fail(first, new Error('no'))).rejects.toMatchObject({ code: 'CALLBACK_COMPLETED' });
  await expect(callbacks.heartbeat(first)).rejects.toMatchObject({ code: 'CALLBACK_COMPLETED' });
  await run.resume();
  const second = await callbackOf(engine, run.id);
  await expect(callbacks.succeed(first)).rejects.toMatchObject({ code: 'CALLBACK_COMPLETED' });
  await callbacks.succeed(second, 2);
  expect(await run.result()).toEqual([1, 2]);
  await expect(callbacks.succeed(second)).rejects.toMatchObject({ code: 'CALLBACK_COMPLETED' });
});

test('one that failed is completed as well', async () => {
  await using engine = await testEngine({ workflows: [approval] });
  const run = await engine.start(approval, {});
  const callback = await callbackOf(engine, run.id);
  await engine.well.callbacks.fail(callback, new Error('no'));
  await engine.clock.settle();
  await expect(engine.well.callbacks.succeed(callback)).rejects.toMatchObject({ code: 'CALLBACK_COMPLETED' });
});

test('ids that never were are not found', async () => {
  await using engine = await testEngine({ workflows: [approval] });
  const run = await engine.start(approval, {});
  const callback = await callbackOf(engine, run.id);
  for (const id of [
    '',
    'nonsense',
    undefined as unknown as string,
    callback.slice(0, -1),
    callback.replace(/.$/, (c) => (c === '0' ? '1' : '0')),
  ]) {
    await expect(engine.well.callbacks.succeed(id)).rejects.toMatchObject({ code: 'CALLBACK_NOT_FOUND' });
    await expect(engine.well.callbacks.heartbeat(id)).rejects.toMatchObject({ code: 'CALLBACK_NOT_FOUND' });
  }
});

test('after its timeout it is closed', async () => {
  await using engine = await testEngine({ workflows: [approval] });
  const run = await engine.start(approval, { timeout: '1h' });
  const callback = await callbackOf(engine, run.id);
  await engine.advance('1h');
  await expect(engine.well.callbacks.succeed(callback)).rejects.toMatchObject({ code: 'CALLBACK_CLOSED' });
  await expect(run.result()).rejects.toMatchObject({ code: 'WAIT_TIMED_OUT' });
});

test('after its run was cancelled it is closed, by force or not', async () => {
  await using engine = await testEngine({ workflows: [approval] });
  for (const force of [false, true]) {
    const run = await engine.start(approval, {});
    const callback = await callbackOf(engine, run.id);
    await run.cancel({ force });
    await engine.clock.settle();
    await expect(engine.well.callbacks.succeed(callback)).rejects.toMatchObject({ code: 'CALLBACK_CLOSED' });
  }
});

test('after its group ended early, and after its run ended without it, it is closed', async () => {
  const early = workflow('early', async (ctx) => {
    const open = ctx.createCallback('never awaited');
    await ctx.parallel(
      'race',
      [(inner) => inner.createCallback('slow').result, (inner) => inner.sleep('1h')],
      {
        minSuccess: 1,
      },
    );
    await ctx.step('tell', () => open.id);
    await ctx.sleep('1h');
  });
  await using engine = await testEngine({ workflows: [early] });
  const run = await engine.start(early);
  await engine.clock.settle();
  const [never, slow] = (await run.info()).waitingFor.map(({ callback }) => callback);
  await engine.advance('1h');
  await expect(engine.well.callbacks.succeed(slow!)).rejects.toMatchObject({ code: 'CALLBACK_CLOSED' });
  await engine.advance('1h');
  expect((await run.info()).status).toBe('succeeded');
  await expect(engine.well.callbacks.succeed(never!)).rejects.toMatchObject({ code: 'CALLBACK_CLOSED' });
});

test('when the function begins again, its callbacks have new ids; the old ones are closed', async () => {
  let broken = true;
  const retried = workflow('retried', { retry: { attempts: 2, delay: '1m' } }, async (ctx) => {
    const callback = ctx.createCallback('approve');
    await ctx.step('break', () => {
      if (broken) throw new Error('not yet');
    });
    return callback.result;
  });
  await using engine = await testEngine({ workflows: [retried] });
  const ids: string[] = [];
  const run = await engine.start(retried);
  await engine.clock.settle();
  for await (const { event } of run.events({ follow: false })) {
    if (event.type === 'operation.started' && event.callback !== undefined) ids.push(event.callback);
  }
  await expect(engine.well.callbacks.succeed(ids[0]!)).rejects.toMatchObject({ code: 'CALLBACK_CLOSED' });
  broken = false;
  await engine.advance('1m');
  const second = await callbackOf(engine, run.id);
  expect(second).not.toBe(ids[0]);
  await engine.well.callbacks.succeed(second, 'yes');
  expect(await run.result()).toBe('yes');
  await expect(engine.well.callbacks.succeed(ids[0]!)).rejects.toMatchObject({ code: 'CALLBACK_CLOSED' });
  await expect(engine.well.callbacks.succeed(second)).rejects.toMatchObject({ code: 'CALLBACK_COMPLETED' });
});

test('after a forced cancel and a retry the old id stays closed, whatever becomes of the new one', async () => {
  await using engine = await testEngine({ workflows: [approval] });
  const run = await engine.start(approval, {});
  const old = await callbackOf(engine, run.id);
  await run.cancel({ force: true });
  await engine.clock.settle();
  await run.retry();
  const fresh = await callbackOf(engine, run.id);
  await engine.well.callbacks.succeed(fresh, { ok: true });
  expect(await run.result()).toEqual({ ok: true });
  await expect(engine.well.callbacks.succeed(old)).rejects.toMatchObject({ code: 'CALLBACK_CLOSED' });
});

test('a purged run has no callbacks', async () => {
  await using engine = await testEngine({ workflows: [approval] });
  const run = await engine.start(approval, {});
  const callback = await callbackOf(engine, run.id);
  await engine.well.callbacks.succeed(callback, { ok: true });
  await engine.clock.settle();
  await engine.well.purge(run.id);
  await expect(engine.well.callbacks.succeed(callback)).rejects.toMatchObject({ code: 'CALLBACK_NOT_FOUND' });
});

test('values and errors that cannot be are refused, and leave the callback open', async () => {
  await using engine = await testEngine({ workflows: [approval], limits: { payloadBytes: 30 } });
  const { callbacks } = engine.well;
  const run = await engine.start(approval, {});
  const callback = await callbackOf(engine, run.id);
  await expect(callbacks.succeed(callback, { ok: new Set() })).rejects.toMatchObject({
    code: 'VALUE_NOT_JSON',
  });
  await expect(callbacks.succeed(callback, 'x'.repeat(40))).rejects.toMatchObject({
    code: 'PAYLOAD_TOO_LARGE',
  });
  await expect(callbacks.fail(callback, 'no' as never)).rejects.toMatchObject({ code: 'OPTION_INVALID' });
  await expect(callbacks.fail(callback, { message: 3 } as never)).rejects.toMatchObject({
    code: 'OPTION_INVALID',
  });
  await callbacks.succeed(callback, { ok: true });
  expect(await run.result()).toEqual({ ok: true });
});
