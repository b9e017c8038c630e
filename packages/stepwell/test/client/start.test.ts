import { expect, test } from 'vitest';
import { z } from 'zod';
import { Stepwell, workflow } from '../../src/index.ts';
import { openMemoryStore } from '../../src/store/memory/store.ts';
import { testEngine } from '../../src/testing/index.ts';

const double = workflow('double', async (ctx, n: number) => ctx.step('double', () => n * 2));
const triple = workflow('triple', async (ctx, n: number) => ctx.step('triple', () => n * 3));

test('a start without an id makes a new run each time', async () => {
  await using engine = await testEngine({ workflows: [double] });
  const first = await engine.start(double, 1);
  const second = await engine.start(double, 1);
  expect(first.id).not.toBe(second.id);
  expect([first.created, second.created]).toEqual([true, true]);
  expect(await engine.result(first)).toBe(2);
});

test('the same id and input is the same run, and its body is run once', async () => {
  let bodies = 0;
  const counted = workflow('counted', async (ctx, _input: { b: number; a: number }) =>
    ctx.step('count', () => ++bodies),
  );
  await using engine = await testEngine({ workflows: [counted] });
  const first = await engine.start(counted, { a: 1, b: 2 }, { id: 'order-1' });
  const again = await engine.start(counted, { b: 2, a: 1 }, { id: 'order-1' });
  expect([first.created, again.created]).toEqual([true, false]);
  expect(await engine.result(first)).toBe(1);
  // Also after the end: a caller that got no answer may ask much later.
  const late = await engine.start(counted, { a: 1, b: 2 }, { id: 'order-1' });
  expect(late.created).toBe(false);
  expect(await late.result()).toBe(1);
  expect(bodies).toBe(1);
});

test('two starts with one id at the same moment make one run', async () => {
  await using engine = await testEngine({ workflows: [double] });
  const runs = await Promise.all(Array.from({ length: 10 }, () => engine.start(double, 4, { id: 'once' })));
  expect(runs.filter(({ created }) => created)).toHaveLength(1);
  expect((await engine.well.list()).runs).toHaveLength(1);
  expect(await engine.result(runs[9]!)).toBe(8);
});

test('an id is refused to another input or another workflow', async () => {
  await using engine = await testEngine({ workflows: [double, triple] });
  await engine.start(double, 1, { id: 'taken' });
  await expect(engine.start(double, 2, { id: 'taken' })).rejects.toMatchObject({
    code: 'RUN_ID_TAKEN',
    message: expect.stringContaining('"taken" exists already and has another input'),
  });
  await expect(engine.start(triple, 1, { id: 'taken' })).rejects.toMatchObject({
    code: 'RUN_ID_TAKEN',
    message: expect.stringContaining('is one of workflow "double", not "triple"'),
  });
});

test('ids are of a namespace: the same id in another one is another run', async () => {
  const store = openMemoryStore();
  await using ours = await testEngine({ workflows: [double], store });
  const theirs = await Stepwell.open({
    store,
    workflows: [double],
    namespace: 'theirs',
    worker: false,
    system: ours.clock.system,
  });
  await ours.start(double, 1, { id: 'x' });
  expect((await theirs.start(double, 2, { id: 'x' })).created).toBe(true);
  expect((await theirs.get('x')).input).toBe(2);
  expect((await ours.well.get('x')).input).toBe(1);
});

test('by name, the newest version is started, or the one that is asked for', async () => {
  const versions = ['9', '10', '2'].map((version) =>
    workflow('mail', { version }, async (ctx) => `${ctx.workflow}@${ctx.version}`),
  );
  await using engine = await testEngine({ workflows: versions });
  expect(await engine.result(await engine.well.start<string>('mail'))).toBe('mail@10');
  expect(await engine.result(await engine.well.start<string>('mail', undefined, { version: '2' }))).toBe(
    'mail@2',
  );
});

test('a workflow or version that is not registered is refused', async () => {
  await using engine = await testEngine({ workflows: [double] });
  await expect(engine.well.start('nothing', 1)).rejects.toMatchObject({ code: 'WORKFLOW_UNKNOWN' });
  await expect(engine.start(triple, 1)).rejects.toMatchObject({ code: 'WORKFLOW_UNKNOWN' });
  await expect(engine.well.start('double', 1, { version: '7' })).rejects.toMatchObject({
    code: 'WORKFLOW_VERSION_UNKNOWN',
    message: expect.stringContaining('the newest is "1"'),
  });
});

test('an input that does not fit its schema is refused where it enters, with the path', async () => {
  const order = workflow(
    'order',
    { input: z.object({ items: z.array(z.object({ n: z.number() })) }) },
    async () => 1,
  );
  await using engine = await testEngine({ workflows: [order] });
  const wrong = { items: [{ n: 1 }, { n: 'two' }] } as never;
  await expect(engine.start(order, wrong)).rejects.toMatchObject({
    code: 'INPUT_INVALID',
    message: expect.stringContaining('items.1.n'),
    data: [{ path: 'items.1.n' }],
  });
  expect((await engine.well.list()).runs).toEqual([]);
});

test('what JSON cannot hold, and what is too large, is refused where it enters', async () => {
  const any = workflow('any', async (_ctx, input: unknown) => input);
  await using engine = await testEngine({ workflows: [any], limits: { payloadBytes: 100 } });
  await expect(engine.start(any, { when: [new Date(0)] })).rejects.toMatchObject({
    code: 'VALUE_NOT_JSON',
    message: expect.stringContaining('$.when[0] is a Date'),
  });
  await expect(engine.start(any, 'é'.repeat(50))).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
  expect(await engine.run(any, 'é'.repeat(49))).toBe('é'.repeat(49));
});

test('ids and options that cannot be used are refused', async () => {
  await using engine = await testEngine({ workflows: [double], limits: { idLength: 10 } });
  for (const id of ['', ' x', 'x\n', '\ud800', 'x'.repeat(11)]) {
    await expect(engine.start(double, 1, { id })).rejects.toMatchObject({ code: 'ID_INVALID' });
  }
  for (const id of [7, null]) {
    await expect(engine.start(double, 1, { id: id as never })).rejects.toMatchObject({ code: 'ID_INVALID' });
  }
  for (const [options, code] of [
    [{ delay: '1s', at: 0 }, 'OPTION_INVALID'],
    [{ at: new Date('never') }, 'OPTION_INVALID'],
    [{ delay: '1 second' }, 'DURATION_INVALID'],
    [{ timeout: -1 }, 'DURATION_INVALID'],
    [{ priority: 10 }, 'OPTION_INVALID'],
    [{ queue: 'a/b' }, 'NAME_INVALID'],
    [{ concurrencyKey: '' }, 'ID_INVALID'],
  ] as const) {
    await expect(engine.start(double, 1, options)).rejects.toMatchObject({ code });
  }
  expect((await engine.well.list()).runs).toEqual([]);
});

test('a delayed run begins when its time has come, and says until when it waits', async () => {
  await using engine = await testEngine({ workflows: [double], start: 1_000_000 });
  const run = await engine.start(double, 1, { delay: '1h' });
  await engine.advance('59m');
  expect(await run.info()).toMatchObject({
    status: 'queued',
    startedAt: undefined,
    readyAt: 4_600_000,
    waitingFor: [{ kind: 'start', until: 4_600_000 }],
  });
  await engine.advance('1m');
  expect(await run.info()).toMatchObject({ status: 'succeeded', startedAt: 4_600_000, output: 2 });
});

test('a run can be started at a time; one that is past is now', async () => {
  await using engine = await testEngine({ workflows: [double], start: Date.UTC(2030, 0, 1) });
  const later = await engine.start(double, 1, { at: new Date('2030-01-02T00:00:00Z') });
  const before = await engine.start(double, 1, { at: new Date('2029-01-01') });
  await engine.advance('23h');
  expect((await before.info()).status).toBe('succeeded');
  expect((await later.info()).status).toBe('queued');
  await engine.advance('1h');
  expect((await later.info()).status).toBe('succeeded');
});

test('an event does not cut a delay short; it is kept until the run asks for it', async () => {
  const waiter = workflow('waiter', async (ctx) => ctx.waitForEvent<number>('go'));
  await using engine = await testEngine({ workflows: [waiter] });
  const run = await engine.start(waiter, undefined, { delay: '1h' });
  await run.raiseEvent('go', 7);
  await engine.advance('30m');
  expect((await run.info()).status).toBe('queued');
  await engine.advance('30m');
  expect(await run.result()).toBe(7);
});

test('the more urgent run goes first, within the room that there is', async () => {
  const order: number[] = [];
  const note = workflow('note', async (ctx, n: number) => ctx.step('note', () => void order.push(n)));
  await using engine = await testEngine({ workflows: [note], worker: { concurrency: 1 } });
  const at = engine.clock.now() + 1_000;
  for (const [n, priority] of [
    [1, 0],
    [2, 9],
    [3, 5],
    [4, 9],
  ] as const) {
    await engine.start(note, n, { at, priority });
  }
  await engine.advance('1s');
  expect(order).toEqual([2, 4, 3, 1]);
});

test('runs with one concurrency key go one after the other', async () => {
  const slow = workflow('slow', async (ctx) => ctx.sleep('1h'));
  await using engine = await testEngine({ workflows: [slow] });
  const first = await engine.start(slow, undefined, { concurrencyKey: 'disk' });
  const second = await engine.start(slow, undefined, { concurrencyKey: 'disk' });
  const other = await engine.start(slow, undefined, { concurrencyKey: 'tape' });
  await engine.clock.settle();
  expect(await second.info()).toMatchObject({ status: 'queued', waitingFor: [{ kind: 'concurrency' }] });
  expect((await other.info()).status).toBe('waiting');
  await engine.advance('1h');
  expect([(await first.info()).status, (await second.info()).status]).toEqual(['succeeded', 'waiting']);
});

test('a run that does not exist is not found, whatever is asked of it', async () => {
  await using engine = await testEngine({ workflows: [double] });
  const { well } = engine;
  const run = well.run('nobody');
  const asked: (() => Promise<unknown>)[] = [
    () => well.get('nobody'),
    () => run.info(),
    () => run.result(),
    () => run.events().next(),
    () => run.raiseEvent('go'),
    () => run.cancel(),
    () => run.pause(),
    () => run.resume(),
    () => run.retry(),
    () => well.fork('nobody', { from: 'double' }),
    () => well.purge('nobody'),
    () => well.list({ parent: 'nobody' }),
  ];
  for (const ask of asked) await expect(ask()).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
  await expect(well.get('')).rejects.toMatchObject({ code: 'ID_INVALID' });
  expect(() => well.run('')).toThrow(expect.objectContaining({ code: 'ID_INVALID' }));
});

test('a transaction of the caller’s is for stores that have such', async () => {
  const quick = workflow('quick', async () => 1);
  await using well = await Stepwell.open({ store: 'memory:', workflows: [quick] });
  const refused = { code: 'OPTION_INVALID', message: expect.stringContaining('memory') };
  await expect(well.start(quick, undefined, { client: {} })).rejects.toMatchObject(refused);
  const { id } = await well.start(quick);
  await expect(well.raiseEvent(id, 'go', 1, { client: {} })).rejects.toMatchObject(refused);
});

test.each([2 ** 53, -(2 ** 53), 1e300, Number.NaN, new Date(Number.NaN)])(
  'a start at %s is refused: one time that a store cannot read would hold up all runs',
  async (at) => {
    const sleeper = workflow('sleeper', async (ctx) => ctx.sleepUntil(at));
    await using engine = await testEngine({ workflows: [sleeper] });
    const { well } = engine;
    const refused = { code: 'OPTION_INVALID' };
    await expect(well.start(sleeper, undefined, { at, startDeadline: '5200w' })).rejects.toMatchObject(
      refused,
    );
    await expect(well.list({ createdFrom: at })).rejects.toMatchObject(refused);
    await expect((await well.start(sleeper)).result()).rejects.toMatchObject(refused);
  },
);
