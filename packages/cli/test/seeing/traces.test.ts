// A run is a trace and its operations are spans, whichever processes execute it and however often it is replayed.

import { SpanStatusCode } from '@opentelemetry/api';
import { Stepwell, workflow } from 'stepwell';
import { TestClock } from 'stepwell/testing';
import { expect, test } from 'vitest';
import { tracedInMemory } from './in-memory.ts';

const TRACE = 'a'.repeat(32);
const CALLER = 'b'.repeat(16);
const DAY = 86_400_000;

test('spans with names, kinds, times, errors and parents', async () => {
  const clock = new TestClock(Date.UTC(2030, 0, 1));
  const order = workflow('order', { version: '2' }, async (ctx) => {
    let attempts = 0;
    await ctx.step('check', { retry: { attempts: 2, delay: '10s' } }, () => {
      if (++attempts === 1) throw new Error('busy');
    });
    await ctx.map('parcels', ['one'], async (ctx) => ctx.step('pack', () => {}));
    await ctx.sleep('pause', '1d');
    await ctx.step('charge', { retry: 1 }, () => {
      throw new TypeError('no card');
    });
  });
  const { instruments, spans } = tracedInMemory();
  const { system } = clock;
  const well = await Stepwell.open({ store: 'memory:', workflows: [order], system, instruments });
  const run = await well.start(order, undefined, { id: 'r', traceparent: `00-${TRACE}-${CALLER}-01` });
  await clock.advance('10s');
  await clock.advance('1d');
  await expect(run.result()).rejects.toThrow('no card');
  const { createdAt, endedAt } = await run.info();
  await well.close();

  const made = spans();
  expect(made.map(({ name }) => name)).toEqual([
    'check',
    'pack',
    'item',
    'parcels',
    'pause',
    'charge',
    'order',
  ]);
  const [check, pack, item, parcels, pause, charge, whole] = made;
  expect(new Set(made.map(({ traceId }) => traceId))).toEqual(new Set([TRACE]));
  expect(new Set(made.map(({ spanId }) => spanId)).size).toBe(7);
  expect(whole!.parent).toBe(CALLER);
  for (const span of [check, parcels, pause, charge]) expect(span!.parent).toBe(whole!.spanId);
  expect(item!.parent).toBe(parcels!.spanId);
  expect(pack!.parent).toBe(item!.spanId);

  expect([whole!.start, whole!.end]).toEqual([createdAt, endedAt]);
  expect([check!.start, check!.end]).toEqual([createdAt, createdAt + 10_000]);
  expect(pause!.end - pause!.start).toBe(DAY);
  expect(check!.attributes).toEqual({
    'stepwell.run.id': 'r',
    'stepwell.namespace': 'default',
    'stepwell.workflow': 'order',
    'stepwell.version': '2',
    'stepwell.operation.id': 'check',
    'stepwell.operation.kind': 'step',
    'stepwell.operation.outcome': 'succeeded',
    'stepwell.operation.attempts': 2,
  });
  expect(item!.attributes['stepwell.operation.id']).toBe('parcels/item');
  expect(check!.status.code).toBe(SpanStatusCode.UNSET);
  expect(charge!.status).toEqual({ code: SpanStatusCode.ERROR, message: 'no card' });
  expect(charge!.attributes['error.type']).toBe('TypeError');
  expect(charge!.events).toMatchObject([
    { name: 'exception', attributes: { 'exception.type': 'TypeError', 'exception.message': 'no card' } },
  ]);
  expect(whole!.attributes).toMatchObject({ 'stepwell.run.status': 'failed', 'stepwell.queue': 'default' });
  expect(whole!.status.code).toBe(SpanStatusCode.ERROR);
});

test('what a step calls becomes a child of the step’s span, before that is recorded; a child run one of its operation', async () => {
  const seen: (string | undefined)[] = [];
  const child = workflow('child', async (ctx) => {
    seen.push(await ctx.step('inner', ({ traceparent }) => traceparent));
  });
  const parent = workflow('parent', async (ctx) => {
    seen.push(await ctx.step('call', ({ traceparent }) => traceparent));
    await ctx.run(child);
  });
  const { instruments, spans } = tracedInMemory();
  await using well = await Stepwell.open({ store: 'memory:', workflows: [parent, child], instruments });
  await (await well.start(parent)).result();
  const byName = new Map(
    spans().map((span) => [span.attributes['stepwell.operation.id'] ?? `run ${span.name}`, span]),
  );
  const whole = byName.get('run parent')!;
  expect(whole.parent).toBeUndefined();
  expect(seen).toEqual(['call', 'inner'].map((op) => `00-${whole.traceId}-${byName.get(op)!.spanId}-01`));
  expect(new Set(spans().map(({ traceId }) => traceId)).size).toBe(1);
  expect(byName.get('run child')!.parent).toBe(byName.get('child')!.spanId);
});

test('two processes, a week and a replay: one trace, no span twice, none without its parent', async () => {
  const clock = new TestClock(Date.UTC(2030, 0, 1));
  const slow = workflow('slow', async (ctx) => {
    await ctx.group('week', async (ctx) => {
      await ctx.step('before', () => {});
      await ctx.sleep('7d');
      await ctx.step('after', () => {});
    });
  });
  const { store, close } = await sharedStore();
  const first = tracedInMemory();
  const second = tracedInMemory();
  const open = (instruments: typeof first.instruments) =>
    Stepwell.open({ store, workflows: [slow], system: clock.system, instruments });
  const one = await open(first.instruments);
  await one.start(slow, undefined, { id: 'r' });
  await clock.settle();
  await one.close({ grace: 0 });
  const two = await open(second.instruments);
  await clock.advance('7d');
  await two.result('r');
  await two.close();
  await close();
  const all = [...first.spans(), ...second.spans()];
  expect(all.map(({ name }) => name)).toEqual(['before', 'sleep', 'after', 'week', 'slow']);
  expect(new Set(all.map(({ traceId }) => traceId)).size).toBe(1);
  const ids = new Set(all.map(({ spanId }) => spanId));
  expect(ids.size).toBe(5);
  for (const { parent, name } of all)
    expect(parent === undefined ? name === 'slow' : ids.has(parent)).toBe(true);
});

test('an operator’s retry is another span of the same trace; what is remembered is not recorded again', async () => {
  let broken = true;
  const mended = workflow('mended', async (ctx) => {
    await ctx.step('good', () => {});
    await ctx.step('bad', { retry: 1 }, () => {
      if (broken) throw new Error('not yet');
    });
  });
  const { instruments, spans } = tracedInMemory();
  await using well = await Stepwell.open({ store: 'memory:', workflows: [mended], instruments });
  const run = await well.start(mended);
  await run.result().catch(() => {});
  broken = false;
  await run.retry();
  await run.result();
  const made = spans();
  expect(made.map(({ name }) => name)).toEqual(['good', 'bad', 'mended', 'bad', 'mended']);
  expect(new Set(made.map(({ spanId }) => spanId)).size).toBe(5);
  expect(new Set(made.map(({ traceId }) => traceId)).size).toBe(1);
  expect(made[3]!.parent).toBe(made[4]!.spanId);
});

test('a caller who does not record is followed', async () => {
  const quiet = workflow('quiet', async (ctx) => ctx.step('call', ({ traceparent }) => traceparent));
  const { instruments, spans } = tracedInMemory();
  await using well = await Stepwell.open({ store: 'memory:', workflows: [quiet], instruments });
  const run = await well.start(quiet, undefined, { traceparent: `00-${TRACE}-${CALLER}-00` });
  expect(await run.result()).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-00$`));
  expect(spans()).toEqual([]);
});

/** A store that outlives the engine that uses it. */
async function sharedStore() {
  const keeper = await Stepwell.open({ store: 'memory:', worker: false });
  return { store: keeper.parts.store, close: () => keeper.close() };
}
