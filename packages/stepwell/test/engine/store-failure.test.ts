import { expect, test } from 'vitest';
import { Stepwell, StepwellError, workflow } from '../../src/index.ts';
import type { Store } from '../../src/store/contract.ts';
import { openMemoryStore } from '../../src/store/memory/store.ts';
import { TestClock } from '../../src/testing/index.ts';
import { alteredStore } from '../../src/store/altered.ts';

const RUNS = 20;
/** What is told of failures is looked at where it matters. */
const onError = () => {};
const full = () => new StepwellError('STORE_FULL', 'There is no room left.');

/** Counts how often each body was run. */
function orders() {
  const bodies = new Map<string, number>();
  const order = workflow('order', async (ctx, n: number) => {
    const step = (name: string) =>
      ctx.step(
        name,
        ({ idempotencyKey }) => void bodies.set(idempotencyKey, (bodies.get(idempotencyKey) ?? 0) + 1),
      );
    await step('reserve');
    await ctx.sleep(n * 10);
    const event = await ctx.waitForEvent('paid');
    await step('ship');
    return [n, event];
  });
  return { order, bodies };
}

/** A store some of whose methods fail while `broken`. `after`: they do their work first, and then say that they failed. */
function fragile(store: Store, methods: readonly (keyof Store)[], when: 'before' | 'after' = 'before') {
  const state = { broken: false, failures: 0 };
  const altered = Object.fromEntries(
    methods.map((name) => [
      name,
      async (...given: unknown[]) => {
        const work = () => (store[name] as (...args: unknown[]) => Promise<unknown>).apply(store, given);
        if (!state.broken) return work();
        state.failures++;
        if (when === 'after') await work();
        throw full();
      },
    ]),
  );
  return { store: alteredStore(store, altered), state };
}

const failing: [string, (keyof Store)[], 'before' | 'after'][] = [
  ['commit', ['commit'], 'before'],
  ['commit, which had done its work', ['commit'], 'after'],
  ['claim', ['claim'], 'before'],
  ['claim, which had done its work', ['claim'], 'after'],
  ['facts', ['facts'], 'before'],
  ['heartbeat', ['heartbeat'], 'before'],
  ['expire and strand', ['expire', 'strand'], 'before'],
  ['register', ['commit', 'register'], 'before'],
  ['register, which had done its work', ['commit', 'register'], 'after'],
  ['retire', ['commit', 'retire'], 'before'],
  ['expire while it enlists again', ['commit', 'expire'], 'before'],
  [
    'everything',
    ['commit', 'claim', 'facts', 'heartbeat', 'register', 'retire', 'expire', 'strand'],
    'before',
  ],
];

test.each(failing)(
  'while %s fails nothing that was acknowledged is lost, and then all ends',
  async (_, methods, when) => {
    const memory = openMemoryStore();
    const { store, state } = fragile(memory, methods, when);
    const clock = new TestClock(0);
    const { order, bodies } = orders();
    const told: unknown[] = [];
    const well = await Stepwell.open({
      store,
      workflows: [order],
      system: clock.system,
      onError: (error) => told.push(error),
    });
    for (let n = 0; n < RUNS / 2; n++) await well.start(order, n, { id: `r${n}` });
    await clock.advance('20ms');
    state.broken = true;
    for (let n = RUNS / 2; n < RUNS; n++) await well.start(order, n, { id: `r${n}` });
    for (let n = 0; n < RUNS; n += 2) await well.raiseEvent(`r${n}`, 'paid', 'while broken', { id: 'e' });
    await clock.advance('5s');
    await clock.advance('25s');
    state.broken = false;
    for (let n = 1; n < RUNS; n += 2) await well.raiseEvent(`r${n}`, 'paid', 'after', { id: 'e' });
    for (let n = 0; n < 4; n++) await clock.advance('15s');

    expect(state.failures).toBeGreaterThan(0);
    expect(await well.counts()).toEqual({ succeeded: RUNS });
    for (let n = 0; n < RUNS; n++) {
      expect(await well.result(`r${n}`)).toEqual([n, n % 2 === 0 ? 'while broken' : 'after']);
    }
    expect(bodies.size).toBe(2 * RUNS);
    expect((await well.workers()).length).toBe(1);
    expect(told.length > 0 || methods[0] === 'heartbeat' || methods[0] === 'expire').toBe(true);
    await well.close();
  },
);

test('a start, an event and a callback that are not stored are refused to the caller, with the store’s code', async () => {
  const { store, state } = fragile(openMemoryStore(), ['start', 'deliver', 'purge']);
  const clock = new TestClock(0);
  const waiter = workflow('waiter', async (ctx) => ctx.waitForCallback('approve', () => {}));
  const well = await Stepwell.open({ store, workflows: [waiter], system: clock.system, onError });
  const run = await well.start(waiter, undefined, { id: 'r' });
  await clock.settle();
  const { callback } = (await run.info()).waitingFor[0]!;
  state.broken = true;
  for (const ask of [
    () => well.start(waiter, undefined, { id: 'other' }),
    () => run.raiseEvent('go'),
    () => well.callbacks.succeed(callback!, 1),
    () => run.pause(),
    () => run.cancel(),
    () => well.fork('r', { from: 'approve' }),
    () => well.purge('r'),
  ]) {
    await expect(ask()).rejects.toMatchObject({ code: 'STORE_FULL' });
  }
  state.broken = false;
  await clock.advance('1s');
  expect(await well.counts()).toEqual({ waiting: 1 });
  await well.callbacks.succeed(callback!, 2);
  expect(await run.result()).toBe(2);
  await well.close();
});

test('an engine on a store that cannot be used does not open', async () => {
  const { order } = orders();
  for (const method of ['register', 'expire', 'strand'] as const) {
    const memory = openMemoryStore();
    const { store, state } = fragile(memory, [method]);
    state.broken = true;
    const { system } = new TestClock(0);
    await expect(Stepwell.open({ store, workflows: [order], system, onError })).rejects.toMatchObject({
      code: 'STORE_FULL',
    });
    expect(await memory.workers()).toEqual([]);
  }
});

test('an engine closes also while its store fails', async () => {
  const memory = openMemoryStore();
  const { store, state } = fragile(memory, ['commit', 'retire', 'claim', 'register', 'heartbeat']);
  const clock = new TestClock(0);
  const { order } = orders();
  const well = await Stepwell.open({ store, workflows: [order], system: clock.system, onError });
  await well.start(order, 1);
  state.broken = true;
  await clock.settle();
  await well.close({ grace: 0 });
  await clock.advance('1m');
  // Nobody gave the run back: the next engine takes it over when the lease has run out.
  const next = await Stepwell.open({ store: memory, workflows: [order], system: clock.system });
  await clock.advance('1m');
  expect(await next.counts()).toEqual({ waiting: 1 });
  expect(await next.workers()).toHaveLength(1);
  await next.close();
});

test.each([[['commit']], [['commit', 'register']]] as [(keyof Store)[]][])(
  'while %s fails, the pauses before the worker comes back grow, and stay bounded',
  async (methods) => {
    const { store, state } = fragile(openMemoryStore(), methods);
    const clock = new TestClock(0);
    const { order } = orders();
    const times: number[] = [];
    const onError = () => times.push(clock.now());
    const well = await Stepwell.open({ store, workflows: [order], system: clock.system, onError });
    state.broken = true;
    await well.start(order, 0);
    await clock.advance('1m');
    const pauses = times.slice(1).map((time, n) => time - times[n]!);
    expect(pauses.slice(0, 6)).toEqual([100, 200, 400, 800, 1_600, 3_200]);
    expect(new Set(pauses.slice(6))).toEqual(new Set([5_000]));
    state.broken = false;
    await clock.advance('5s');
    expect((await well.list()).runs).toMatchObject([{ status: 'waiting' }]);
    // All is well again: the next trouble begins with a short pause.
    times.length = 0;
    state.broken = true;
    await well.raiseEvent((await well.list()).runs[0]!.id, 'paid', 1);
    await clock.advance('10s');
    expect(times[1]! - times[0]!).toBe(100);
    state.broken = false;
    await clock.advance('5s');
    expect(await well.counts()).toEqual({ succeeded: 1 });
    await well.close();
  },
);

test('a worker that fails while it enlists again lets go of what it had taken by then', async () => {
  const memory = openMemoryStore();
  const { store, state } = fragile(memory, ['commit']);
  const clock = new TestClock(0);
  const { order, bodies } = orders();
  let sweeps: 'well' | 'slow and then failing' = 'well';
  const slow = Promise.withResolvers<void>();
  const well = await Stepwell.open({
    store: alteredStore(store, {
      expire: async (now) => {
        if (sweeps === 'well') return memory.expire(now);
        await slow.promise;
        throw full();
      },
    }),
    workflows: [order],
    system: clock.system,
    onError,
  });
  state.broken = true;
  await well.start(order, 0);
  sweeps = 'slow and then failing';
  await clock.advance('100ms');
  state.broken = false;
  // It has a new id, and hears of this run, before the sweep has failed.
  await well.start(order, 1);
  await clock.settle();
  slow.resolve();
  await clock.settle();
  expect(well.load()).toEqual({ active: 0, parked: 0 });
  sweeps = 'well';
  await clock.advance('1s');
  expect(await memory.workers()).toHaveLength(1);
  expect(await well.counts()).toEqual({ waiting: 2 });
  for (const count of bodies.values()) expect(count).toBeLessThanOrEqual(2);
  await well.close();
});

test.each(['commit', 'heartbeat'] as const)(
  'a worker whose %s is never answered gives its runs up within two leases, and goes on under another name',
  async (method) => {
    const memory = openMemoryStore();
    let hanging = false;
    const hang = (...given: unknown[]) =>
      hanging
        ? new Promise<never>(() => {})
        : (memory[method] as (...args: unknown[]) => Promise<unknown>).apply(memory, given);
    const clock = new TestClock(0);
    const { order } = orders();
    const told: unknown[] = [];
    const well = await Stepwell.open({
      store: alteredStore(memory, { [method]: hang }),
      workflows: [order],
      system: clock.system,
      onError: (error) => told.push(error),
    });
    await well.start(order, 1, { id: 'r' });
    await clock.advance('1s');
    const [before] = await well.workers();
    hanging = true;
    await well.raiseEvent('r', 'paid', 'now');
    // A clock that is moved rings at most once for the rounds that it passes.
    for (let n = 0; n < 5; n++) await clock.advance('4s');
    hanging = false;
    for (let n = 0; n < 5; n++) await clock.advance('4s');

    expect(told.length).toBeGreaterThan(0);
    for (const error of told) expect(error).toMatchObject({ code: 'STORE_FAILED' });
    expect(await well.result('r')).toEqual([1, 'now']);
    expect((await well.workers()).map(({ id }) => id === before!.id)).toEqual([false]);
    await well.close();
  },
);
