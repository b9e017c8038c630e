import { expect, test, vi } from 'vitest';
import { TestApi } from './api.ts';
import { gather } from './gather.ts';
import { ManualTimer } from './manual-timer.ts';
import { allFrames, frames, idsOf } from './sse.ts';

/** What the engine was asked to read, and whether it was told to stop. */
function watchReading(api: TestApi): { readonly signals: AbortSignal[]; taken: number } {
  const events = api.well.events.bind(api.well);
  const seen = { signals: [] as AbortSignal[], taken: 0 };
  vi.spyOn(api.well, 'events').mockImplementation((id, options) => {
    seen.signals.push(options!.signal!);
    const iterator = events(id, options);
    const next = iterator.next.bind(iterator);
    iterator.next = () => {
      seen.taken++;
      return next();
    };
    return iterator;
  });
  return seen;
}

test('a comment goes out every 15 s for as long as nothing happens', async () => {
  const timer = new ManualTimer();
  await using api = await TestApi.open({ timer: timer.set });
  const id = await api.start('stages');
  await expect.poll(async () => (await api.well.get(id)).status).toBe('waiting');
  const written = (await gather(api.well.events(id, { follow: false }))).length;
  const reading = frames(await api.stream(id));
  for (let position = 0; position < written; position++)
    expect((await reading.next()).value).toMatchObject({ id: position });

  const next = reading.next();
  await expect.poll(() => timer.armed).toBe(1);
  timer.pass(14_999);
  let arrived = false;
  void next.finally(() => (arrived = true));
  await new Promise(setImmediate);
  expect(arrived).toBe(false);
  timer.pass(1);
  expect((await next).value).toEqual({ comment: 'keep-alive' });
  const second = reading.next();
  timer.pass(15_000);
  expect((await second).value).toEqual({ comment: 'keep-alive' });

  const third = reading.next();
  timer.pass(14_000);
  await api.well.raiseEvent(id, 'go');
  expect((await third).value).toMatchObject({ id: written });
  await reading.return();
  expect(timer.armed).toBe(0);
});

test('a client that takes nothing costs one comment, not one every 15 s', async () => {
  const timer = new ManualTimer();
  await using api = await TestApi.open({ timer: timer.set });
  const id = await api.start('stages');
  await expect.poll(async () => (await api.well.get(id)).status).toBe('waiting');
  const last = (await gather(api.well.events(id, { follow: false }))).length - 1;
  const reader = (await api.stream(id, {}, `?last_event_id=${last}`)).body!.getReader();
  const first = reader.read();
  await expect.poll(() => timer.armed).toBe(1);
  timer.pass(15_000);
  expect(new TextDecoder().decode((await first).value)).toBe(': keep-alive\n\n');
  timer.pass(150_000);
  await api.well.raiseEvent(id, 'go');
  await api.event(id, ({ type }) => type === 'operation.succeeded');
  const rest = [(await reader.read()).value, (await reader.read()).value].map((chunk) =>
    new TextDecoder().decode(chunk),
  );
  expect(rest).toEqual([': keep-alive\n\n', expect.stringContaining(`id: ${last + 1}\n`)]);
  await reader.cancel();
});

test('events are read only as fast as the client takes them', async () => {
  await using api = await TestApi.open();
  const id = await api.start('greet', { name: 'Ada' });
  await api.well.result(id);
  const seen = watchReading(api);
  const reader = (await api.stream(id)).body!.getReader();
  for (let taken = 1; taken <= 3; taken++) {
    await reader.read();
    await new Promise(setImmediate);
    expect(seen.taken).toBe(taken);
  }
  await reader.cancel();
});

test('a client that goes away frees the reader', async () => {
  const timer = new ManualTimer();
  await using api = await TestApi.open({ timer: timer.set });
  const id = await api.start('stages');
  await expect.poll(async () => (await api.well.get(id)).status).toBe('waiting');
  const last = (await gather(api.well.events(id, { follow: false }))).length - 1;
  const seen = watchReading(api);
  const reader = (await api.stream(id, {}, `?last_event_id=${last}`)).body!.getReader();
  const pending = reader.read();
  await expect.poll(() => timer.armed).toBe(1);
  expect(seen.signals.map(({ aborted }) => aborted)).toEqual([false]);
  const cancelled = reader.cancel();
  // At once: a comment to a client that has gone would be an error that nobody catches.
  expect(timer.armed).toBe(0);
  expect(seen.signals.map(({ aborted }) => aborted)).toEqual([true]);
  await Promise.all([cancelled, pending]);
  expect(api.logged).toEqual([]);
});

test('a client that goes away between two events frees the reader as well', async () => {
  await using api = await TestApi.open();
  const id = await api.start('stages');
  const freed = vi.fn<() => void>();
  vi.spyOn(api.well, 'events').mockImplementation(async function* () {
    try {
      for (let position = 0; ; position++) yield { position, at: 1, event: { type: 'status', text: '' } };
    } finally {
      freed();
    }
  });
  const reader = (await api.stream(id)).body!.getReader();
  await reader.read();
  expect(freed).not.toHaveBeenCalled();
  await reader.cancel();
  expect(freed).toHaveBeenCalledOnce();
});

test('a server that closes ends its streams without saying that the run has ended', async () => {
  const closing = new AbortController();
  await using api = await TestApi.open({ closing: closing.signal });
  const id = await api.start('stages');
  const reading = allFrames(await api.stream(id));
  const late = await api.stream(id);
  await expect.poll(async () => (await api.well.get(id)).status).toBe('waiting');
  closing.abort();
  const seen = await reading;
  expect(seen.length).toBeGreaterThan(0);
  expect(seen.map(({ event }) => event)).not.toContain('end');
  expect(idsOf(await allFrames(late))).toEqual([]);
  expect(api.logged).toEqual([]);
});

test('a slow client is not told of an end that was only the server’s', async () => {
  const closing = new AbortController();
  await using api = await TestApi.open({ closing: closing.signal });
  const id = await api.start('greet', { name: 'Ada' });
  await api.well.result(id);
  const reading = frames(await api.stream(id));
  await reading.next();
  closing.abort();
  expect(await gather(reading)).toEqual([]);
});

test('a stream that cannot be read on is logged and closed, so that the client comes back', async () => {
  await using api = await TestApi.open();
  const id = await api.start('stages');
  const failure = new Error('the disk is gone');
  vi.spyOn(api.well, 'events').mockImplementation(async function* () {
    yield { position: 0, at: 1, event: { type: 'status', text: 'here' } };
    throw failure;
  });
  expect(await allFrames(await api.stream(id))).toEqual([
    { id: 0, event: 'status', data: expect.anything() },
  ]);
  expect(api.logged).toEqual([[expect.stringContaining(id), failure]]);
});

test('a stream whose engine closes ends without `end`, and nobody is alarmed', async () => {
  await using api = await TestApi.open();
  const id = await api.start('stages');
  const reading = allFrames(await api.stream(id));
  await expect.poll(async () => (await api.well.get(id)).status).toBe('waiting');
  await api.well.close();
  expect((await reading).map(({ event }) => event)).not.toContain('end');
  expect(api.logged).toEqual([]);
});
