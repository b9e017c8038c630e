import { expect, test } from 'vitest';
import { Stepwell, workflow, type OpenOptions } from '../../src/index.ts';
import { openMemoryStore } from '../../src/store/memory/store.ts';
import { testEngine } from '../../src/testing/index.ts';

const echo = workflow('echo', async (_ctx, input: number) => input);

test('an engine that is opened in the ordinary way runs in real time', async () => {
  await using well = await Stepwell.open({ store: 'memory:', workflows: [echo] });
  expect(await (await well.start(echo, 3)).result()).toBe(3);
});

test('options that cannot be are refused', async () => {
  const twin = workflow('echo', async () => 1);
  const wrong: [Partial<OpenOptions>, string][] = [
    [{ store: 'redis://user:secret@host' }, 'STORE_UNKNOWN'],
    [{ store: 'sqlite:' }, 'STORE_UNKNOWN'],
    [{ store: '' }, 'STORE_UNKNOWN'],
    [{ workflows: [echo, twin] }, 'WORKFLOW_DUPLICATE'],
    [{ namespace: '' }, 'ID_INVALID'],
    [{ limits: { payloadBytes: 0 } }, 'OPTION_INVALID'],
    [{ limits: { nothing: 1 } as never }, 'OPTION_INVALID'],
    [{ worker: { concurrency: 0 } }, 'OPTION_INVALID'],
    [{ worker: { parked: -1 } }, 'OPTION_INVALID'],
    [{ worker: { lease: 10 } }, 'OPTION_INVALID'],
    [{ worker: { lease: 'soon' } }, 'DURATION_INVALID'],
    [{ worker: { queues: [''] } }, 'NAME_INVALID'],
  ];
  for (const [options, code] of wrong) {
    await expect(Stepwell.open({ store: 'memory:', ...options })).rejects.toMatchObject({ code });
  }
});

test('a password in an address that is not understood is not shown', async () => {
  const error: unknown = await Stepwell.open({ store: 'redis://user:secret@host/0' }).catch(
    (e: unknown) => e,
  );
  expect((error as Error).message).not.toContain('secret');
});

test('the same workflow may be registered twice', async () => {
  await using well = await Stepwell.open({ store: 'memory:', workflows: [echo, echo] });
  expect(well.workflows()).toEqual([{ name: 'echo', version: '1' }]);
});

test('workflows that cannot be are refused where they are defined', () => {
  const fn = async () => {};
  for (const [define, code] of [
    [() => workflow('', fn), 'NAME_INVALID'],
    [() => workflow('a/b', fn), 'NAME_INVALID'],
    [() => workflow('a@b', fn), 'NAME_INVALID'],
    [() => workflow('x'.repeat(201), fn), 'NAME_INVALID'],
    [() => workflow('a', { version: '' }, fn), 'NAME_INVALID'],
    [() => workflow('a', undefined as never), 'OPTION_INVALID'],
    [() => workflow('a', { timeout: 'ages' }, fn), 'DURATION_INVALID'],
    [() => workflow('a', { priority: -1 }, fn), 'OPTION_INVALID'],
    [() => workflow('a', { retry: 0 }, fn), 'OPTION_INVALID'],
    [() => workflow('a', { concurrency: { key: () => 'k', limit: 0 } }, fn), 'OPTION_INVALID'],
  ] as const) {
    expect(define).toThrow(expect.objectContaining({ code }));
  }
});

test('the workers of a store are listed, with what they can do', async () => {
  const other = workflow('other', { version: '2' }, async () => {});
  await using engine = await testEngine({
    workflows: [echo, other],
    start: 5_000,
    worker: { name: 'left', queues: ['mail'], lease: '10s' },
  });
  expect(await engine.well.workers()).toEqual([
    {
      id: expect.any(String),
      name: 'left',
      kinds: ['echo@1', 'other@2'],
      queues: ['mail'],
      startedAt: 5_000,
      heartbeatAt: 5_000,
      expiresAt: 15_000,
    },
  ]);
  await engine.advance('1m');
  const [worker] = await engine.well.workers();
  expect(worker!.expiresAt).toBeGreaterThan(engine.clock.now());
});

test('an engine without a worker starts and controls runs that another one executes', async () => {
  const store = openMemoryStore();
  const bodies: string[] = [];
  const waiter = workflow('waiter', async (ctx) => {
    const value = await ctx.waitForEvent('go');
    await ctx.step('work', () => void bodies.push('work'));
    return value;
  });
  await using engine = await testEngine({ workflows: [waiter], store });
  const front = await Stepwell.open({
    store,
    workflows: [waiter],
    worker: false,
    system: engine.clock.system,
  });
  expect(await front.workers()).toHaveLength(1);
  const run = await front.start(waiter, undefined, { id: 'r' });
  await engine.clock.settle();
  expect((await run.info()).status).toBe('waiting');
  await run.pause();
  await engine.clock.settle();
  expect((await run.info()).status).toBe('paused');
  await run.resume();
  await run.raiseEvent('go', 'from the front');
  expect(await run.result()).toBe('from the front');
  await front.close();
  expect(bodies).toEqual(['work']);
});

test('a worker takes only what is on its queues', async () => {
  const store = openMemoryStore();
  await using engine = await testEngine({ workflows: [echo], store, worker: { queues: ['mail'] } });
  const mail = await engine.start(echo, 1, { queue: 'mail' });
  const other = await engine.start(echo, 2);
  await engine.clock.settle();
  expect([(await mail.info()).status, (await other.info()).status]).toEqual(['succeeded', 'queued']);
  await using all = await testEngine({ workflows: [echo], store, clock: engine.clock });
  await all.clock.settle();
  expect((await other.info()).status).toBe('succeeded');
});

test('after closing, everything that can be asked is refused with ENGINE_CLOSED', async () => {
  const well = await Stepwell.open({ store: 'memory:', workflows: [echo] });
  const run = await well.start(echo, 1);
  await run.result();
  await well.close();
  await well.close();
  const asked: (() => Promise<unknown>)[] = [
    () => well.start(echo, 1),
    () => run.info(),
    () => run.result(),
    () => run.events().next(),
    () => run.raiseEvent('go'),
    () => run.cancel(),
    () => run.pause(),
    () => run.resume(),
    () => run.retry(),
    () => well.list(),
    () => well.fork(run.id, { from: 'a' }),
    () => well.purge(run.id),
    () => well.workers(),
    () => well.counts(),
    () => well.callbacks.succeed('cb'),
    () => well.callbacks.fail('cb', new Error('no')),
    () => well.callbacks.heartbeat('cb'),
  ];
  for (const ask of asked) await expect(ask()).rejects.toMatchObject({ code: 'ENGINE_CLOSED' });
});
