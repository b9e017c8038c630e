import { expect, test } from 'vitest';
import { type FeedEvent, Stepwell, workflow } from '../../src/index.ts';
import { openMemoryStore } from '../../src/store/memory/store.ts';
import { testEngine } from '../../src/testing/index.ts';
import { alteredStore } from '../../src/store/altered.ts';

const chain = workflow('chain', async (ctx, steps: number) => {
  for (let n = 0; n < steps; n++) await ctx.step('step', () => n);
});
const other = workflow('other', async (ctx) => {
  ctx.tag('late');
  await ctx.waitForEvent('go');
});

/** So many events, and nothing that comes after them. */
async function take(events: AsyncIterableIterator<FeedEvent>, count: number): Promise<FeedEvent[]> {
  const found: FeedEvent[] = [];
  for await (const event of events) if (found.push(event) === count) break;
  return found;
}

/** All that there is, without waiting. */
async function everything(well: Stepwell, given: object = {}): Promise<FeedEvent[]> {
  const found: FeedEvent[] = [];
  for (let [after, more] = ['', true]; more; ) {
    const page = await well.parts.feedPage({ ...given, after, limit: 3 });
    found.push(...page.events);
    [after, more] = [page.cursor, page.more];
  }
  return found;
}

const short = (events: readonly FeedEvent[]) => events.map(({ run, position }) => `${run} ${position}`);

test('the events of all runs, each with its place, and from each of them on', async () => {
  await using engine = await testEngine({ workflows: [chain, other], start: 1_000 });
  await engine.start(chain, 3, { id: 'a', tags: ['vip'] });
  await engine.start(other, undefined, { id: 'b' });
  await engine.start(chain, 2, { id: 'c' });
  await engine.clock.settle();
  const all = await everything(engine.well);
  for (const id of ['a', 'b', 'c']) {
    const events = [];
    for await (const one of engine.well.events(id, { follow: false })) events.push(one);
    const ofRun = all.filter(({ run }) => run === id);
    expect(ofRun.map(({ position, at, event }) => ({ position, at, event }))).toEqual(events);
  }
  expect(all[0]).toMatchObject({ run: 'a', workflow: 'chain', version: '1', tags: ['vip'], at: 1_000 });
  // Also in the middle of a commit.
  for (const [n, { cursor }] of all.entries()) {
    const rest = all.slice(n + 1);
    expect(short(await take(engine.well.feed({ after: cursor }), rest.length || 1))).toEqual(short(rest));
    if (rest.length === 1) break;
  }
});

test('by workflow and by tag', async () => {
  await using engine = await testEngine({ workflows: [chain, other] });
  await engine.start(chain, 1, { id: 'a', tags: ['x'] });
  await engine.start(other, undefined, { id: 'b' });
  await engine.clock.settle();
  const runs = async (given: object) => [
    ...new Set((await everything(engine.well, given)).map(({ run }) => run)),
  ];
  expect(await runs({ workflow: 'chain' })).toEqual(['a']);
  expect(await runs({ tag: 'x' })).toEqual(['a']);
  expect(await runs({ tag: 'late' })).toEqual(['b']);
  expect(await runs({ tag: 'x', workflow: 'other' })).toEqual([]);
});

test('live: from now on, without a timer, and until it is left', async () => {
  await using engine = await testEngine({ workflows: [chain] });
  await engine.start(chain, 1, { id: 'before' });
  await engine.clock.settle();
  const seen: FeedEvent[] = [];
  const leaving = new AbortController();
  const reading = (async () => {
    for await (const event of engine.well.feed({ signal: leaving.signal })) seen.push(event);
  })();
  await engine.clock.settle();
  await engine.start(chain, 2, { id: 'a' });
  await engine.clock.settle();
  expect(new Set(seen.map(({ run }) => run))).toEqual(new Set(['a']));
  expect(seen.at(-1)!.event.type).toBe('run.succeeded');
  leaving.abort(new Error('enough'));
  await expect(reading).rejects.toThrow('enough');
});

test('what another engine writes comes as well, and the end of the engine ends it', async () => {
  const store = openMemoryStore();
  await using engine = await testEngine({ store, workflows: [chain] });
  const well = await Stepwell.open({ store, worker: false, system: engine.clock.system });
  const feed = well.feed({ after: '' });
  await engine.start(chain, 1, { id: 'a' });
  await engine.clock.settle();
  expect((await feed.next()).value).toMatchObject({ run: 'a', position: 0 });
  const waiting = take(feed, 99);
  await engine.clock.settle();
  await well.close();
  await expect(waiting).rejects.toMatchObject({ code: 'ENGINE_CLOSED' });
  await expect(well.feed().next()).rejects.toMatchObject({ code: 'ENGINE_CLOSED' });
});

test('an event that is written while the page before it is read is not missed', async () => {
  const inner = openMemoryStore();
  let between: (() => Promise<unknown>) | null = null;
  const store = alteredStore(inner, {
    feed: async (request) => {
      const page = await inner.feed(request);
      const write = between;
      between = null;
      await write?.();
      return page;
    },
  });
  await using engine = await testEngine({ store, workflows: [chain] });
  await engine.start(chain, 1, { id: 'a' });
  await engine.clock.settle();
  const last = (await everything(engine.well)).at(-1)!.cursor;
  between = async () => {
    await engine.start(chain, 1, { id: 'b' });
    await engine.clock.settle();
  };
  expect((await engine.well.feed({ after: last }).next()).value).toMatchObject({ run: 'b', position: 0 });
});

test('lost news are made up for after a while', async () => {
  const inner = openMemoryStore();
  const store = alteredStore(inner, { subscribe: () => () => {} });
  await using engine = await testEngine({ workflows: [chain], store: inner });
  const well = await Stepwell.open({ store, worker: false, system: engine.clock.system });
  const next = well.feed().next();
  await engine.clock.settle();
  await engine.start(chain, 1, { id: 'a' });
  await engine.clock.settle();
  await engine.advance('5s');
  expect((await next).value).toMatchObject({ run: 'a' });
  await well.close();
});

test('wrong cursors and names are refused', async () => {
  await using engine = await testEngine({ workflows: [chain] });
  await engine.start(chain, 1);
  await engine.clock.settle();
  const { cursor } = (await everything(engine.well))[0]!;
  expect(cursor).toContain('~');
  for (const after of ['x', `${cursor}~1.1`, cursor.replace(/~.*/, '~x'), `${cursor}!`, '~'])
    await expect(engine.well.feed({ after }).next(), `cursor ${after}`).rejects.toMatchObject({
      code: 'CURSOR_INVALID',
    });
  await expect(engine.well.feed({ workflow: 'a/b' }).next()).rejects.toMatchObject({ code: 'NAME_INVALID' });
  await expect(engine.well.feed({ tag: '' }).next()).rejects.toMatchObject({ code: 'NAME_INVALID' });
});

test('payloads are decoded', async () => {
  const turned = (text: string) => text.split('').toReversed().join('');
  const codec = { encode: turned, decode: turned };
  await using engine = await testEngine({ workflows: [chain], codec });
  await engine.start(chain, 1);
  await engine.clock.settle();
  const events = (await everything(engine.well)).map(({ event }) => event);
  expect(events).toContainEqual({ type: 'operation.succeeded', op: 'step', value: 0 });
});
