import { expect, test } from 'vitest';
import { workflow, type Ctx } from '../../src/index.ts';
import { testEngine, type TestEngine } from '../../src/testing/index.ts';
import { errorOf, everyLife } from './lives.ts';

const oldCode = workflow('mail', async (ctx) => {
  await ctx.step('write', () => 1);
  await ctx.sleep('1h');
  await ctx.step('send by post', () => 1);
  await ctx.sleep('1d');
  return 'post';
});

const newCode = workflow('mail', async (ctx) => {
  await ctx.step('write', () => 1);
  await ctx.sleep('1h');
  const patched = ctx.patched('e-mail');
  await ctx.step(patched ? 'send by wire' : 'send by post', () => 1);
  await ctx.sleep('1d');
  return ctx.patched('e-mail') ? 'wire' : 'post';
});

/** The engine that comes after a deploy of other code. */
async function deploy(before: TestEngine, flow: typeof oldCode): Promise<TestEngine> {
  await before.well.close({ grace: 0 });
  return testEngine({ workflows: [flow], store: before.store, clock: before.clock, worker: { parked: 0 } });
}

test('a run that comes here for the first time with the new code is patched, and stays so', async () => {
  const { output, bodies } = await everyLife(newCode, undefined);
  expect(output).toBe('wire');
  expect(bodies).toEqual({ 'mail write': 1, 'mail send by wire': 1 });
});

test('a run that was beyond this point before goes on with the old code, to its end', async () => {
  const before = await testEngine({ workflows: [oldCode] });
  const run = await before.start(oldCode);
  await before.advance('2h');
  await using engine = await deploy(before, newCode);
  await engine.advance('2d');
  expect(await engine.well.result(run.id)).toBe('post');
});

test('a run that was not yet there when the new code came is patched', async () => {
  const before = await testEngine({ workflows: [oldCode] });
  const run = await before.start(oldCode);
  await before.advance('30m');
  await using engine = await deploy(before, newCode);
  await engine.advance('2d');
  expect(await engine.well.result(run.id)).toBe('wire');
});

test('without the patch the changed code does not fit', async () => {
  const unguarded = workflow('mail', async (ctx) => {
    await ctx.step('write', () => 1);
    await ctx.sleep('1h');
    await ctx.step('send by wire', () => 1);
    await ctx.sleep('1d');
    return 'wire';
  });
  const before = await testEngine({ workflows: [oldCode] });
  const run = await before.start(oldCode);
  await before.advance('2h');
  await using engine = await deploy(before, unguarded);
  await engine.advance('2d');
  expect((await engine.well.get(run.id)).status).toBe('stuck');
});

test('a patch holds for the whole run, wherever it is asked for', async () => {
  const flow = workflow('flow', async (ctx) => {
    const inside = await ctx.map('all', [1, 2], async (ctx: Ctx) => {
      await ctx.sleep('1h');
      return ctx.patched('p');
    });
    return [ctx.patched('p'), ...inside.values, ctx.patched('other')];
  });
  expect((await everyLife(flow, undefined)).output).toEqual([true, true, true, true]);
});

test('a loop that was begun with old code stays with it', async () => {
  const rounds = (code: 'old' | 'new') =>
    workflow('rounds', async (ctx) => {
      const seen: boolean[] = [];
      for (let n = 0; n < 4; n++) {
        if (code === 'new') seen.push(ctx.patched('p'));
        await ctx.sleep('1h');
      }
      return seen;
    });
  const before = await testEngine({ workflows: [rounds('old')] });
  const run = await before.start(rounds('old'));
  await before.advance('90m');
  await using engine = await deploy(before, rounds('new') as never);
  await engine.advance('1d');
  expect(await engine.well.result(run.id)).toEqual([false, false, false, false]);
});

test('a patch id that cannot be a name is refused', async () => {
  const flow = workflow('flow', async (ctx) => ctx.patched(''));
  await using engine = await testEngine({ workflows: [flow] });
  expect(await errorOf(engine.run(flow, undefined))).toMatchObject({ code: 'NAME_INVALID' });
});
