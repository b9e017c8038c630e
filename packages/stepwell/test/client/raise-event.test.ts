import { expect, test } from 'vitest';
import { workflow } from '../../src/index.ts';
import { testEngine } from '../../src/testing/index.ts';

const collector = workflow('collector', async (ctx, count: number) => {
  const got: unknown[] = [];
  for (let n = 0; n < count; n++) got.push(await ctx.waitForEvent('item'));
  return got;
});

test('events are taken in the order in which they were acknowledged, and none is lost', async () => {
  await using engine = await testEngine({ workflows: [collector] });
  const run = await engine.start(collector, 6);
  await run.raiseEvent('item', 'a');
  await run.raiseEvent('item', 'b');
  await engine.clock.settle();
  await run.raiseEvent('item', 'c');
  await Promise.all([run.raiseEvent('item', 'd'), run.raiseEvent('item', 'e')]);
  await engine.clock.settle();
  await run.raiseEvent('item', null);
  expect(await engine.result(run)).toEqual(['a', 'b', 'c', 'd', 'e', null]);
});

test('with an id, a second one is dropped, also long after the first was taken', async () => {
  await using engine = await testEngine({ workflows: [collector] });
  const run = await engine.start(collector, 3);
  await run.raiseEvent('item', 'first', { id: 'e1' });
  await run.raiseEvent('item', 'again', { id: 'e1' });
  await engine.clock.settle();
  await run.raiseEvent('item', 'later', { id: 'e1' });
  await engine.clock.settle();
  await run.raiseEvent('item', 'second', { id: 'e2' });
  await run.raiseEvent('item', 'third');
  expect(await engine.result(run)).toEqual(['first', 'second', 'third']);
});

test('ids are remembered over a change of process', async () => {
  await using engine = await testEngine({ workflows: [collector] });
  const run = await engine.start(collector, 2);
  await run.raiseEvent('item', 'first', { id: 'e1' });
  await engine.clock.settle();
  await engine.close();
  await using next = await testEngine({ workflows: [collector], store: engine.store, clock: engine.clock });
  await next.well.raiseEvent(run.id, 'item', 'again', { id: 'e1' });
  await next.well.raiseEvent(run.id, 'item', 'second', { id: 'e2' });
  await next.clock.settle();
  expect((await next.well.get(run.id)).output).toEqual(['first', 'second']);
});

test('an event that nobody asks for yet is kept, whatever its name', async () => {
  const late = workflow('late', async (ctx) => {
    await ctx.sleep('1d');
    return [await ctx.waitForEvent('b'), await ctx.waitForEvent('a'), await ctx.waitForEvent('a')];
  });
  await using engine = await testEngine({ workflows: [late] });
  const run = await engine.start(late);
  await engine.clock.settle();
  await run.raiseEvent('a', 1);
  await run.raiseEvent('b', 2);
  await run.raiseEvent('a', 3);
  expect(await engine.result(run)).toEqual([2, 1, 3]);
});

test('a run that has ended takes no events', async () => {
  await using engine = await testEngine({ workflows: [collector] });
  const run = await engine.start(collector, 0);
  await engine.clock.settle();
  await expect(run.raiseEvent('item', 1)).rejects.toMatchObject({ code: 'RUN_ENDED' });
});

test('events that cannot be are refused', async () => {
  await using engine = await testEngine({ workflows: [collector], limits: { payloadBytes: 10 } });
  const run = await engine.start(collector, 1);
  await expect(run.raiseEvent('')).rejects.toMatchObject({ code: 'NAME_INVALID' });
  await expect(run.raiseEvent('a/b')).rejects.toMatchObject({ code: 'NAME_INVALID' });
  await expect(run.raiseEvent('item', 1n)).rejects.toMatchObject({ code: 'VALUE_NOT_JSON' });
  await expect(run.raiseEvent('item', 'x'.repeat(9))).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
  await expect(run.raiseEvent('item', 1, { id: '' })).rejects.toMatchObject({ code: 'ID_INVALID' });
  await run.raiseEvent('item', 'ok');
  expect(await engine.result(run)).toEqual(['ok']);
});
