// What an engine tells its instruments: facts that are durable, once, with the times of the journal; nothing in a replay.

import { expect, test } from 'vitest';
import { type AnyDefinition, type OpenOptions, Stepwell, workflow } from '../../src/index.ts';
import type { EngineFact, Instruments } from '../../src/engine/instruments.ts';
import type { System } from '../../src/engine/system.ts';
import { StepwellError } from '../../src/model/errors.ts';
import { openMemoryStore } from '../../src/store/memory/store.ts';
import { TestClock } from '../../src/testing/index.ts';
import { alteredStore } from '../../src/store/altered.ts';

type Fact<T extends EngineFact['type']> = Extract<EngineFact, { type: T }>;

/** Keeps what it is told; its clock goes on by one at each look. */
function recorder() {
  const facts: EngineFact[] = [];
  let time = 0;
  const instruments: Instruments = { now: () => ++time, tell: (fact) => void facts.push(fact) };
  const of = <T extends EngineFact['type']>(type: T) =>
    facts.filter((fact): fact is Fact<T> => fact.type === type);
  const ended = () => of('operation ended').map(({ op, kind, outcome }) => `${kind} ${op} ${outcome}`);
  return { facts, instruments, of, ended };
}

/** An engine in memory with a clock that is moved by hand. */
async function engineOf(
  workflows: readonly AnyDefinition[],
  options: Partial<OpenOptions> & { clock?: TestClock } = {},
) {
  const seen = recorder();
  const { clock, ...more } = { clock: new TestClock(Date.UTC(2030, 0, 1)), ...options };
  const { instruments } = seen;
  const given = { store: 'memory:', workflows, system: clock.system, instruments };
  const well = await Stepwell.open({ ...given, ...more });
  return { well, clock, ...seen };
}

test('a run from its start to its end', async () => {
  const chain = workflow('chain', async (ctx) => {
    await ctx.step('one', () => 1);
    await ctx.step('two', () => 2);
    return 'secret';
  });
  const { well, facts, of, ended } = await engineOf([chain]);
  const run = await well.start(chain, undefined, { id: 'r' });
  await run.result();
  expect(of('opened')).toEqual([{ type: 'opened', workflows: [{ name: 'chain', version: '1' }] }]);
  expect(of('run started')).toMatchObject([{ run: { id: 'r', workflow: 'chain' } }]);
  expect(of('run started')[0]!.milliseconds).toBeGreaterThan(0);
  expect(of('run activated')).toMatchObject([{ run: { id: 'r' }, parked: false, events: 0 }]);
  expect(of('step began').map(({ op, after }) => [op, after])).toEqual([
    ['one', 'start'],
    ['two', 'step'],
  ]);
  expect(ended()).toEqual(['step one succeeded', 'step two succeeded']);
  expect(of('run ended')).toMatchObject([{ run: { id: 'r' }, status: 'succeeded', reopenedAt: null }]);
  // Besides what lies between the two bodies, the commit of the end.
  expect(of('run ended')[0]!.overhead).toBeGreaterThan(of('step began')[1]!.milliseconds);
  // Three commits: begun and asked for one, its result and two, its result and the end.
  const commits = of('flushed').flatMap(({ events }) => events);
  const journal = await well.parts.store.journal(of('run ended')[0]!.run.key, 0, 100);
  expect(commits).toEqual(journal.map(({ events }) => events.length));
  // A step is told as begun before it can have ended, and everything before the end of its run.
  const order = facts.map(({ type }) => type);
  expect(order.indexOf('step began')).toBeLessThan(order.indexOf('operation ended'));
  expect(order.at(-1)).toBe('run ended');
  await well.close();
});

test('waits: how late a function goes on after a timer, and that it does after a fact', async () => {
  const waits = workflow('waits', async (ctx) => {
    await ctx.sleep('1h');
    await ctx.step('after the timer', () => {});
    await ctx.waitForEvent('go');
    await ctx.step('after the event', () => {});
  });
  const { well, clock, of } = await engineOf([waits]);
  const run = await well.start(waits);
  await clock.advance('1h');
  await run.raiseEvent('go');
  await run.result();
  expect(of('woken')).toMatchObject([{ by: 'timer', milliseconds: 0 }, { by: 'fact' }]);
  // The hour is the function's own.
  expect(of('run ended')[0]!.overhead).toBeLessThan(60_000);
  expect(of('woken')[1]!.milliseconds).toBeGreaterThan(0);
  expect(of('step began').map(({ after }) => after)).toEqual(['timer', 'fact']);
  expect(of('claimed').filter(({ runs }) => runs > 0).length).toBe(2);
  await well.close();
});

test('an event that was there already is no wait that was over late', async () => {
  const late = workflow('late', async (ctx) => {
    await ctx.sleep('1h');
    await ctx.step('first', () => {});
    await ctx.waitForEvent('go');
  });
  const { well, clock, of } = await engineOf([late]);
  const run = await well.start(late);
  await run.raiseEvent('go');
  await clock.advance('1h');
  await run.result();
  expect(of('woken').map(({ by }) => by)).toEqual(['timer']);
  await well.close();
});

test('a replay tells nothing again, in whatever process', async () => {
  const two = workflow('two', async (ctx) => {
    await ctx.group('all', async (ctx) => {
      await ctx.step('before', () => {});
      await ctx.sleep('1d');
      await ctx.step('after', () => {});
    });
  });
  const store = openMemoryStore();
  const first = await engineOf([two], { store });
  await first.well.start(two, undefined, { id: 'r' });
  await first.clock.settle();
  const { clock } = first;
  await first.well.close({ grace: 0 });
  const second = await engineOf([two], { store, clock });
  await second.clock.advance('1d');
  await second.well.result('r');
  expect(first.ended()).toEqual(['step all/before succeeded']);
  expect(second.ended()).toEqual([
    'sleep all/sleep succeeded',
    'step all/after succeeded',
    'group all succeeded',
  ]);
  // The group's time is that of its beginning in the other process.
  const group = second.of('operation ended').find(({ kind }) => kind === 'group')!;
  expect(group.startedAt).toBe(first.of('operation ended')[0]!.startedAt);
  expect(group.endedAt - group.startedAt).toBe(86_400_000);
  expect(second.of('run activated')[0]!.events).toBeGreaterThan(3);
  await second.well.close();
});

test('attempts, errors, items, what was cancelled, children', async () => {
  const child = workflow('child', async () => 1);
  const all = workflow('all', async (ctx) => {
    let attempts = 0;
    await ctx.step('flaky', { retry: { attempts: 2, delay: '1s' } }, () => {
      if (++attempts === 1) throw new TypeError('once');
    });
    await ctx.map('items', [1, 2], async (ctx, item) => ctx.step('work', () => item));
    await Promise.race([ctx.sleep('long', '1d'), ctx.run(child)]);
    await ctx.step('fails', { retry: 1 }, () => {
      throw new RangeError('no');
    });
  });
  const { well, clock, of, ended } = await engineOf([all, child]);
  const run = await well.start(all);
  await clock.advance('1s');
  await expect(run.result()).rejects.toThrow('no');
  expect(ended()).toEqual([
    'step flaky succeeded',
    'step items/item/work succeeded',
    'item items/item succeeded',
    'step items/item#2/work succeeded',
    'item items/item#2 succeeded',
    'map items succeeded',
    'child child succeeded',
    'step fails failed',
    'sleep long cancelled',
  ]);
  const [flaky] = of('operation ended');
  expect(flaky).toMatchObject({ attempts: 2, error: undefined });
  const failed = of('operation ended').find(({ op }) => op === 'fails')!;
  expect(failed.error).toMatchObject({ name: 'RangeError', message: 'no' });
  expect(
    of('run started').map(({ run: { workflow }, milliseconds }) => [workflow, milliseconds !== null]),
  ).toEqual([
    ['all', true],
    ['child', false],
  ]);
  expect(of('run ended').map(({ run: { workflow }, status }) => [workflow, status])).toEqual([
    ['child', 'succeeded'],
    ['all', 'failed'],
  ]);
  await well.close();
});

test('after a retry of the run only what is done again is told, as part of another life', async () => {
  let broken = true;
  const mended = workflow('mended', async (ctx) => {
    await ctx.step('good', () => {});
    await ctx.step('bad', { retry: 1 }, () => {
      if (broken) throw new Error('not yet');
    });
  });
  const { well, clock, of, ended } = await engineOf([mended]);
  const run = await well.start(mended);
  await expect(run.result()).rejects.toThrow('not yet');
  broken = false;
  await clock.advance('1m');
  await run.retry();
  await run.result();
  expect(ended()).toEqual(['step good succeeded', 'step bad failed', 'step bad succeeded']);
  expect(of('operation ended').map(({ beginnings }) => beginnings)).toEqual([0, 0, 1]);
  const [first, second] = of('run ended');
  expect(first!.reopenedAt).toBeNull();
  expect([first!.overhead, second!.overhead]).toEqual([expect.any(Number), null]);
  expect(second!.reopenedAt).toBeGreaterThan(first!.endedAt);
  // A function that begins anew has begun before: its first step does not count as a first one.
  expect(of('step began').filter(({ after }) => after === 'start')).toHaveLength(1);
  await well.close();
});

test('of a run that ends without being replayed it is not known what was added to it before', async () => {
  const waits = workflow('waits', { hardTimeout: '1h' }, async (ctx) => {
    await ctx.step('before', () => {});
    await ctx.waitForEvent('never');
  });
  const store = openMemoryStore();
  const first = await engineOf([waits], { store });
  for (const id of ['forced', 'late']) await first.well.start(waits, undefined, { id });
  await first.clock.settle();
  const { clock } = first;
  await first.well.close({ grace: 0 });
  const second = await engineOf([waits], { store, clock });
  await second.well.cancel('forced', { force: true });
  await clock.advance('2h');
  const ended = second.of('run ended').map(({ run, status, overhead }) => [run.id, status, overhead]);
  expect(ended).toEqual([
    ['forced', 'cancelled', null],
    ['late', 'timed_out', null],
  ]);
  await second.well.close();
});

test('what the store has not taken is not told', async () => {
  const memory = openMemoryStore();
  let broken = false;
  const store = alteredStore(memory, {
    commit: async (commits) => {
      if (broken) throw new StepwellError('STORE_FULL', 'There is no room left.');
      return memory.commit(commits);
    },
  });
  const once = workflow('once', async (ctx) => {
    await ctx.step('step', ({ attempt }) => void (broken = attempt === 1));
  });
  const { well, clock, of, ended } = await engineOf([once], { store, onError: () => {} });
  const run = await well.start(once);
  await clock.settle();
  expect(of('flush failed')).toMatchObject([{ error: { code: 'STORE_FULL' } }]);
  expect(ended()).toEqual([]);
  expect(of('run ended')).toEqual([]);
  broken = false;
  await clock.advance('10s');
  expect(await run.result()).toBeUndefined();
  expect(of('run ended')).toHaveLength(1);
  // Its result was lost, so it was done again.
  expect(ended()).toEqual(['step step succeeded']);
  await well.close();
});

test('lines of ctx.log, and what is stuck', async () => {
  let code = 1;
  const moody = workflow('moody', async (ctx) => {
    ctx.log.warn('looks bad', { why: 'rain' });
    await ctx.step(code === 1 ? 'old' : 'new', ({ log }) => log.info('inside'));
    await ctx.sleep('1h');
  });
  const { well, clock, of } = await engineOf([moody], { worker: { parked: 0 } });
  await well.start(moody, undefined, { id: 'r' });
  await clock.settle();
  code = 2;
  await clock.advance('1h');
  expect(of('logged').map(({ level, message, op }) => [level, message, op])).toEqual([
    ['warn', 'looks bad', undefined],
    ['info', 'inside', 'old'],
  ]);
  expect(of('run stuck')).toMatchObject([{ run: { id: 'r' }, error: { code: 'JOURNAL_MISMATCH' } }]);
  await well.close();
});

test('a step and a child carry the traceparent of their operation, or else that of the run', async () => {
  const caller = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
  const seen: unknown[] = [];
  const child = workflow('child', async (ctx) => ctx.step('inner', ({ traceparent }) => traceparent));
  const parent = workflow('parent', async (ctx) => {
    seen.push(await ctx.step('step', ({ traceparent }) => traceparent));
    seen.push(await ctx.run(child));
  });
  const workflows = [parent, child];
  await using untraced = await Stepwell.open({ store: 'memory:', workflows });
  await (await untraced.start(parent)).result();
  await (await untraced.start(parent, undefined, { traceparent: caller })).result();
  expect(seen.splice(0)).toEqual([undefined, undefined, caller, caller]);
  const instruments: Instruments = {
    now: () => 0,
    tell: () => {},
    traceparentOf: ({ workflow, traceparent }, op, beginnings) =>
      `${workflow}/${op}/${beginnings}<${traceparent}`,
  };
  await using traced = await Stepwell.open({ store: 'memory:', workflows, instruments });
  await (await traced.start(parent, undefined, { traceparent: caller })).result();
  expect(seen).toEqual([`parent/step/0<${caller}`, `child/inner/0<parent/child/0<${caller}`]);
});

test('a system may be an object with methods, as that of the simulation is', async () => {
  class Clock implements System {
    readonly #real = new TestClock(Date.UTC(2030, 0, 1)).system;
    now() {
      return this.#real.now();
    }
    random() {
      return this.#real.random();
    }
    uuid() {
      return this.#real.uuid();
    }
    timer(delay: number, callback: () => void) {
      return this.#real.timer(delay, callback);
    }
    soon(callback: () => void) {
      this.#real.soon(callback);
    }
    settled(callback: () => void) {
      this.#real.settled(callback);
    }
  }
  const fine = workflow('fine', async (ctx) => ctx.step('step', () => 1));
  const { well, of } = await engineOf([fine], { system: new Clock() });
  expect(await (await well.start(fine)).result()).toBe(1);
  expect(of('step began')).toHaveLength(1);
  await well.close();
});

test('instruments that throw stop nothing', async () => {
  const errors: unknown[] = [];
  const fine = workflow('fine', async (ctx) => ctx.step('step', () => 1));
  const tell = () => {
    throw new Error('the instrument is broken');
  };
  await using well = await Stepwell.open({
    store: 'memory:',
    workflows: [fine],
    instruments: { now: () => 0, tell },
    onError: (error) => void errors.push(error),
  });
  expect(await (await well.start(fine)).result()).toBe(1);
  expect(errors.length).toBeGreaterThan(5);
});
