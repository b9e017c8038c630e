import { expect, test, vi } from 'vitest';
import { workflow, type AnyDefinition, type JournalEvent } from '../../src/index.ts';
import { openMemoryStore } from '../../src/store/memory/store.ts';
import { testEngine, TestClock, type TestEngine } from '../../src/testing/index.ts';
import { gather } from '../gather.ts';

/**
 * Two engines on one store, each with a clock of its own. One whose clock stands still renews no lease: to the others
 * it is dead, although it lives.
 */
async function twoEngines(...workflows: AnyDefinition[]): Promise<{ left: TestEngine; right: TestEngine }> {
  const store = openMemoryStore();
  const [left, right] = await Promise.all(
    ['left', 'right'].map((name) => testEngine({ workflows, store, clock: clockOf(name), worker: { name } })),
  );
  return { left: left!, right: right! };
}

/** All test clocks give the same ids: two that meet in one store have to be told apart. */
function clockOf(name: string): TestClock {
  const clock = new TestClock(0);
  const { uuid } = clock.system;
  Object.assign(clock.system, { uuid: () => `${name} ${uuid()}` });
  return clock;
}

async function settle(...engines: TestEngine[]): Promise<void> {
  for (const { clock } of engines) await clock.settle();
}

async function journalOf(engine: TestEngine, id: string): Promise<JournalEvent[]> {
  return (await gather(engine.well.events(id, { follow: false }))).map(({ event }) => event);
}

/** The first body waits to be told its result; those after it have one at once. */
function gated() {
  const gates: PromiseWithResolvers<string>[] = [];
  const body = ({ attempt }: { attempt: number }) => {
    const gate = Promise.withResolvers<string>();
    gates.push(gate);
    if (attempt > 1) gate.resolve(`attempt ${attempt}`);
    return gate.promise;
  };
  return { gates, body };
}

test('the commit of a worker that lost its run is refused, and its activation is dropped', async () => {
  const { gates, body } = gated();
  const after: string[] = [];
  const chain = workflow('chain', async (ctx) => {
    const value = await ctx.step('slow', body);
    await ctx.step('after', () => void after.push(value));
    return value;
  });
  const { left, right } = await twoEngines(chain);
  const run = await left.start(chain, undefined, { id: 'r' });
  await settle(left);
  expect(left.well.load().active).toBe(1);

  await right.advance('20s');
  expect(await right.well.result('r')).toBe('attempt 2');
  gates[0]!.resolve('from the dead');
  await settle(left, right);
  expect(left.well.load().active).toBe(0);
  expect(after).toEqual(['attempt 2']);
  expect(await run.info()).toMatchObject({ status: 'succeeded', output: 'attempt 2' });
  const outcomes = (await journalOf(right, 'r')).filter(({ type }) => type === 'operation.succeeded');
  expect(outcomes).toEqual([
    { type: 'operation.succeeded', op: 'slow', value: 'attempt 2' },
    { type: 'operation.succeeded', op: 'after' },
  ]);
  await right.close();
  await left.close();
});

test('also while the run still waits with the worker that has it now', async () => {
  const { gates, body } = gated();
  const chain = workflow('chain', async (ctx) => {
    const value = await ctx.step('slow', body);
    return [value, await ctx.waitForEvent('go')];
  });
  const { left, right } = await twoEngines(chain);
  const run = await left.start(chain);
  await settle(left);
  await right.advance('20s');
  expect((await run.info()).status).toBe('waiting');
  gates[0]!.resolve('from the dead');
  await settle(left, right);
  await left.well.raiseEvent(run.id, 'go', 1);
  await settle(left, right);
  expect((await run.info()).output).toEqual(['attempt 2', 1]);
  await right.close();
  await left.close();
});

test('a worker that lost its lease notices, enlists under another id, and works on', async () => {
  const echo = workflow('echo', async (ctx, n: number) => ctx.step('echo', () => n));
  const told = vi.spyOn(console, 'error').mockImplementation(() => {});
  const { left, right } = await twoEngines(echo);
  const before = (await left.well.workers()).find(({ name }) => name === 'left')!;
  await right.advance('20s');
  expect((await right.well.workers()).map(({ name }) => name)).toEqual(['right']);
  await right.close();
  await left.advance('10s');
  await left.advance('1s');
  const now = await left.well.workers();
  expect(now.map(({ name }) => name)).toEqual(['left']);
  expect(now[0]!.id).not.toBe(before.id);
  expect(await (await left.start(echo, 4)).result()).toBe(4);
  expect(told.mock.calls.flat()).toContainEqual(
    expect.objectContaining({ code: 'STORE_FAILED', message: expect.stringContaining('has lost its lease') }),
  );
  await left.close();
});

test('an at-most-once step that was taken over is uncertain, whatever the first worker says later', async () => {
  const { gates, body } = gated();
  const once = workflow('once', async (ctx) =>
    ctx.step('charge', { atMostOnce: true }, body).catch((error: Error) => (error as { code?: string }).code),
  );
  const { left, right } = await twoEngines(once);
  const run = await left.start(once);
  await settle(left);
  await right.advance('20s');
  gates[0]!.resolve('charged');
  await settle(left, right);
  expect((await run.info()).output).toBe('STEP_UNCERTAIN');
  expect(gates).toHaveLength(1);
  await right.close();
  await left.close();
});

test('events that are raised while a run changes hands are all taken, once', async () => {
  const { body } = gated();
  const collector = workflow('collector', async (ctx) => {
    await ctx.step('slow', body);
    const got: unknown[] = [];
    for (let n = 0; n < 4; n++) got.push(await ctx.waitForEvent('item'));
    return got;
  });
  const { left, right } = await twoEngines(collector);
  const run = await left.start(collector);
  await run.raiseEvent('item', 1);
  await settle(left);
  await run.raiseEvent('item', 2, { id: 'two' });
  await settle(left);
  await right.advance('20s');
  await run.raiseEvent('item', 'two again', { id: 'two' });
  await right.well.raiseEvent(run.id, 'item', 3);
  await settle(left, right);
  await left.well.raiseEvent(run.id, 'item', 4);
  await settle(left, right);
  expect((await run.info()).output).toEqual([1, 2, 3, 4]);
  await right.close();
  await left.close();
});

test('two workers share the runs, and none is run twice', async () => {
  const bodies: string[] = [];
  const work = workflow('work', async (ctx, n: number) => {
    await ctx.step('one', () => void bodies.push(`${n} one`));
    await ctx.sleep(n % 7);
    await ctx.step('two', () => void bodies.push(`${n} two`));
    return n;
  });
  const store = openMemoryStore();
  const clock = new TestClock(0);
  const worker = { concurrency: 5 };
  await using left = await testEngine({ workflows: [work], store, clock, worker });
  await using right = await testEngine({ workflows: [work], store, clock, worker });
  const at = clock.now() + 1_000;
  for (let n = 0; n < 100; n++) await (n % 2 === 0 ? left : right).start(work, n, { at });
  await clock.advance('2s');
  expect(await left.well.counts()).toEqual({ succeeded: 100 });
  expect(bodies).toHaveLength(200);
  expect(new Set(bodies).size).toBe(200);
  const workers = new Set<string>();
  for (const { id } of (await left.well.list({ limit: 1_000 })).runs) {
    for (const event of await journalOf(left, id))
      if (event.type === 'run.activated') workers.add(event.worker);
  }
  expect(workers.size).toBe(2);
});

test('a run that one worker parked goes on with another when the first is gone', async () => {
  const waiter = workflow('waiter', async (ctx) => ctx.waitForEvent('go'));
  const { left, right } = await twoEngines(waiter);
  const run = await left.start(waiter);
  await settle(left);
  expect(left.well.load().parked).toBe(1);
  left.well.kill();
  await right.well.raiseEvent(run.id, 'go', 'on');
  expect(await right.well.result(run.id)).toBe('on');
  await right.close();
});

test('an activation that was parked before another worker carried the run on is not gone on with', async () => {
  const waiter = workflow('waiter', async (ctx) => [
    await ctx.waitForEvent('a'),
    await ctx.waitForEvent('a'),
  ]);
  const { left, right } = await twoEngines(waiter);
  const run = await left.start(waiter);
  await settle(left);
  expect(left.well.load().parked).toBe(1);
  const { store } = left;
  const claim = store.claim.bind(store);
  store.claim = async (request) =>
    request.worker.startsWith('left') ? { runs: [], nextReadyAt: null } : claim(request);
  await run.raiseEvent('a', 1);
  await settle(left, right);
  await right.close();
  store.claim = claim;
  expect(left.well.load().parked).toBe(1);
  await run.raiseEvent('a', 2);
  await settle(left);
  expect((await run.info()).output).toEqual([1, 2]);
  await left.close();
});
