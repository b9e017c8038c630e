import { expect, test } from 'vitest';
import { Stepwell, workflow, type RunHandle } from '../../src/index.ts';
import { openMemoryStore } from '../../src/store/memory/store.ts';
import { testEngine, type TestEngine } from '../../src/testing/index.ts';

const hold = workflow('hold', { queue: 'printer' }, async (ctx, name: string) => {
  await ctx.waitForEvent('go');
  return name;
});

/** A workflow whose step holds its place until the test lets it go. */
function gated() {
  const gates = new Map<string, () => void>();
  const work = workflow('work', { queue: 'printer' }, async (ctx, name: string) =>
    ctx.step('work', () => new Promise<void>((resolve) => gates.set(name, resolve))),
  );
  const letGo = (name: string) => {
    gates.get(name)!();
    gates.delete(name);
  };
  return { work, letGo, active: () => [...gates.keys()] };
}

async function reasons(engine: TestEngine, run: RunHandle): Promise<unknown> {
  await engine.clock.settle();
  return (await run.info()).waitingFor;
}

test('at most as many runs are active as the queue takes, whatever the number of workers', async () => {
  const { work, letGo, active } = gated();
  const store = openMemoryStore();
  await using engine = await testEngine({ workflows: [work], store });
  await using second = await testEngine({ workflows: [work], store, clock: engine.clock });
  await engine.well.setQueue('printer', { concurrency: 2 });
  const runs = [];
  for (const name of ['a', 'b', 'c', 'd', 'e'])
    runs.push(await (name < 'c' ? engine : second).start(work, name));
  for (const expected of [['a', 'b'], ['b', 'c'], ['c', 'd'], ['d', 'e'], ['e']]) {
    await engine.clock.settle();
    expect(active()).toEqual(expected);
    letGo(expected[0]!);
  }
  await engine.clock.settle();
  expect(await engine.well.counts()).toEqual({ succeeded: 5 });
});

test('a run that waits holds no place', async () => {
  await using engine = await testEngine({ workflows: [hold] });
  await engine.well.setQueue('printer', { concurrency: 1 });
  const runs = await engine.well.startMany(hold, [{ input: 'a' }, { input: 'b' }, { input: 'c' }]);
  await engine.clock.settle();
  expect(await engine.well.counts()).toEqual({ waiting: 3 });
  for (const run of runs) await run.raiseEvent('go');
  expect(await Promise.all(runs.map((run) => engine.result(run)))).toEqual(['a', 'b', 'c']);
});

test('the rate is kept to the millisecond', async () => {
  const begun: number[] = [];
  const note = workflow('note', { queue: 'printer' }, async (ctx) => void begun.push(ctx.now()));
  await using engine = await testEngine({ workflows: [note], start: 0 });
  await engine.well.setQueue('printer', { rate: { limit: 3, period: '1s' } });
  const runs = await engine.well.startMany(
    note,
    Array.from({ length: 8 }, () => ({})),
  );
  expect(await reasons(engine, runs[7]!)).toEqual([
    { kind: 'rate', detail: 'of the queue "printer" at most 3 begin in 1s', until: 1000 },
  ]);
  for (const run of runs) await engine.result(run);
  expect(begun).toEqual([0, 0, 0, 1000, 1000, 1000, 2000, 2000]);
});

test('a paused queue holds what is queued, and says since when and why', async () => {
  await using engine = await testEngine({ workflows: [hold], start: 5000 });
  await engine.well.pauseQueue('printer', { reason: 'no paper' });
  const run = await engine.start(hold, 'a');
  expect(await reasons(engine, run)).toEqual([
    { kind: 'queue paused', detail: 'the queue "printer" was paused: no paper' },
  ]);
  expect(await engine.well.queues()).toEqual([
    {
      name: 'printer',
      settings: {},
      paused: { at: 5000, reason: 'no paper' },
      counts: { queued: 1, active: 0, waiting: 0, failed: 0 },
      queuedSince: 5000,
      heldBy: [{ kind: 'queue paused', detail: 'the queue "printer" was paused: no paper' }],
    },
  ]);
  await engine.well.resumeQueue('printer');
  await engine.clock.settle();
  expect((await run.info()).status).toBe('waiting');
});

test('new settings are in force at once, in other processes too', async () => {
  const { work, active } = gated();
  const store = openMemoryStore();
  await using engine = await testEngine({ workflows: [work], store });
  const operator = await Stepwell.open({ store, worker: false, system: engine.clock.system });
  await operator.setQueue('printer', { concurrency: 1 });
  await engine.well.startMany(
    work,
    ['a', 'b', 'c'].map((input) => ({ input })),
  );
  await engine.clock.settle();
  expect(active()).toEqual(['a']);
  await operator.setQueue('printer', { concurrency: 2 });
  await engine.clock.settle();
  expect(active()).toEqual(['a', 'b']);
  await operator.setQueue('printer', {});
  await engine.clock.settle();
  expect(active()).toEqual(['a', 'b', 'c']);
  await operator.close();
});

test('a queued run says which limit holds it, a rate only while it does', async () => {
  const { work, letGo } = gated();
  await using engine = await testEngine({ workflows: [work], start: 0 });
  await engine.well.setQueue('printer', { concurrency: 1, rate: { limit: 1, period: '1m' } });
  await engine.start(work, 'a');
  const second = await engine.start(work, 'b');
  expect(await reasons(engine, second)).toMatchObject([{ kind: 'queue limit' }, { kind: 'rate' }]);
  await engine.advance('1m');
  expect(await reasons(engine, second)).toMatchObject([{ kind: 'queue limit' }]);
  expect((await engine.well.queues())[0]?.heldBy).toMatchObject([{ kind: 'queue limit' }]);
  letGo('a');
  await engine.clock.settle();
  letGo('b');
});

test('a tenant with very many runs does not keep the others waiting', async () => {
  const done: string[] = [];
  const report = workflow('report', { queue: 'printer' }, async (ctx, who: string) => {
    await ctx.step('print', () => void done.push(who));
  });
  await using engine = await testEngine({ workflows: [report] });
  await engine.well.setQueue('printer', { concurrency: 1, perKey: 5 });
  await engine.well.pauseQueue('printer');
  const of = (who: string) => ({ input: who, concurrencyKey: who });
  await engine.well.startMany(
    report,
    Array.from({ length: 200 }, () => of('big')),
  );
  await engine.well.startMany(report, [of('small'), of('tiny'), of('small')]);
  await engine.well.resumeQueue('printer');
  await engine.clock.settle();
  expect(done.slice(0, 6)).toEqual(['big', 'small', 'tiny', 'big', 'small', 'big']);
  expect(done).toHaveLength(203);
});

test('a parent and the child that it awaits do not wait for each other', async () => {
  const leaf = workflow(
    'tree',
    { concurrency: { key: () => 'one' } },
    async (ctx, depth: number): Promise<number> =>
      depth === 0 ? 0 : 1 + (await ctx.run<number>('tree', depth - 1)),
  );
  await using engine = await testEngine({ workflows: [leaf] });
  expect(await engine.run(leaf, 3)).toBe(3);
});

test('cancels of queued runs do not wait for their queue', async () => {
  await using engine = await testEngine({ workflows: [hold] });
  await engine.well.pauseQueue('printer');
  await engine.well.startMany(
    hold,
    ['a', 'b', 'c'].map((input) => ({ input })),
  );
  expect(await engine.well.cancelAll({ queue: 'printer' }, { reason: 'not needed' })).toBe(3);
  await engine.clock.settle();
  expect(await engine.well.counts()).toEqual({ cancelled: 3 });
});

test('wrong settings are refused with a code, and say what is wrong', async () => {
  await using engine = await testEngine({ workflows: [hold] });
  const wrong: [unknown, string, RegExp][] = [
    [
      { concurrency: 0 },
      'OPTION_INVALID',
      /"printer" needs a positive whole number as concurrency, not 0.*pause it/,
    ],
    [{ concurrency: 1.5 }, 'OPTION_INVALID', /concurrency/],
    [{ perKey: -1 }, 'OPTION_INVALID', /perKey/],
    [{ rate: { limit: 0, period: '1s' } }, 'OPTION_INVALID', /limit of its rate/],
    [{ rate: { limit: 1, period: 0 } }, 'OPTION_INVALID', /period/],
    [{ rate: 5 }, 'OPTION_INVALID', /rate such as/],
    [{ rate: { limit: 1, period: '1 second' } }, 'DURATION_INVALID', /period of the rate of queue "printer"/],
    [{ startDeadline: 'soon' }, 'DURATION_INVALID', /startDeadline of queue "printer"/],
    [{ paralel: 3 }, 'OPTION_INVALID', /no setting "paralel"; there are: concurrency, rate/],
  ];
  for (const [settings, code, message] of wrong) {
    await expect(engine.well.setQueue('printer', settings as never)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  }
  await expect(engine.well.setQueue('a/b', {})).rejects.toMatchObject({ code: 'NAME_INVALID' });
  await expect(engine.well.pauseQueue('')).rejects.toMatchObject({ code: 'NAME_INVALID' });
  expect(await engine.well.queues()).toEqual([]);
});

test('a fork, and the run that goes on for another, stand in line as any new run', async () => {
  const twice = workflow('twice', { queue: 'printer' }, async (ctx, n: number) => {
    await ctx.step('print', () => n);
    if (n === 1) return ctx.continueAs(2);
    return n;
  });
  await using engine = await testEngine({ workflows: [twice] });
  const run = await engine.start(twice, 2);
  await engine.result(run);
  await engine.well.setQueue('printer', { rate: { limit: 1, period: '1h' } });
  const fork = await engine.well.fork(run.id, { from: 'print' });
  await engine.clock.settle();
  const eternal = await engine.start(twice, 1);
  expect(await reasons(engine, eternal)).toMatchObject([{ kind: 'rate' }]);
  await engine.advance('1h');
  const { status, continuedBy } = await eternal.info();
  expect(status).toBe('continued');
  expect(await reasons(engine, engine.well.run(continuedBy!))).toMatchObject([{ kind: 'rate' }]);
  expect(await engine.result(eternal)).toBe(2);
  expect(await fork.result()).toBe(2);
});
