import { expect, test } from 'vitest';
import { workflow, type Ctx } from '../../src/index.ts';
import { testEngine } from '../../src/testing/index.ts';
import { everyLife } from './lives.ts';

test('now is the time of the latest thing that happened, the same again in a replay', async () => {
  const flow = workflow('flow', async (ctx) => {
    const seen = [ctx.now()];
    await ctx.sleep('1h');
    seen.push(ctx.now(), ctx.now());
    await ctx.step('work', () => 1);
    seen.push(ctx.now());
    await ctx.sleep('1d');
    return seen.map((time) => new Date(time).toISOString());
  });
  const { output } = await everyLife(flow, undefined);
  expect(output).toEqual([
    '2030-01-01T00:00:00.000Z',
    '2030-01-01T01:00:00.000Z',
    '2030-01-01T01:00:00.000Z',
    '2030-01-01T01:00:00.000Z',
  ]);
});

/** Draws numbers at several places, keeps the first ones in a step, and compares after waits. */
const drawing = workflow('drawing', async (ctx) => {
  const draw = (ctx: Ctx) => [ctx.random(), ctx.uuid(), ctx.random()];
  const early = draw(ctx);
  const kept = await ctx.step('keep', () => early);
  const inner = await ctx.group('inner', async (ctx) => {
    const drawn = draw(ctx);
    const keptInside = await ctx.step('keep', () => drawn);
    await ctx.sleep('1h');
    return [drawn, keptInside];
  });
  await ctx.sleep('1h');
  return {
    same: JSON.stringify([early, inner[0]]) === JSON.stringify([kept, inner[1]]),
    early,
    inner: inner[0],
    late: draw(ctx),
  };
});

test('random and uuid are the same again after a replay and a crash', async () => {
  const { output } = await everyLife(drawing, undefined, { sameOutput: false });
  expect(output).toMatchObject({ same: true });
});

test('they differ from place to place, from group to group and from run to run', async () => {
  await using engine = await testEngine({ workflows: [drawing], worker: { parked: 0 } });
  const outputs = [await engine.run(drawing, undefined), await engine.run(drawing, undefined)];
  expect(outputs.map(({ same }) => same)).toEqual([true, true]);
  const all = outputs.flatMap(({ early, inner, late }) => [...early, ...inner!, ...late]);
  expect(new Set(all).size).toBe(all.length);
  const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  const isRight = (drawn: string | number) =>
    typeof drawn === 'string' ? uuid.test(drawn) : drawn >= 0 && drawn < 1;
  expect(all.filter((drawn) => !isRight(drawn))).toEqual([]);
});

test('a change in one group leaves the numbers of the others alone', async () => {
  const withDraws = (draws: number) =>
    workflow('flow', { version: `${draws}` }, async (ctx) => {
      await ctx.group('one', async (ctx) => {
        for (let n = 0; n < draws; n++) ctx.random();
      });
      return ctx.group('two', async (ctx) => ctx.random());
    });
  const seen: number[] = [];
  for (const draws of [0, 5]) {
    const flow = withDraws(draws);
    // The same seed: the test engine begins its randomness anew each time.
    await using engine = await testEngine({ workflows: [flow] });
    seen.push(await engine.run(flow, undefined));
  }
  expect(seen[0]).toBe(seen[1]);
});

test('random numbers are spread evenly', async () => {
  const flow = workflow('flow', async (ctx) => {
    const counts = Array.from({ length: 10 }, () => 0);
    for (let n = 0; n < 10_000; n++) counts[Math.floor(ctx.random() * 10)]!++;
    return counts;
  });
  await using engine = await testEngine({ workflows: [flow] });
  for (const count of await engine.run(flow, undefined)) expect(Math.abs(count - 1_000)).toBeLessThan(150);
});

test('what was drawn before an operator’s retry is drawn again, for what succeeded was done with it', async () => {
  let works = false;
  const flow = workflow('flow', async (ctx) => {
    const id = ctx.uuid();
    const used = await ctx.step('use', () => id);
    await ctx.step('fail', () => {
      if (!works) throw new Error('not yet');
    });
    return used === id;
  });
  await using engine = await testEngine({ workflows: [flow] });
  const run = await engine.start(flow);
  await engine.result(run).catch(() => {});
  works = true;
  await run.retry();
  expect(await engine.result(run)).toBe(true);
});
