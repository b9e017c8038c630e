import { expect, test } from 'vitest';
import { workflow } from '../../src/index.ts';
import { testEngine } from '../../src/testing/index.ts';

/** Takes one event in each life. */
const collector = workflow('collector', async (ctx, { wanted, got }: { wanted: number; got: string[] }) => {
  const all = [...got, await ctx.waitForEvent<string>('word')];
  if (all.length === wanted) return all.join(' ');
  return ctx.continueAs({ wanted, got: all });
});

test('events that came before a run was continued are taken by the run that goes on for it', async () => {
  await using engine = await testEngine({ workflows: [collector] });
  const run = await engine.start(collector, { wanted: 3, got: [] });
  const words = ['no', 'word', 'lost'];
  await Promise.all(words.map((word) => run.raiseEvent('word', word)));
  expect(await engine.result(run)).toBe('no word lost');
});

test('events for a run that was continued go to the run that goes on for it', async () => {
  await using engine = await testEngine({ workflows: [collector] });
  const run = await engine.start(collector, { wanted: 2, got: [] });
  await run.raiseEvent('word', 'first');
  await engine.clock.settle();
  expect((await run.info()).status).toBe('continued');
  await run.raiseEvent('word', 'second');
  expect(await engine.result(run)).toBe('first second');
});

test('an event with an id is not doubled on its way', async () => {
  await using engine = await testEngine({ workflows: [collector] });
  const run = await engine.start(collector, { wanted: 2, got: [] });
  for (const word of ['one', 'two', 'two']) await run.raiseEvent('word', word, { id: word });
  expect(await engine.result(run)).toBe('one two');
});

test('a run that was continued is cancelled and paused by its first id', async () => {
  await using engine = await testEngine({ workflows: [collector] });
  const run = await engine.start(collector, { wanted: 3, got: [] });
  await run.raiseEvent('word', 'first');
  await engine.clock.settle();
  const next = (await run.info()).continuedBy!;
  await run.pause();
  await engine.clock.settle();
  expect((await engine.well.get(next)).status).toBe('paused');
  await run.resume();
  await run.cancel();
  await engine.clock.settle();
  expect((await engine.well.get(next)).status).toBe('cancelled');
  await expect(run.cancel()).rejects.toMatchObject({ code: 'RUN_ENDED' });
  await expect(run.retry()).rejects.toMatchObject({ code: 'RUN_NOT_FAILED' });
});

test('an event that came before a cancel was taken is there after a retry', async () => {
  const patient = workflow('patient', async (ctx) => {
    await ctx.step('begin', () => {});
    return ctx.waitForEvent<string>('word');
  });
  await using engine = await testEngine({ workflows: [patient] });
  const run = await engine.start(patient, undefined, { delay: '1h' });
  await run.raiseEvent('word', 'kept');
  await run.cancel();
  await engine.clock.settle();
  expect((await run.info()).status).toBe('cancelled');
  await run.retry();
  expect(await engine.result(run)).toBe('kept');
});

test('a pause comes before events that were raised earlier', async () => {
  const done: string[] = [];
  const eager = workflow('eager', async (ctx) => {
    await ctx.waitForEvent('go');
    await ctx.step('effect', () => void done.push('effect'));
  });
  await using engine = await testEngine({ workflows: [eager] });
  const run = await engine.start(eager, undefined);
  await engine.clock.settle();
  await Promise.all([run.raiseEvent('go'), run.pause()]);
  await engine.clock.settle();
  expect((await run.info()).status).toBe('paused');
  expect(done).toEqual([]);
  await run.resume();
  await engine.result(run);
  expect(done).toEqual(['effect']);
});
