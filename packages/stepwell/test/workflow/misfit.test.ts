import { expect, test } from 'vitest';
import { workflow, type Ctx } from '../../src/index.ts';
import { testEngine, type TestEngine } from '../../src/testing/index.ts';

/** The code that the run began with: what all others are held against. */
const original = workflow('order', async (ctx) => {
  const first = await ctx.step('check', () => 1);
  await ctx.sleep('pause', '1h');
  const second = await ctx.step('charge', () => 2);
  await ctx.sleep('1d');
  return first + second;
});

async function deploy(before: TestEngine, fn: (ctx: Ctx) => Promise<unknown>): Promise<TestEngine> {
  await before.well.close({ grace: 0 });
  const flow = workflow('order', fn);
  return testEngine({ workflows: [flow], store: before.store, clock: before.clock });
}

/** Code that does not fit, and what the message says of the two sides. */
const misfits: Record<string, [(ctx: Ctx) => Promise<unknown>, journal: string, code: string]> = {
  'another name': [
    async (ctx) => ctx.step('verify', () => 1),
    'step "check" at position 2',
    'asks for step "verify"',
  ],
  'another kind': [
    async (ctx) => ctx.waitForEvent('check'),
    'step "check" at position 2',
    'asks for event "check"',
  ],
  'another order': [
    async (ctx) => {
      await ctx.sleep('pause', '1h');
      await ctx.step('check', () => 1);
    },
    'step "check"',
    'asks for sleep "pause"',
  ],
  'an operation more': [
    async (ctx) => {
      await ctx.step('check', () => 1);
      await ctx.step('check again', () => 1);
    },
    'sleep "pause"',
    'asks for step "check again"',
  ],
  'one at the side': [
    async (ctx) => {
      await Promise.all([ctx.step('check', () => 1), ctx.step('more', () => 1)]);
    },
    'nothing more in this place',
    'asks for step "more"',
  ],
  'an operation less': [
    async (ctx) => {
      await ctx.step('check', () => 1);
      await ctx.step('charge', () => 2);
    },
    'sleep "pause"',
    'asks for step "charge"',
  ],
  'an earlier end': [async (ctx) => ctx.step('check', () => 1), 'goes on here', 'function returns'],
  'an error': [
    async (ctx) => {
      await ctx.step('check', () => 1);
      throw new RangeError('changed my mind');
    },
    'goes on here',
    'function throws RangeError: changed my mind',
  ],
  'another group': [
    async (ctx) => ctx.group('checks', (ctx) => ctx.step('check', () => 1)),
    'step "check"',
    'asks for group "checks"',
  ],
  'a wait for nothing': [
    async (ctx) => {
      await ctx.step('check', () => 1);
      await new Promise(() => {});
    },
    'sleep "pause"',
    'did not ask for it',
  ],
};

test.each(Object.entries(misfits))(
  '%s: the run is stuck, both sides are shown, and it goes on with code that fits',
  async (_what, [fn, journal, code]) => {
    const before = await testEngine({ workflows: [original] });
    const run = await before.start(original);
    await before.advance('2h');
    const misfit = await deploy(before, fn);
    await misfit.advance('1d');
    const info = await misfit.well.get(run.id);
    expect(info.status).toBe('stuck');
    expect(info.waitingFor).toMatchObject([{ kind: 'stuck', error: { code: 'JOURNAL_MISMATCH' } }]);
    expect(info.waitingFor[0]!.detail).toContain(journal);
    expect(info.waitingFor[0]!.detail).toContain(code);
    await using engine = await deploy(misfit, original.fn as (ctx: Ctx) => Promise<unknown>);
    await engine.advance('1d');
    expect(await engine.well.result(run.id)).toBe(3);
  },
);

test('code that catches the misfit does not get round it', async () => {
  const before = await testEngine({ workflows: [original] });
  const run = await before.start(original);
  await before.advance('2h');
  await using misfit = await deploy(before, async (ctx) => {
    await ctx.step('verify', () => 1).catch(() => {});
    return 'got round it';
  });
  await misfit.advance('1d');
  expect((await misfit.well.get(run.id)).status).toBe('stuck');
});

test('what may differ: bodies, options, texts, and the order between groups', async () => {
  const grouped = (names: string[]) => async (ctx: Ctx) => {
    const inner = (name: string) => ctx.group(name, (ctx) => ctx.step('work', () => name));
    ctx.setStatus(`begun with ${names[0]}`);
    const done = await Promise.all([inner('a'), inner('b')]);
    await ctx.step('after', { retry: names.length }, () => names[0]);
    ctx.log.info('ended');
    await ctx.sleep(names[0] === 'old' ? '1h' : '2h');
    return [...done, names[0]];
  };
  const flow = workflow('order', grouped(['old']));
  const before = await testEngine({ workflows: [flow] });
  const run = await before.start(flow);
  await before.clock.settle();
  await using engine = await deploy(before, grouped(['new', 'x']));
  await engine.advance('1h');
  expect(await engine.well.result(run.id)).toEqual(['a', 'b', 'new']);
});

test('a workflow that waits for something that is no operation is stuck, not failed', async () => {
  const flow = workflow('order', async (ctx) => {
    await ctx.step('check', () => 1);
    await new Promise(() => {});
  });
  const before = await testEngine({ workflows: [flow] });
  const run = await before.start(flow);
  await before.clock.settle();
  const { status, waitingFor } = await run.info();
  expect([status, waitingFor[0]!.error?.code]).toEqual(['stuck', 'WORKFLOW_NEVER_SETTLES']);
  await using engine = await deploy(before, async (ctx) => {
    const checked = await ctx.step('check', () => 1);
    return checked + (await ctx.step('instead', () => 1));
  });
  await engine.clock.settle();
  expect(await engine.well.result(run.id)).toBe(2);
});

test.each(['waits', 'runs a step'])(
  'ctx after something that is no operation, while the run %s: stuck, and it goes on with code that was mended',
  async (meanwhile) => {
    const outside = Promise.withResolvers<void>();
    const flow = workflow('order', async (ctx) => {
      if (meanwhile === 'waits') void ctx.sleep('1d');
      else void ctx.step('long', () => new Promise<void>(() => {}));
      await outside.promise;
      return ctx.step('late', () => 1);
    });
    const before = await testEngine({ workflows: [flow] });
    const run = await before.start(flow);
    await before.clock.settle();
    outside.resolve();
    await before.advance('2d');
    const { status, waitingFor } = await run.info();
    expect([status, waitingFor[0]!.error?.code]).toEqual(['stuck', 'CTX_OUTSIDE_TURN']);
    expect(waitingFor[0]!.detail).toContain('asked for step "late"');
    await using engine = await deploy(before, async (ctx) => {
      if (meanwhile === 'waits') void ctx.sleep('1d');
      else void ctx.step('long', () => 1);
      return ctx.step('late', () => 1);
    });
    await engine.advance('1d');
    expect(await engine.well.result(run.id)).toBe(1);
  },
);

test('a stuck run can be cancelled by force', async () => {
  const flow = workflow('order', async () => new Promise(() => {}));
  await using engine = await testEngine({ workflows: [flow] });
  const run = await engine.start(flow);
  await engine.clock.settle();
  expect((await run.info()).status).toBe('stuck');
  await run.cancel({ force: true });
  await engine.clock.settle();
  expect((await run.info()).status).toBe('cancelled');
});
