import { expect, test } from 'vitest';
import { type JournalEvent, workflow } from '../../src/index.ts';
import { openMemoryStore } from '../../src/store/memory/store.ts';
import { crashTest, testEngine } from '../../src/testing/index.ts';
import { everyLife, RUN } from './lives.ts';

const TRACEPARENT = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;

const tagsIn = (events: readonly JournalEvent[]) =>
  events.flatMap((event) => (event.type === 'tags' ? [event.tags] : []));

const sorting = workflow('sorting', async (ctx, customer: string) => {
  ctx.tag(customer, 'new');
  const kind = await ctx.step('look', () => 'large');
  ctx.tag(kind);
  await ctx.sleep('1h');
  ctx.tag('new', kind, 'slow');
  await ctx.group('inner', async (ctx) => ctx.tag('inner'));
});

test('tags are in the journal once, however often the run is replayed, and each once', async () => {
  const { events } = await everyLife(sorting, 'ann');
  expect(tagsIn(events)).toEqual([['ann', 'new'], ['large'], ['slow'], ['inner']]);
});

test('the run has them from then on, beside those of its start, and is found by them', async () => {
  for (const parked of [0, 10]) {
    await using engine = await testEngine({ workflows: [sorting], worker: { parked } });
    const run = await engine.start(sorting, 'ann', { tags: ['vip', 'ann'] });
    await engine.clock.settle();
    expect((await run.info()).tags).toEqual(['ann', 'large', 'new', 'vip']);
    expect((await engine.well.list({ tag: 'slow' })).runs).toEqual([]);
    await engine.result(run);
    expect((await run.info()).tags).toEqual(['ann', 'inner', 'large', 'new', 'slow', 'vip']);
    for (const tag of ['vip', 'large', 'slow'])
      expect((await engine.well.list({ tag })).runs.map(({ id }) => id)).toEqual([run.id]);
  }
});

test('after a crash anywhere the run has all its tags', async () => {
  let store = openMemoryStore();
  const report = await crashTest(sorting, 'ann', {
    outside: (_, well) => {
      store = well.parts.store as typeof store;
    },
  });
  expect(report.problems).toEqual([]);
  expect((await store.get('default', RUN))!.tags).toEqual(['ann', 'inner', 'large', 'new', 'slow']);
});

test('a call with too many tags throws and adds none, in every life', async () => {
  const many = Array.from({ length: 30 }, (_, n) => `tag ${n}`);
  const full = workflow('full', async (ctx) => {
    const refused: unknown[] = [];
    const attempt = (...tags: string[]) => {
      try {
        ctx.tag(...tags);
      } catch (error) {
        refused.push((error as { code: string }).code);
      }
    };
    attempt(...many);
    attempt('a', 'b', 'c');
    await ctx.sleep('1h');
    attempt('a');
    attempt('b', 'c');
    await ctx.sleep('1h');
    attempt('b', 'a', 'tag 1');
    attempt('c');
    attempt('a/b');
    attempt('');
    attempt(...many, 'x', 'y', 'z');
    return refused;
  });
  const { output, events } = await everyLife(full, undefined);
  expect(output).toEqual([
    'TOO_MANY_TAGS',
    'TOO_MANY_TAGS',
    'TOO_MANY_TAGS',
    'NAME_INVALID',
    'NAME_INVALID',
    'TOO_MANY_TAGS',
  ]);
  expect(tagsIn(events)).toEqual([many.toSorted(), ['a'], ['b']]);
});

test('a limit of fewer tags does not touch those that a run has', async () => {
  const store = openMemoryStore();
  const flow = workflow('flow', async (ctx) => {
    ctx.tag('a', 'b', 'c');
    await ctx.sleep('1h');
    ctx.tag('b');
  });
  let engine = await testEngine({ store, workflows: [flow] });
  const { id } = await engine.start(flow);
  await engine.clock.settle();
  const { clock } = engine;
  engine.well.kill();
  for (const worker of await store.workers()) await store.retire(worker.id, clock.now());
  engine = await testEngine({ store, clock, workflows: [flow], limits: { tagsPerRun: 3 } });
  await engine.advance('2h');
  expect(await engine.well.get(id)).toMatchObject({ status: 'succeeded', tags: ['a', 'b', 'c'] });
  await engine.well.close();
});

test('they are not compared with the journal: code may add and drop them', async () => {
  const store = openMemoryStore();
  const before = workflow('flow', async (ctx) => {
    ctx.tag('old');
    await ctx.sleep('1h');
  });
  const after = workflow('flow', async (ctx) => {
    await ctx.sleep('1h');
    ctx.tag('new');
  });
  let engine = await testEngine({ store, workflows: [before] });
  const { id } = await engine.start(before);
  await engine.clock.settle();
  const { clock } = engine;
  engine.well.kill();
  for (const worker of await store.workers()) await store.retire(worker.id, clock.now());
  engine = await testEngine({ store, clock, workflows: [after] });
  await engine.advance('2h');
  expect(await engine.well.get(id)).toMatchObject({ status: 'succeeded', tags: ['new', 'old'] });
  await engine.well.close();
});

const child = workflow('child', async (ctx) => ctx.tag('of the child'));
const parent = workflow('parent', async (ctx, rounds: number) => {
  ctx.tag(`round ${rounds}`);
  await ctx.run(child);
  await ctx.start(child);
  if (rounds > 0) ctx.continueAs(rounds - 1);
});

test('the run that goes on for another has its tags and trace, children have the trace', async () => {
  await using engine = await testEngine({ workflows: [parent, child] });
  const run = await engine.start(parent, 1, { id: 'p', tags: ['vip'], traceparent: TRACEPARENT });
  await engine.result(run);
  await engine.clock.settle();
  const { runs } = await engine.well.list();
  expect(runs.map(({ workflow: name, tags, traceparent }) => [name, tags, traceparent])).toEqual([
    ['child', ['of the child'], TRACEPARENT],
    ['child', ['of the child'], TRACEPARENT],
    ['parent', ['round 0', 'round 1', 'vip'], TRACEPARENT],
    ['child', ['of the child'], TRACEPARENT],
    ['child', ['of the child'], TRACEPARENT],
    ['parent', ['round 1', 'vip'], TRACEPARENT],
  ]);
});

test('a fork has the tags and the trace of its source; a retry keeps them', async () => {
  let broken = true;
  const flow = workflow('flow', async (ctx) => {
    ctx.tag('begun');
    await ctx.step('work', () => {
      if (broken) throw new Error('broken');
    });
    ctx.tag('done');
  });
  await using engine = await testEngine({ workflows: [flow] });
  const run = await engine.start(flow, undefined, { tags: ['vip'], traceparent: TRACEPARENT });
  await engine.clock.settle();
  broken = false;
  const fork = await engine.well.fork(run.id, { from: 'work' });
  await run.retry();
  await engine.clock.settle();
  for (const one of [fork, run])
    expect(await one.info()).toMatchObject({
      status: 'succeeded',
      tags: ['begun', 'done', 'vip'],
      traceparent: TRACEPARENT,
    });
});

test('tags and traces of a start are checked', async () => {
  await using engine = await testEngine({ workflows: [sorting], limits: { tagsPerRun: 3 } });
  const start = (options: object) => engine.start(sorting, 'ann', options);
  for (const [code, options] of [
    ['TOO_MANY_TAGS', { tags: ['a', 'b', 'c', 'd'] }],
    ['NAME_INVALID', { tags: ['a', ''] }],
    ['NAME_INVALID', { tags: [1] }],
    ['OPTION_INVALID', { tags: 'vip' }],
    ['OPTION_INVALID', { traceparent: 'x' }],
    ['OPTION_INVALID', { traceparent: TRACEPARENT.replace(/a/g, '0') }],
    ['OPTION_INVALID', { traceparent: TRACEPARENT.toUpperCase() }],
    ['OPTION_INVALID', { traceparent: 5 }],
  ] as const)
    await expect(start(options), `refused with ${code}`).rejects.toMatchObject({ code });
  const run = await start({ tags: ['c', 'a', 'c', 'b'], traceparent: TRACEPARENT });
  expect(await run.info()).toMatchObject({ tags: ['a', 'b', 'c'], traceparent: TRACEPARENT });
});
