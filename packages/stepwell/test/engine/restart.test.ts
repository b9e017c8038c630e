import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Stepwell, workflow, type AnyDefinition, type RunEvent } from '../../src/index.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { testEngine, TestClock, type TestEngine } from '../../src/testing/index.ts';
import { gather } from '../gather.ts';
import { temporaryDirectory } from '../store/sqlite-file.ts';

/** An engine on a file that can be stopped and opened again, its clock going on. */
class FileEngine {
  readonly #path = join(temporaryDirectory(), 'stepwell.db');
  readonly #workflows: AnyDefinition[];
  readonly clock = new TestClock(Date.UTC(2030, 0, 1, 6));
  engine!: TestEngine;

  constructor(...workflows: AnyDefinition[]) {
    this.#workflows = workflows;
  }

  async open(): Promise<TestEngine> {
    const { clock } = this;
    const store = openSqliteStore({
      path: this.#path,
      owner: 'test',
      now: clock.system.now,
      soon: clock.system.soon,
    });
    this.engine = await testEngine({ workflows: this.#workflows, store, clock });
    await clock.settle();
    return this.engine;
  }

  async stop(how: 'close' | 'kill'): Promise<void> {
    if (how === 'kill') this.engine.well.kill();
    else await this.engine.close();
    await this.engine.store.close();
  }

  async restart(how: 'close' | 'kill'): Promise<TestEngine> {
    await this.stop(how);
    return this.open();
  }
}

const child = workflow('child', async (ctx, n: number) => {
  await ctx.sleep('1h');
  return ctx.step('grow', () => n * 2);
});

test.each(['close', 'kill'] as const)(
  'every kind of wait goes on over a restart (%s), and no body is run again',
  async (how) => {
    const bodies: string[] = [];
    const all = workflow('all', { errors: [RangeError] }, async (ctx, start: number) => {
      const note = <T>(name: string, value: T) => ctx.step(name, () => (bodies.push(name), value));
      const a = await note('a', start);
      await ctx.sleep('2h');
      const event = await ctx.waitForEvent<string>('go');
      const approved = await ctx.waitForCallback<boolean>('approve', () => void bodies.push('submit'));
      const grown = await ctx.run(child, 21, { id: 'child' });
      const noon = await ctx.waitForCondition(
        'noon',
        () => file.clock.now() % 86_400_000 >= 43_200_000 && 'noon',
        {
          every: '1h',
        },
      );
      const retried = await ctx.step('retry', { retry: { attempts: 3, delay: '1h' } }, ({ attempt }) => {
        bodies.push(`retry ${attempt}`);
        if (attempt < 2) throw new RangeError('not yet');
        return attempt;
      });
      const mapped = await ctx.map('m', [1, 2, 3], async (inner, n) => {
        await inner.sleep(`${n}h`);
        return inner.step('x', () => (bodies.push(`x ${n}`), n));
      });
      return { a, event, approved, grown, noon, retried, mapped: mapped.values };
    });
    const file = new FileEngine(all, child);
    let engine = await file.open();
    await engine.start(all, 7, { id: 'r', timeout: '30d' });
    let looks = 0;
    for (; looks < 50; looks++) {
      await file.clock.settle();
      engine = await file.restart(how);
      const info = await engine.well.get('r');
      if (info.status === 'succeeded') break;
      for (const { kind, callback, detail } of info.waitingFor) {
        if (kind === 'event') await engine.well.raiseEvent('r', detail!, 'event', { id: 'e' });
        if (callback !== undefined) await engine.well.callbacks.succeed(callback, true);
      }
      engine = await file.restart(how);
      await engine.advance('1h');
    }
    expect(looks).toBeGreaterThan(8);
    expect((await engine.well.get('r')).output).toEqual({
      a: 7,
      event: 'event',
      approved: true,
      grown: 42,
      noon: 'noon',
      retried: 2,
      mapped: [1, 2, 3],
    });
    expect(bodies).toEqual(['a', 'submit', 'retry 1', 'retry 2', 'x 1', 'x 2', 'x 3']);
    await file.stop('close');
  },
);

test('what an application had done is there after a restart: pause, cancel, retry, delay, results', async () => {
  let broken = true;
  const fragile = workflow('fragile', async (ctx) =>
    ctx.step('try', () => {
      if (broken) throw new TypeError('not yet');
      return 'done';
    }),
  );
  const waiter = workflow('waiter', async (ctx) => ctx.waitForEvent('go'));
  const file = new FileEngine(fragile, waiter);
  let { well } = await file.open();
  await well.start(waiter, undefined, { id: 'paused' });
  await well.start(waiter, undefined, { id: 'waiting' });
  await well.start(waiter, undefined, { id: 'cancelled' });
  await well.start(fragile, undefined, { id: 'failed' });
  await well.start(fragile, undefined, { id: 'delayed', delay: '1h' });
  await file.clock.settle();
  await well.pause('paused', { reason: 'an audit' });
  await well.cancel('cancelled');
  await well.raiseEvent('waiting', 'go', 'kept');
  ({ well } = await file.restart('kill'));
  expect(await well.counts()).toEqual({ paused: 1, succeeded: 1, cancelled: 1, failed: 1, queued: 1 });
  expect(await well.result('waiting')).toBe('kept');
  await expect(well.result('cancelled')).rejects.toMatchObject({ code: 'RUN_CANCELLED' });
  await expect(well.result('failed')).rejects.toThrow(TypeError);
  broken = false;
  await well.retry('failed');
  await well.raiseEvent('paused', 'go', 'later');
  ({ well } = await file.restart('kill'));
  await file.clock.advance('1h');
  expect(await well.result('failed')).toBe('done');
  expect(await well.result('delayed')).toBe('done');
  expect((await well.get('paused')).waitingFor[0]!.detail).toContain('an audit');
  await well.resume('paused');
  expect(await well.result('paused')).toBe('later');
  expect((await well.start(waiter, undefined, { id: 'waiting' })).created).toBe(false);
  await expect(well.start(waiter, 1 as never, { id: 'waiting' })).rejects.toMatchObject({
    code: 'RUN_ID_TAKEN',
  });
  await file.stop('close');
});

test('a reader goes on from its position after a restart, without a gap or a double', async () => {
  const chain = workflow('chain', async (ctx) => {
    for (let n = 0; n < 5; n++) {
      await ctx.step('step', () => n);
      await ctx.sleep('1h');
    }
  });
  const file = new FileEngine(chain);
  let engine = await file.open();
  await engine.start(chain, undefined, { id: 'r' });
  const seen: RunEvent[] = [];
  for (let n = 0; n < 6; n++) {
    await engine.advance('1h');
    const from = seen.length;
    seen.push(...(await gather(engine.well.events('r', { from, follow: false }))));
    engine = await file.restart('kill');
  }
  expect(seen.at(-1)!.event.type).toBe('run.succeeded');
  expect(seen.map(({ position }) => position)).toEqual(seen.map((_, n) => n));
  expect(seen).toEqual(await gather(engine.well.events('r')));
  await file.stop('close');
});

test('a stuck run goes on after a restart with the code that fits', async () => {
  const first = workflow('w', async (ctx) => (await ctx.step('a', () => 1), ctx.waitForEvent('go')));
  const second = workflow('w', async (ctx) => (await ctx.step('b', () => 1), ctx.waitForEvent('go')));
  const path = join(temporaryDirectory(), 'stepwell.db');
  const open = (definition: AnyDefinition) =>
    Stepwell.open({ store: `sqlite:${path}`, workflows: [definition] });
  let well = await open(first);
  await well.start('w', undefined, { id: 'r' });
  await well.raiseEvent('r', 'other');
  await well.close();
  well = await open(second);
  await well.raiseEvent('r', 'go', 1);
  for await (const { event } of well.events('r')) if (event.type === 'run.stuck') break;
  await well.close();
  well = await open(first);
  expect(await well.result('r')).toBe(1);
  await well.close();
});

test('a second engine on the file is refused at once; closing the first makes room', async () => {
  const store = `sqlite:${join(temporaryDirectory(), 'deep', 'stepwell.db')}`;
  const first = await Stepwell.open({ store });
  await expect(Stepwell.open({ store })).rejects.toMatchObject({ code: 'STORE_IN_USE' });
  await expect(Stepwell.open({ store, worker: false })).rejects.toMatchObject({ code: 'STORE_IN_USE' });
  await first.close();
  const second = await Stepwell.open({ store });
  second.kill();
  await second.close();
  await (await Stepwell.open({ store })).close();
});
