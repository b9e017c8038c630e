import { expect, test } from 'vitest';
import { Stepwell, workflow } from '../../src/index.ts';
import { openMemoryStore } from '../../src/store/memory/store.ts';
import { testEngine } from '../../src/testing/index.ts';
import { gather } from '../gather.ts';
import { deploy } from './deploy.ts';

const fits = workflow('report', { version: '2' }, async (ctx) => ctx.waitForEvent('go'));
const other = workflow('other', async () => 1);

test('a run whose version no worker has is stuck, says so, and goes on when a fitting worker opens', async () => {
  const before = await testEngine({ workflows: [fits] });
  const run = await before.start(fits, undefined, { delay: '1m' });
  const without = await deploy(before, { workflows: [other] });
  await without.advance('2m');
  expect(await without.well.get(run.id)).toMatchObject({
    status: 'stuck',
    startedAt: undefined,
    error: { code: 'NO_WORKER' },
    waitingFor: [{ kind: 'no worker', detail: 'report@2', error: { code: 'NO_WORKER' } }],
  });
  // Everybody else goes on meanwhile.
  expect(await (await without.start(other)).result()).toBe(1);
  await without.well.raiseEvent(run.id, 'go', 'kept');
  await using fitting = await deploy(without, { workflows: [other, fits] });
  expect(await fitting.well.result(run.id)).toBe('kept');
  expect((await fitting.well.get(run.id)).error).toBeUndefined();
});

test('a run that lacks a worker says so, also where there is none that could', async () => {
  const store = openMemoryStore();
  await using api = await Stepwell.open({ store, workflows: [other], worker: false });
  const run = await api.start(other);
  const missing = { status: 'queued', waitingFor: [{ kind: 'no worker', detail: 'other@1' }] };
  expect(await run.info()).toMatchObject(missing);
  expect((await api.list()).runs).toMatchObject([missing]);
  const later = await api.start(other, undefined, { delay: '1h' });
  expect((await later.info()).waitingFor).toMatchObject([{ kind: 'start', detail: 'a worker' }]);
});

test('a run that waits is stuck only once it has something to do', async () => {
  const before = await testEngine({ workflows: [fits] });
  const run = await before.start(fits);
  await before.clock.settle();
  const without = await deploy(before, { workflows: [other] });
  await without.advance('1d');
  expect((await without.well.get(run.id)).status).toBe('waiting');
  await without.well.raiseEvent(run.id, 'go', 1);
  await without.advance('1m');
  expect((await without.well.get(run.id)).status).toBe('stuck');
  await using fitting = await deploy(without, { workflows: [fits] });
  expect(await fitting.well.result(run.id)).toBe(1);
});

test('runs of which another worker has the version are left to it', async () => {
  const store = openMemoryStore();
  await using left = await testEngine({ workflows: [other], store });
  await using right = await testEngine({ workflows: [fits], store, clock: left.clock });
  const run = await right.start(fits);
  await left.advance('1m');
  expect((await run.info()).status).toBe('waiting');
});

test('a rolling deploy: a run that old code takes up after the last new worker came goes on once that is gone', async () => {
  const withMail = workflow('order', async (ctx) => {
    await ctx.step('mail', () => 1);
    return ctx.waitForEvent('go');
  });
  const withoutMail = workflow('order', async (ctx) => ctx.waitForEvent('go'));
  const { promise: free, resolve: becomesFree } = Promise.withResolvers<void>();
  const blocking = workflow('blocking', async (ctx) => ctx.step('wait', () => free));
  const before = await testEngine({ workflows: [withMail] });
  const { id } = await before.start(withMail);
  await before.clock.settle();
  await using newer = await deploy(before, { workflows: [withMail, blocking], worker: { concurrency: 1 } });
  await newer.start(blocking);
  const { store, clock } = newer;
  const older = await testEngine({ workflows: [withoutMail], store, clock });
  // The newer one has no room.
  await newer.well.raiseEvent(id, 'go', 'kept');
  await clock.settle();
  expect(await newer.well.get(id)).toMatchObject({
    status: 'stuck',
    waitingFor: [{ kind: 'stuck', until: clock.now() + 60_000 }],
  });

  // Tried again by the older one, after as long as it has been stuck.
  await newer.advance('7m');
  const events = await gather(newer.well.events(id, { follow: false }));
  const stuck = events.filter(({ event }) => event.type === 'run.stuck').map(({ at }) => at);
  expect(stuck.map((at) => (at - stuck[0]!) / 60_000)).toEqual([0, 1, 2, 4]);
  await older.close();
  becomesFree();
  await newer.advance('1m');
  expect(await newer.well.result(id)).toBe('kept');
});

test('a journal that is full, wherever that is: stuck, and on with a higher limit', async () => {
  const long = workflow('long', async (ctx) => {
    for (let n = 0; n < 4; n++) await ctx.step('step', () => n);
    await ctx.waitForEvent('go');
    return 'done';
  });
  for (let eventsPerRun = 3; eventsPerRun < 16; eventsPerRun++) {
    const engine = await testEngine({ workflows: [long], limits: { eventsPerRun } });
    const run = await engine.start(long);
    await run.raiseEvent('go');
    await engine.clock.settle();
    const { status, error } = await run.info();
    expect({ eventsPerRun, status, code: error?.code }).toEqual(
      eventsPerRun < 14
        ? { eventsPerRun, status: 'stuck', code: 'TOO_MANY_EVENTS' }
        : { eventsPerRun, status: 'succeeded' },
    );
    await using next = await deploy(engine, { workflows: [long], limits: { eventsPerRun: 100 } });
    expect({ eventsPerRun, output: (await next.well.get(run.id)).output }).toEqual({
      eventsPerRun,
      output: 'done',
    });
  }
});

test('a workflow that waits for something else than an operation: stuck, and on with mended code', async () => {
  const never = workflow('never', async () => new Promise<string>(() => {}));
  const mended = workflow('never', async () => 'settled');
  const engine = await testEngine({ workflows: [never] });
  const run = await engine.start(never);
  await engine.clock.settle();
  expect(await run.info()).toMatchObject({ status: 'stuck', error: { code: 'WORKFLOW_NEVER_SETTLES' } });
  await using next = await deploy(engine, { workflows: [mended] });
  expect(await next.well.result(run.id)).toBe('settled');
});

test('a journal of a newer engine: stuck, not touched', async () => {
  const before = await testEngine({ workflows: [fits] });
  const run = await before.start(fits);
  await before.clock.settle();
  const [worker] = await before.well.workers();
  await before.close();
  // What a newer engine would have left behind, had it taken the run up and died.
  const { store, clock } = before;
  await store.register({ ...worker!, id: 'newer' });
  const to = { namespace: 'default', id: run.id };
  await store.deliver([{ to, now: clock.now(), fact: { type: 'resume' } }]);
  const claimed = await store.claim({
    worker: 'newer',
    kinds: ['report@2'],
    queues: null,
    limit: 1,
    now: clock.now(),
  });
  const { run: taken, journal } = claimed.runs[0]!;
  await store.commit([
    {
      run: taken.key,
      position: journal!.flatMap(({ events }) => events).length,
      at: clock.now(),
      events: JSON.stringify([{ type: 'run.activated', worker: 'newer', format: 99 }]),
      count: 1,
      taken: 0,
      open: [],
      close: [],
      starts: [],
      deliver: [],
      change: null,
    },
  ]);
  await store.retire('newer', clock.now());
  await using engine = await testEngine({ workflows: [fits], store, clock });
  await engine.clock.settle();
  expect(await engine.well.get(run.id)).toMatchObject({
    status: 'stuck',
    error: { code: 'JOURNAL_TOO_NEW', message: expect.stringContaining('format 99') },
  });
  await expect(engine.well.fork(run.id, { from: 'go' })).rejects.toMatchObject({ code: 'FORK_NOT_POSSIBLE' });
});
