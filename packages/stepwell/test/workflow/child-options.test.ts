import { expect, test } from 'vitest';
import { z } from 'zod';
import { workflow } from '../../src/index.ts';
import { testEngine } from '../../src/testing/index.ts';
import { everyLife } from './lives.ts';

const pick = workflow('pick', async (ctx, input: { n: number }) => ctx.step('take', () => input.n));

test('options of a child: id, queue, priority, delay, timeout; default those of its workflow', async () => {
  const child = workflow('child', { queue: 'own', priority: 2, timeout: '9m' }, async (ctx) =>
    ctx.sleep('5m'),
  );
  const flow = workflow('flow', async (ctx) => {
    await ctx.start(child, undefined, { id: 'plain' });
    const options = { id: 'special', queue: 'other', priority: 7, delay: '1h', timeout: '1m' };
    return ctx.run(child, undefined, options).catch(({ code }) => code as string);
  });
  await using engine = await testEngine({ workflows: [flow, child] });
  const run = await engine.start(flow);
  await engine.clock.settle();
  const begin = engine.clock.now();
  expect(await engine.well.get('plain')).toMatchObject({ queue: 'own', priority: 2 });
  expect(await engine.well.get('special')).toMatchObject({
    queue: 'other',
    priority: 7,
    readyAt: begin + 3_600_000,
  });
  expect(await engine.result(run)).toBe('RUN_TIMED_OUT');
});

test('a child whose id is taken is refused', async () => {
  const flow = workflow('flow', async (ctx) => {
    await ctx.start(pick, { n: 1 }, { id: 'one' });
    return ctx.run(pick, { n: 1 }, { id: 'one' }).catch(({ code }) => code as string);
  });
  expect((await everyLife(flow, undefined, { workflows: [pick] })).output).toBe('RUN_ID_TAKEN');
});

test('an input that cannot be kept is refused where it enters, in replay as well', async () => {
  const flow = workflow('flow', async (ctx) => {
    const codes: string[] = [];
    const note = ({ code, message }: { code: string; message: string }) => codes.push(`${code}: ${message}`);
    await ctx.run(pick, { n: 1n as never }).catch(note);
    await ctx.start(pick, { n: 2n as never }).catch(note);
    await ctx.sleep('1h');
    return codes;
  });
  const { output } = await everyLife(flow, undefined, { workflows: [pick] });
  const refused = expect.stringMatching(
    /^VALUE_NOT_JSON: The input of child run "pick(#2)?" .*\$\.n is a bigint/,
  );
  expect(output).toEqual([refused, refused]);
});

test('an input that does not fit the schema of the child is refused', async () => {
  const strict = workflow('strict', { input: z.object({ n: z.number() }) }, async (_ctx, { n }) => n);
  const flow = workflow('flow', async (ctx) => ctx.run(strict, { n: 'one' as never }));
  const { error } = await everyLife(flow, undefined, { workflows: [strict] });
  expect(error).toMatchObject({
    code: 'INPUT_INVALID',
    message: expect.stringContaining('child run "strict"'),
  });
});

test('schemas that change values do so once', async () => {
  const parse = workflow(
    'parse',
    { input: z.string().transform(Number), output: z.number().transform(String) },
    async (_ctx, n) => n + 1,
  );
  const flow = workflow('flow', async (ctx) => ctx.run(parse, '41'));
  expect((await everyLife(flow, undefined, { workflows: [parse] })).output).toBe('42');
});

test('a workflow that is not registered is refused, unless its version says where others have it', async () => {
  const flow = workflow('flow', async (ctx, options: { version?: string }) =>
    ctx.run('elsewhere', undefined, options).catch(({ code }) => code as string),
  );
  await using engine = await testEngine({ workflows: [flow] });
  expect(await engine.run(flow, {})).toBe('WORKFLOW_UNKNOWN');
  const run = await engine.start(flow, { version: '3' });
  await engine.clock.settle();
  const [child] = (await engine.well.list({ workflow: 'elsewhere' })).runs;
  expect(child).toMatchObject({ version: '3', parent: { id: run.id } });
});

test('the newest version of a child is taken, or the one that is named', async () => {
  const versions = ['1', '2', '10'].map((version) => workflow('child', { version }, async () => version));
  const flow = workflow('flow', async (ctx) => [
    await ctx.run('child'),
    await ctx.run('child', undefined, { version: '2' }),
    await ctx.run(versions[0]!),
  ]);
  await using engine = await testEngine({ workflows: [flow, ...versions] });
  expect(await engine.run(flow, undefined)).toEqual(['10', '2', '1']);
});
