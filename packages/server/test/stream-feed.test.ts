import { expect, test, vi } from 'vitest';
import { type FeedEvent, Stepwell } from 'stepwell';
import { createApp } from '../src/index.ts';
import { TestApi } from './api.ts';
import { deaf } from './deaf-store.ts';
import { ManualTimer } from './manual-timer.ts';
import { type Frame, frames } from './sse.ts';

type FeedFrame = Frame<string>;

function open(api: TestApi, query = '', init: RequestInit = {}): Promise<Response> {
  return Promise.resolve(api.app.request(`/v1/stream${query}`, init));
}

/** Frames until one that fits, with it. */
async function until(
  reading: AsyncIterator<FeedFrame>,
  fits: (event: FeedEvent) => boolean,
): Promise<FeedFrame[]> {
  const seen: FeedFrame[] = [];
  for (let next = await reading.next(); next.done !== true; next = await reading.next()) {
    seen.push(next.value);
    if (next.value.data !== undefined && fits(next.value.data as FeedEvent)) return seen;
  }
  throw new Error(`The stream ended: ${JSON.stringify(seen.at(-1))}`);
}

const endOf =
  (run: string) =>
  ({ run: id, event: { type } }: FeedEvent) =>
    id === run && type.startsWith('run.') && ['run.succeeded', 'run.failed'].includes(type);

/** All that the feed has, without cursors. */
async function everything(api: TestApi, filter: { workflow?: string; tag?: string } = {}): Promise<object[]> {
  const events: object[] = [];
  for (let after = '', more = true; more; ) {
    const page = await api.well.parts.feedPage({ ...filter, after });
    events.push(...page.events.map(({ cursor: _, ...event }) => JSON.parse(JSON.stringify(event)) as object));
    ({ cursor: after, more } = page);
  }
  return events;
}

const dataOf = (list: readonly FeedFrame[]) => list.flatMap(({ data }) => data ?? []);

test('the stream of all runs begins now, tells at once from where, and is live', async () => {
  await using api = await TestApi.open();
  await api.well.result(await api.start('greet', { name: 'before' }));
  const response = await open(api);
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  const reading = frames(response, String);
  expect(Object.keys((await reading.next()).value as object)).toEqual(['id']);
  const before = await everything(api);
  const ids = ['a', 'b', 'c'];
  for (const id of ids) await api.well.result(await api.start('greet', { name: id }, id));
  const seen = await until(reading, endOf('c'));
  expect(dataOf(seen)).toEqual((await everything(api)).slice(before.length));
  expect(seen.every(({ event, data }) => event === (data as FeedEvent).event.type)).toBe(true);
  await reading.return();
});

test('only what is asked for: a workflow, a tag, both', async () => {
  await using api = await TestApi.open();
  const readings = await Promise.all(
    ['?workflow=echo', '?tag=vip', '?workflow=greet&tag=vip'].map(async (query) =>
      frames(await open(api, query), String),
    ),
  );
  const first = readings.map((reading) => reading.next());
  await Promise.all(first);
  await api.well.start('echo', 1, { id: 'echo-vip', tags: ['vip', 'late'] });
  await api.well.start('greet', { name: 'x' }, { id: 'greet-plain' });
  await api.well.start('greet', { name: 'x' }, { id: 'greet-vip', tags: ['vip'] });
  await api.well.start('echo', 2, { id: 'echo-plain' });
  for (const id of ['echo-vip', 'greet-plain', 'greet-vip', 'echo-plain']) await api.well.result(id);
  const runsOf = async (n: number, last: string) => [
    ...new Set(dataOf(await until(readings[n]!, endOf(last))).map((event) => (event as FeedEvent).run)),
  ];
  expect(await runsOf(0, 'echo-plain')).toEqual(['echo-vip', 'echo-plain']);
  expect((await runsOf(1, 'greet-vip')).toSorted()).toEqual(['echo-vip', 'greet-vip']);
  expect(await runsOf(2, 'greet-vip')).toEqual(['greet-vip']);
  for (const reading of readings) await reading.return();
});

test.each(['', '?workflow=greet'])(
  '"%s" goes on after any cursor without gap or repetition',
  async (query) => {
    await using api = await TestApi.open();
    for (const id of ['a', 'b']) await api.well.result(await api.start('greet', { name: id }, id));
    await api.well.result(await api.start('echo', 1, 'c'));
    await api.well.result(await api.start('greet', { name: 'd' }, 'd'));
    const filter = query === '' ? {} : { workflow: 'greet' };
    const all = await everything(api, filter);
    const separator = query === '' ? '?' : '&';
    const whole = await until(
      frames(await open(api, `${query}${separator}last_event_id=`), String),
      endOf('d'),
    );
    expect(dataOf(whole)).toEqual(all);
    for (const [n, { id }] of whole.entries()) {
      if (n === whole.length - 1) continue;
      const reading = frames(await open(api, query, { headers: { 'Last-Event-ID': id! } }), String);
      expect(dataOf(await until(reading, endOf('d')))).toEqual(all.slice(n + 1));
      await reading.return();
    }
  },
);

test('a cursor that is none is refused before the stream begins', async () => {
  await using api = await TestApi.open({ limits: { streams: 1 } });
  for (const cursor of ['abc', '9999', '~', 'x'.repeat(500)])
    expect(await api.get(`/v1/stream?last_event_id=${cursor}`)).toMatchObject({
      status: 400,
      body: { code: 'CURSOR_INVALID' },
    });
  for (const name of ['tag', 'workflow'])
    expect(await api.get(`/v1/stream?${name}=${'x'.repeat(300)}`)).toMatchObject({
      status: 400,
      body: { code: 'NAME_INVALID' },
    });
  expect((await api.get('/v1/stream?tag=a&tag=b')).status).toBe(400);
  expect((await api.get('/v1/stream?colour=red')).status).toBe(400);
  // None of them has kept a place.
  const stream = await open(api);
  expect(stream.status).toBe(200);
  await stream.body!.cancel();
});

test('a reader that is meant few events still learns from where to go on', async () => {
  const timer = new ManualTimer();
  await using api = await TestApi.open({ timer: timer.set });
  const reading = frames(await open(api, '?workflow=echo'), String);
  const begun = (await reading.next()).value as FeedFrame;
  const quiet = reading.next();
  await api.well.result(await api.start('greet', { name: 'x' }));
  await expect.poll(async () => (await everything(api)).length).toBeGreaterThan(4);
  for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
  timer.pass(15_000);
  const moved = (await quiet).value as FeedFrame;
  expect(Object.keys(moved)).toEqual(['id']);
  expect(moved.id).not.toBe(begun.id);
  // Nothing new: a comment.
  const silent = reading.next();
  timer.pass(15_000);
  expect((await silent).value).toEqual({ comment: 'keep-alive' });
  await reading.return();
  expect(timer.armed).toBe(0);
});

/** How often the store is asked for the feed while a run goes through, and so many read. */
async function readsOfARun(readers: number): Promise<{ reads: number; seen: unknown[][] }> {
  await using api = await TestApi.open();
  const readings = await Promise.all(
    Array.from({ length: readers }, async () => frames(await open(api), String)),
  );
  await Promise.all(readings.map((reading) => reading.next()));
  const reads = vi.spyOn(api.well.parts.store, 'feed');
  await api.well.result(await api.start('greet', { name: 'x' }, 'one'));
  const seen = await Promise.all(readings.map((reading) => until(reading, endOf('one'))));
  for (const reading of readings) await reading.return();
  return {
    reads: reads.mock.calls.length,
    seen: seen.map((list) => dataOf(list).map((data) => (data as FeedEvent).position)),
  };
}

test('a thousand readers of all runs cost the store as much as one', async () => {
  const one = await readsOfARun(1);
  const many = await readsOfARun(1_000);
  expect(one.seen).toEqual([[0, 1, 2, 3, 4]]);
  expect(many.seen).toEqual(Array.from({ length: 1_000 }, () => one.seen[0]));
  expect(many.reads).toBeLessThan(4 * one.reads + 4);
});

test('readers that come with old cursors end up on the shared reading, each without gap or repetition', async () => {
  await using api = await TestApi.open();
  for (let n = 0; n < 300; n++) await api.start('greet', { name: 'x' }, `old-${n}`);
  await expect.poll(async () => (await api.well.counts()).succeeded, { timeout: 10_000 }).toBe(300);
  const whole = await until(frames(await open(api, '?last_event_id='), String), endOf('old-299'));
  const starts = [0, 1, 2, 7, 400, 801, 1_200, whole.length - 2];
  const live = { on: true };
  const busy = (async () => {
    for (let n = 0; live.on; n++) await api.well.result(await api.start('greet', { name: 'x' }, `new-${n}`));
  })();
  const readings = await Promise.all(
    starts.map(async (n) => frames(await open(api, `?last_event_id=${whole[n]!.id}`), String)),
  );
  const seen = await Promise.all(readings.map((reading) => until(reading, endOf('new-50'))));
  const reads = vi.spyOn(api.well.parts.store, 'feed');
  const later = await Promise.all(readings.map((reading) => until(reading, endOf('new-60'))));
  // All readers together: one read at a time, not eight.
  expect(new Set(reads.mock.calls.map(([{ after }]) => after)).size).toBe(reads.mock.calls.length);
  live.on = false;
  await busy;
  const all = await everything(api);
  for (const [n, start] of starts.entries()) {
    const got = dataOf([...seen[n]!, ...later[n]!]);
    expect(got).toEqual(all.slice(start + 1, start + 1 + got.length));
  }
  for (const reading of readings) await reading.return();
});

test('a store that cannot be read ends the streams, is told once, and is read again by who comes back', async () => {
  await using api = await TestApi.open();
  const readings = await Promise.all([1, 2, 3].map(async () => frames(await open(api), String)));
  const begun = await Promise.all(readings.map((reading) => reading.next()));
  const failure = new Error('the disk is gone');
  const feed = vi.spyOn(api.well.parts.store, 'feed').mockRejectedValue(failure);
  const id = await api.start('greet', { name: 'x' }, 'one');
  const ends = await Promise.all(readings.map((reading) => reading.next()));
  expect(ends.map(({ done }) => done)).toEqual([true, true, true]);
  expect(api.logged).toEqual([['The stream of all runs broke off.', failure]]);
  feed.mockRestore();
  await api.well.result(id);
  const cursor = (begun[0]!.value as FeedFrame).id!;
  const again = frames(await open(api, '', { headers: { 'Last-Event-ID': cursor } }), String);
  expect(dataOf(await until(again, endOf('one')))).toEqual(await everything(api));
  await again.return();
});

test('what reads the feed ends with its last reader', async () => {
  await using api = await TestApi.open();
  const watched = vi.spyOn(api.well.parts.store, 'feed');
  const reading = frames(await open(api), String);
  await reading.next();
  await reading.return();
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  const before = watched.mock.calls.length;
  await api.well.result(await api.start('greet', { name: 'x' }));
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  expect(watched.mock.calls.length).toBe(before);
});

test('a cursor that is newer than what the server has read is not gone back behind', async () => {
  await using api = await TestApi.open();
  // The other server hears nothing of the store, and somebody reads there.
  const { store, system } = api.well.parts;
  const never = { ...system, timer: () => () => {} };
  await using other = await Stepwell.open({ store: deaf(store), worker: false, system: never });
  const app = createApp(other);
  const stale = frames(await app.request('/v1/stream'), String);
  const begun = ((await stale.next()).value as FeedFrame).id!;
  const waiting = stale.next();
  for (const id of ['a', 'b']) await api.well.result(await api.start('greet', { name: id }, id));
  const whole = await until(frames(await open(api, `?last_event_id=${begun}`), String), endOf('b'));
  const asked = vi.spyOn(store, 'feed');
  const at = whole.findIndex(({ data }) => endOf('a')(data as FeedEvent));
  const reading = frames(await app.request(`/v1/stream?last_event_id=${whole[at]!.id}`), String);
  expect(dataOf(await until(reading, endOf('b')))).toEqual(dataOf(whole.slice(at + 1)));
  expect(asked.mock.calls.length).toBeLessThan(10);
  // The one that waited has had what it took to get there.
  expect((await waiting).value).toMatchObject({ data: dataOf(whole)[0] });
  for (const one of [stale, reading]) await one.return();
});
