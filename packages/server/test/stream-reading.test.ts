import type { RunEvent } from 'stepwell';
import { expect, test, vi } from 'vitest';
import { TestApi } from './api.ts';
import { gather } from '../../stepwell/test/gather.ts';
import { ManualTimer } from './manual-timer.ts';
import { Served } from './served.ts';
import { allFrames, frames, idsOf } from './sse.ts';

const MINUTE = 60_000;

/** Starts a run that waits, and resolves with its id and its last position. */
async function startWaiting(api: TestApi): Promise<{ id: string; last: number }> {
  const id = await api.start('stages');
  await expect.poll(async () => (await api.well.get(id)).status).toBe('waiting');
  return { id, last: (await gather(api.well.events(id, { follow: false }))).length - 1 };
}

/** Resolves when the reader has caught up and goes along: nothing of it is under way any more. */
async function following(read: { mock: { calls: unknown[][] } }): Promise<AbortSignal> {
  const followed = () => read.mock.calls.map(([, options]) => options as { signal?: AbortSignal });
  await expect.poll(() => followed().some(({ signal }) => signal !== undefined)).toBe(true);
  await new Promise(setImmediate);
  return followed().findLast(({ signal }) => signal !== undefined)!.signal!;
}

test('a comment goes out every 15 s for as long as nothing happens', async () => {
  const timer = new ManualTimer();
  await using api = await TestApi.open({ timer: timer.set });
  const { id, last } = await startWaiting(api);
  const reading = frames(await api.stream(id));
  for (let position = 0; position <= last; position++)
    expect((await reading.next()).value).toMatchObject({ id: position });

  let arrived = 0;
  const nextFrame = () => reading.next().finally(() => arrived++);
  const first = nextFrame();
  await new Promise(setImmediate);
  timer.pass(14_999);
  await new Promise(setImmediate);
  expect(arrived).toBe(0);
  timer.pass(1);
  expect((await first).value).toEqual({ comment: 'keep-alive' });
  const second = nextFrame();
  timer.pass(15_000);
  expect((await second).value).toEqual({ comment: 'keep-alive' });

  const third = nextFrame();
  timer.pass(14_000);
  await api.well.raiseEvent(id, 'go');
  expect((await third).value).toMatchObject({ id: last + 1 });
  await reading.return();
  expect(timer.armed).toBe(0);
});

test('a client that takes nothing for a minute is cut off, and told from where to go on', async () => {
  const timer = new ManualTimer();
  await using api = await TestApi.open({ timer: timer.set, limits: { streams: 1 } });
  const { id, last } = await startWaiting(api);
  const read = vi.spyOn(api.well, 'events');
  const reader = (await api.stream(id, {}, `?last_event_id=${last}`)).body!.getReader();
  const first = reader.read();
  const signal = await following(read);
  timer.pass(15_000);
  expect(new TextDecoder().decode((await first).value)).toBe(': keep-alive\n\n');

  await api.well.raiseEvent(id, 'go');
  await api.event(id, ({ type }) => type === 'operation.succeeded');
  timer.pass(MINUTE - 1);
  expect(signal.aborted).toBe(false);
  timer.pass(5_000);
  // Nobody reads for it any more.
  expect(signal.aborted).toBe(true);
  const rest: string[] = [];
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read())
    rest.push(new TextDecoder().decode(chunk.value));
  expect(rest).toEqual([`event: lagging\ndata: {"after":"${last}"}\n\n`]);
  // From there on it misses nothing, and its place is free.
  const resumed = frames(await api.stream(id, {}, `?last_event_id=${last}`));
  expect((await resumed.next()).value).toMatchObject({ id: last + 1 });
  await resumed.return();
  expect(timer.armed).toBe(0);
});

test('a connection that takes not even that is broken after another minute', async () => {
  const timer = new ManualTimer();
  await using api = await TestApi.open({ timer: timer.set, limits: { streams: 1 } });
  const { id } = await startWaiting(api);
  const reader = (await api.stream(id)).body!.getReader();
  await reader.read();
  timer.pass(2 * MINUTE);
  await expect(reader.read()).rejects.toThrow('took nothing');
  expect(timer.armed).toBe(0);
  expect((await api.stream(id)).status).toBe(200);
  expect(api.logged).toEqual([]);
});

/** What a run that goes on by one event costs the store, while so many read it. */
async function readsOfAnEvent(readers: number): Promise<{ reads: number; seen: number[][] }> {
  await using api = await TestApi.open();
  const { id, last } = await startWaiting(api);
  const follow = vi.spyOn(api.well, 'events');
  const streams = await Promise.all(
    Array.from({ length: readers }, async () => frames(await api.stream(id, {}, `?last_event_id=${last}`))),
  );
  const first = streams.map((stream) => stream.next());
  await following(follow);
  for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
  const { store } = api.well.parts;
  const calls = [vi.spyOn(store, 'journal'), vi.spyOn(store, 'get')];
  await api.well.raiseEvent(id, 'go');
  await Promise.all(first);
  const reads = calls.reduce((sum, { mock }) => sum + mock.calls.length, 0);
  for (let go = 2; go <= 3; go++) await api.well.raiseEvent(id, 'go');
  const rest = await Promise.all(streams.map((stream) => gather(stream)));
  const seen = rest.map(idsOf);
  return { reads, seen };
}

test('a thousand readers of a run cost the store as much as one', async () => {
  const one = await readsOfAnEvent(1);
  const many = await readsOfAnEvent(1_000);
  expect(one.seen[0]!.length).toBeGreaterThan(5);
  expect(many.seen).toEqual(Array.from({ length: 1_000 }, () => one.seen[0]));
  // More where an event comes while the one before is being handed over.
  expect(many.reads).toBeLessThan(4 * one.reads);
});

test('a client gets no more than a chunk at once, and what is read for it is about as much', async () => {
  await using api = await TestApi.open();
  const { id } = await startWaiting(api);
  const event = { type: 'status', text: 'x'.repeat(1_000) } as const;
  const journal = vi
    .spyOn(api.well.parts.store, 'journal')
    .mockImplementation(async (_run, from, limit) =>
      Array.from({ length: limit }, (_, n) => ({ position: from + n, at: 1, events: [event] })),
    );
  const reader = (await api.stream(id)).body!.getReader();
  await new Promise(setImmediate);
  expect(journal).not.toHaveBeenCalled();
  let text = '';
  for (let taken = 1; taken <= 5; taken++) {
    const { value } = await reader.read();
    expect(value!.length).toBeLessThan(20_000);
    text += new TextDecoder().decode(value);
    await new Promise(setImmediate);
    // Nothing ahead of what was asked for.
    expect(journal).toHaveBeenCalledTimes(taken);
  }
  for (const [, , limit] of journal.mock.calls) expect(limit).toBeLessThan(20);
  const ids = [...text.matchAll(/^id: (\d+)$/gm)].map(([, n]) => Number(n));
  expect(ids.length).toBeGreaterThan(60);
  expect(ids).toEqual(ids.map((_, n) => n));
  await reader.cancel();
});

test('a client that takes a long journal quickly holds nobody up', async () => {
  await using api = await TestApi.open();
  const { id } = await startWaiting(api);
  const event = { type: 'status', text: 'x'.repeat(1_000) } as const;
  vi.spyOn(api.well.parts.store, 'journal').mockImplementation(async (_run, from, limit) =>
    Array.from({ length: limit }, (_, n) => ({ position: from + n, at: 1, events: [event] })),
  );
  const reader = (await api.stream(id)).body!.getReader();
  let chunks = 0;
  const reading = (async () => {
    // More than there is: without turns for others this would not end before the journal does.
    while (chunks < 20_000 && !(await reader.read()).done) chunks++;
  })();
  for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
  expect(chunks).toBeLessThan(20);
  await reader.cancel();
  await reading;
});

function othersIn(journal: readonly RunEvent[]): number {
  return journal.filter(({ event }) => event.type === 'event.received' && event.name === 'other').length;
}

test('a client that was too slow to go along catches up by itself, and goes along again', async () => {
  await using api = await TestApi.open();
  const { id, last } = await startWaiting(api);
  const read = vi.spyOn(api.well, 'events');
  const reading = frames(await api.stream(id));
  for (let position = 0; position <= last; position++) await reading.next();
  const next = reading.next();
  await following(read);
  await api.well.raiseEvent(id, 'other', 'x'.repeat(30_000));
  const seen = [(await next).value!];
  // From here on it takes nothing, while more comes than is kept for those who go along.
  const journal = async () => gather(api.well.events(id, { follow: false }));
  for (let n = 2; n <= 6; n++) {
    await api.well.raiseEvent(id, 'other', 'x'.repeat(30_000));
    await expect.poll(async () => othersIn(await journal())).toBe(n);
    await new Promise(setImmediate);
  }
  const pages = vi.spyOn(api.well.parts.store, 'journal');
  const { length } = await journal();
  while (idsOf(seen).at(-1) !== length - 1) seen.push((await reading.next()).value!);
  expect(pages.mock.calls.length).toBeGreaterThan(1);
  for (let go = 1; go <= 3; go++) await api.well.raiseEvent(id, 'go');
  seen.push(...(await gather(reading)));
  const whole = await gather(api.well.events(id));
  expect(idsOf(seen)).toEqual(whole.slice(last + 1).map(({ position }) => position));
  expect(seen.at(-1)).toEqual({ event: 'end', data: { status: 'succeeded' } });
});

test('a client that goes away frees what reads for it', async () => {
  const timer = new ManualTimer();
  await using api = await TestApi.open({ timer: timer.set, limits: { streams: 1 } });
  const { id, last } = await startWaiting(api);
  const read = vi.spyOn(api.well, 'events');
  const reader = (await api.stream(id, {}, `?last_event_id=${last}`)).body!.getReader();
  const pending = reader.read();
  const signal = await following(read);
  expect([signal.aborted, timer.armed]).toEqual([false, 1]);
  const cancelled = reader.cancel();
  // At once: a comment to a client that has gone would be an error that nobody catches.
  expect([signal.aborted, timer.armed]).toEqual([true, 0]);
  await Promise.all([cancelled, pending]);
  expect((await api.stream(id)).status).toBe(200);
  expect(api.logged).toEqual([]);
});

test('a client that goes away while the journal is read for it frees its place as well', async () => {
  const timer = new ManualTimer();
  await using api = await TestApi.open({ timer: timer.set, limits: { streams: 1 } });
  const { id } = await startWaiting(api);
  const read = vi.spyOn(api.well, 'events');
  const reader = (await api.stream(id)).body!.getReader();
  const pending = reader.read();
  await reader.cancel();
  await pending;
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  // It read what there was, and did not begin to follow.
  expect(read).not.toHaveBeenCalled();
  expect(timer.armed).toBe(0);
  expect((await api.stream(id)).status).toBe(200);
});

test('a client that disconnects frees what reads for it, and its place', async () => {
  await using served = await Served.open({ limits: { streams: 1 } });
  const { id } = await served.well.start('stages');
  const read = vi.spyOn(served.well, 'events');
  const client = new AbortController();
  const response = await fetch(`${served.url}/v1/runs/${id}/stream`, { signal: client.signal });
  await response.body!.getReader().read();
  const signal = await following(read);
  expect(signal.aborted).toBe(false);
  client.abort();
  await expect.poll(() => signal.aborted).toBe(true);
  const next = await fetch(`${served.url}/v1/runs/${id}/stream`);
  expect(next.status).toBe(200);
  await next.body!.cancel();
});

test('a server that closes ends its streams without saying that the run has ended', async () => {
  const closing = new AbortController();
  const timer = new ManualTimer();
  await using api = await TestApi.open({ closing: closing.signal, timer: timer.set });
  const { id, last } = await startWaiting(api);
  const read = vi.spyOn(api.well, 'events');
  const reading = allFrames(await api.stream(id));
  const unread = await api.stream(id);
  const live = allFrames(await api.stream(id, {}, `?last_event_id=${last}`));
  await following(read);
  closing.abort();
  expect((await reading).map(({ event }) => event)).not.toContain('end');
  expect(await live).toEqual([]);
  expect(await allFrames(unread)).toEqual([]);
  expect(await allFrames(await api.stream(id))).toEqual([]);
  expect(timer.armed).toBe(0);
  expect(api.logged).toEqual([]);
});

test('a stream that cannot be read on is logged and closed, so that the client comes back', async () => {
  await using api = await TestApi.open();
  const { id, last } = await startWaiting(api);
  const failure = new Error('the disk is gone');
  const journal = vi.spyOn(api.well.parts.store, 'journal');
  journal.mockRejectedValue(failure);
  expect(await allFrames(await api.stream(id))).toEqual([]);
  expect(api.logged).toEqual([[expect.stringContaining(id), failure]]);

  // One that follows: told once, however many do.
  journal.mockRestore();
  const read = vi.spyOn(api.well, 'events');
  const live = [1, 2, 3].map(async () => allFrames(await api.stream(id, {}, `?last_event_id=${last}`)));
  await following(read);
  vi.spyOn(api.well.parts.store, 'journal').mockRejectedValue(failure);
  api.well.parts.hear({ type: 'missed' });
  expect(await Promise.all(live)).toEqual([[], [], []]);
  expect(api.logged).toHaveLength(2);
});

test('a stream whose engine closes ends without `end`, and nobody is alarmed', async () => {
  await using api = await TestApi.open();
  const { id } = await startWaiting(api);
  const read = vi.spyOn(api.well, 'events');
  const reading = allFrames(await api.stream(id));
  await following(read);
  await api.well.close();
  expect((await reading).map(({ event }) => event)).not.toContain('end');
  expect(api.logged).toEqual([]);
});

test('a run that is purged and another that takes its id are not one stream', async () => {
  await using api = await TestApi.open();
  const id = await api.start('greet', { name: 'Ada' }, 'twice');
  await api.well.result(id);
  const reader = (await api.stream(id)).body!.getReader();
  await api.well.purge(id);
  await api.start('stages', undefined, 'twice');
  // It was that of the first: nothing of the second is shown, nor that it has ended.
  expect(await reader.read()).toEqual({ done: true, value: undefined });
  expect(api.logged).toEqual([]);
});

test('as many streams as the limit allows, and then none', async () => {
  await using api = await TestApi.open({ limits: { streams: 2 } });
  const { id } = await startWaiting(api);
  const open = [await api.stream(id), await api.stream(id)];
  const refused = await api.get(`/v1/runs/${id}/stream`);
  expect(refused).toMatchObject({ status: 503, body: { code: 'TOO_MANY_STREAMS', data: { limit: 2 } } });
  expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
  await open[0]!.body!.cancel();
  const third = await api.stream(id);
  expect(third.status).toBe(200);
  for (const stream of [open[1]!, third]) await stream.body!.cancel();
  expect(api.logged).toEqual([]);
});

test('HEAD tells what GET would, reads nothing and takes no place; nor does a request that is refused', async () => {
  await using api = await TestApi.open({ limits: { streams: 1 } });
  const { id } = await startWaiting(api);
  const read = vi.spyOn(api.well, 'events');
  for (let n = 0; n < 3; n++) {
    const head = await api.stream(id, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-type'), head.body]).toEqual([
      200,
      'text/event-stream; charset=utf-8',
      null,
    ]);
    expect((await api.get('/v1/runs/nobody/stream')).status).toBe(404);
  }
  expect(read).not.toHaveBeenCalled();
  const stream = await api.stream(id);
  expect(stream.status).toBe(200);
  await stream.body!.cancel();
});
