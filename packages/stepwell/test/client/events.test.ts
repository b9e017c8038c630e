import { expect, test } from 'vitest';
import { Stepwell, workflow, type RunEvent } from '../../src/index.ts';
import { testEngine } from '../../src/testing/index.ts';
import { alteredStore } from '../../src/store/altered.ts';
import { countedTimers } from '../counted-timers.ts';
import { gather } from '../gather.ts';

const chain = workflow('chain', async (ctx, steps: number) => {
  for (let n = 0; n < steps; n++) await ctx.step('step', () => n);
});
const waiter = workflow('waiter', async (ctx) => {
  for (;;) if ((await ctx.waitForEvent<string>('go')) === 'end') return 'ended';
});

const typesOf = (events: readonly RunEvent[]) => events.map(({ event }) => event.type);

function demandComplete(events: readonly RunEvent[], from = 0): void {
  expect(events.map(({ position }) => position)).toEqual(events.map((_, n) => from + n));
}

test('the events of a run, each with its position and time', async () => {
  await using engine = await testEngine({ workflows: [chain], start: 1_000 });
  const run = await engine.start(chain, 1);
  await engine.advance('1s');
  const events = await gather(run.events());
  expect(typesOf(events)).toEqual([
    'run.activated',
    'run.started',
    'operation.started',
    'operation.succeeded',
    'run.succeeded',
  ]);
  demandComplete(events);
  expect(events[3]).toEqual({
    position: 3,
    at: 1_000,
    event: { type: 'operation.succeeded', op: 'step', value: 0 },
  });
});

test('from every position on, in the middle of a commit and beyond the end', async () => {
  await using engine = await testEngine({ workflows: [chain] });
  const run = await engine.start(chain, 5);
  await engine.advance(1);
  const all = await gather(run.events());
  for (let from = 0; from <= all.length + 1; from++) {
    expect(await gather(run.events({ from }))).toEqual(all.slice(from));
  }
});

test('positions that cannot be are refused', async () => {
  await using engine = await testEngine({ workflows: [chain] });
  const run = await engine.start(chain, 1);
  for (const from of [-1, 0.5, Number.NaN, '0' as never]) {
    await expect(run.events({ from }).next()).rejects.toMatchObject({ code: 'OPTION_INVALID' });
  }
});

test('they are followed as they come, without a timer, and end with the run', async () => {
  await using engine = await testEngine({ workflows: [waiter] });
  const run = await engine.start(waiter);
  const seen: RunEvent[] = [];
  let ended = false;
  const reading = (async () => {
    for await (const event of run.events()) seen.push(event);
    ended = true;
  })();
  await engine.clock.settle();
  expect(typesOf(seen).at(-1)).toBe('operation.started');
  await run.raiseEvent('go', 'on');
  await engine.clock.settle();
  expect(typesOf(seen).slice(-3)).toEqual(['event.received', 'operation.succeeded', 'operation.started']);
  expect(ended).toBe(false);
  await run.raiseEvent('go', 'end');
  await reading;
  expect(typesOf(seen).at(-1)).toBe('run.succeeded');
  demandComplete(seen);
});

test('without follow they end where the journal does now', async () => {
  await using engine = await testEngine({ workflows: [waiter] });
  const run = await engine.start(waiter);
  expect(await gather(run.events({ follow: false }))).toEqual([]);
  await engine.clock.settle();
  const events = await gather(run.events({ follow: false }));
  expect(typesOf(events)).toEqual(['run.activated', 'run.started', 'operation.started']);
});

test('readers that begin at any moment while commits go on miss nothing and see nothing twice', async () => {
  await using engine = await testEngine({ workflows: [chain] });
  const run = await engine.start(chain, 100);
  const readings: Promise<RunEvent[]>[] = [];
  const starts: number[] = [];
  while ((await run.info()).status !== 'succeeded') {
    const from = readings.length % 7;
    starts.push(from);
    readings.push(gather(run.events({ from })));
    for (let turn = 0; turn < 10; turn++) await new Promise<void>((resolve) => void setImmediate(resolve));
  }
  expect(readings.length).toBeGreaterThan(5);
  const all = await gather(run.events({ follow: false }));
  demandComplete(all);
  for (const [n, reading] of readings.entries()) expect(await reading).toEqual(all.slice(starts[n]));
});

test('a reader who is slower than the run gets everything all the same', async () => {
  await using engine = await testEngine({ workflows: [chain] });
  const run = await engine.start(chain, 400);
  const seen: RunEvent[] = [];
  for await (const event of run.events()) {
    seen.push(event);
    if (seen.length % 100 === 1) await engine.clock.settle();
  }
  demandComplete(seen);
  expect(typesOf(seen).at(-1)).toBe('run.succeeded');
});

test('a long journal is read in pieces, not at once', async () => {
  await using engine = await testEngine({ workflows: [chain] });
  const run = await engine.start(chain, 500);
  await engine.advance(1);
  const limits: number[] = [];
  const asker = await Stepwell.open({
    store: alteredStore(engine.store, {
      journal: async (key, from, limit) => {
        limits.push(limit);
        return engine.store.journal(key, from, limit);
      },
    }),
    worker: false,
    system: engine.clock.system,
  });
  demandComplete(await gather(asker.events(run.id)));
  expect(limits.length).toBeGreaterThan(2);
  expect(Math.max(...limits)).toBeLessThanOrEqual(200);
});

test('a signal ends a reading, whether it waits or not', async () => {
  await using engine = await testEngine({ workflows: [waiter] });
  const run = await engine.start(waiter);
  await engine.clock.settle();
  const abort = new AbortController();
  const events = run.events({ signal: abort.signal });
  for (let n = 0; n < 3; n++) await events.next();
  const next = events.next();
  await engine.clock.settle();
  abort.abort(new Error('enough'));
  await expect(next).rejects.toThrow('enough');
  await expect(run.events({ signal: abort.signal }).next()).rejects.toThrow('enough');
});

test('a reader that stops early holds nothing any more', async () => {
  await using engine = await testEngine({ workflows: [waiter] });
  const run = await engine.start(waiter);
  const { system, timers } = countedTimers(engine.clock.system);
  const reader = await Stepwell.open({ store: engine.store, worker: false, system });
  await engine.clock.settle();
  const events = reader.events(run.id);
  for (let n = 0; n < 3; n++) await events.next();
  const last = events.next();
  await engine.clock.settle();
  expect(timers.size).toBe(1);
  await run.raiseEvent('go', 'on');
  await last;
  await events.return!();
  expect(timers.size).toBe(0);
});

test('closing the engine ends a reading with ENGINE_CLOSED', async () => {
  const engine = await testEngine({ workflows: [waiter] });
  const run = await engine.start(waiter);
  const reading = gather(run.events()).catch((error: unknown) => error);
  await engine.clock.settle();
  await engine.close();
  expect(await reading).toMatchObject({ code: 'ENGINE_CLOSED' });
});

test('a run that is purged while it is read ends the reading with RUN_PURGED, not as if that were all', async () => {
  await using engine = await testEngine({ workflows: [chain] });
  const run = await engine.start(chain, 300);
  await engine.advance(1);
  const events = run.events();
  await events.next();
  await engine.well.purge(run.id);
  await expect(gather(events)).rejects.toMatchObject({ code: 'RUN_PURGED' });
});

test('after a retry the events go on where they ended', async () => {
  let broken = true;
  const fragile = workflow('fragile', async (ctx) =>
    ctx.step('break', () => {
      if (broken) throw new Error('not yet');
    }),
  );
  await using engine = await testEngine({ workflows: [fragile] });
  const run = await engine.start(fragile);
  await engine.advance(1);
  const first = await gather(run.events());
  expect(typesOf(first).at(-1)).toBe('run.failed');
  broken = false;
  await run.retry();
  const rest = await gather(run.events({ from: first.length }));
  demandComplete(rest, first.length);
  expect(typesOf(rest)).toContain('run.reopened');
  expect(typesOf(rest).at(-1)).toBe('run.succeeded');
});

test('payloads are decoded, also those of errors', async () => {
  const codec = {
    encode: (text: string) => Buffer.from(text).toString('base64'),
    decode: (stored: string) => Buffer.from(stored, 'base64').toString(),
  };
  const secret = workflow('secret', async (ctx, input: { name: string }) => {
    ctx.log.info('a line', { name: input.name });
    await ctx.step('greet', () => `hello ${input.name}`);
    await ctx.step('break', () => {
      throw Object.assign(new Error('it broke'), { name: input.name, detail: input.name });
    });
  });
  await using engine = await testEngine({ workflows: [secret], codec });
  const run = await engine.start(secret, { name: 'Ayame' });
  await engine.advance(1);
  const events = await gather(run.events());
  expect(events.map(({ event }) => event)).toContainEqual(
    expect.objectContaining({ type: 'log', data: { name: 'Ayame' } }),
  );
  expect(events.map(({ event }) => event)).toContainEqual({
    type: 'operation.succeeded',
    op: 'greet',
    value: 'hello Ayame',
  });
  expect(events.map(({ event }) => event)).toContainEqual(
    expect.objectContaining({
      type: 'operation.failed',
      error: expect.objectContaining({ data: { detail: 'Ayame' } }),
    }),
  );
  expect(await run.info()).toMatchObject({ input: { name: 'Ayame' }, error: { data: { detail: 'Ayame' } } });
  // The store itself holds nothing of it in the clear but what the error's own text says.
  const stored = JSON.stringify(await engine.store.journal(1, 0, 100));
  expect(stored).not.toContain('hello Ayame');
  expect(stored).not.toContain('"detail"');
});
