import type { RunEvent } from 'stepwell';
import { expect, test } from 'vitest';
import { TestApi } from './api.ts';
import { gather } from './gather.ts';
import { allFrames, frames, idsOf, type Frame } from './sse.ts';
import { repairable } from './workflows.ts';

test('a stream holds the journal, then its end, then nothing', async () => {
  await using api = await TestApi.open();
  const id = await api.start('greet', { name: 'Ada' });
  const response = await api.stream(id);
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  expect(response.headers.get('cache-control')).toBe('no-store');
  const all = await allFrames(response);
  const journal: RunEvent[] = await gather(api.well.events(id, { follow: false }));
  expect(all).toEqual([
    ...journal.map((entry) => ({
      id: entry.position,
      event: entry.event.type,
      data: JSON.parse(JSON.stringify(entry)),
    })),
    { event: 'end', data: { status: 'succeeded' } },
  ]);
});

test('a stream is live', async () => {
  await using api = await TestApi.open();
  const id = await api.start('stages');
  const seen: Frame[] = [];
  for await (const frame of frames(await api.stream(id))) {
    seen.push(frame);
    if (frame.event !== 'operation.started' || (frame.data as RunEvent).event.type !== 'operation.started')
      continue;
    const { kind } = (frame.data as { event: { kind: string } }).event;
    if (kind === 'event') await api.well.raiseEvent(id, 'go', seen.length);
  }
  expect(seen.at(-1)).toEqual({ event: 'end', data: { status: 'succeeded' } });
  expect(idsOf(seen)).toEqual(idsOf(seen).map((_, index) => index));
});

test.each<[how: string, init: (id: number) => RequestInit, query: (id: number) => string]>([
  ['the header', (id) => ({ headers: { 'Last-Event-ID': String(id) } }), () => ''],
  ['the parameter', () => ({}), (id) => `?last_event_id=${id}`],
  [
    'both, where the header is newer',
    (id) => ({ headers: { 'Last-Event-ID': String(id) } }),
    () => '?last_event_id=0',
  ],
])(
  'a stream goes on after any position that %s names, without gap or repetition',
  async (_how, init, query) => {
    await using api = await TestApi.open();
    const id = await api.start('greet', { name: 'Ada' });
    const whole = await allFrames(await api.stream(id));
    for (const last of idsOf(whole)) {
      const rest = await allFrames(await api.stream(id, init(last), query(last)));
      expect(rest).toEqual(whole.slice(last + 1));
    }
  },
);

test('a client that comes back after every frame has seen each event once', async () => {
  await using api = await TestApi.open();
  const id = await api.start('stages');
  const seen: number[] = [];
  for (let ended = false; !ended; ) {
    const headers: Record<string, string> = seen.length === 0 ? {} : { 'Last-Event-ID': String(seen.at(-1)) };
    for await (const frame of frames(await api.stream(id, { headers }))) {
      if (frame.id !== undefined) seen.push(frame.id);
      ended = frame.event === 'end';
      const { event } = frame.data as { event?: { kind?: string } };
      if (event?.kind === 'event') await api.well.raiseEvent(id, 'go');
      break;
    }
  }
  const journal = await gather(api.well.events(id, { follow: false }));
  expect(seen).toEqual(journal.map(({ position }) => position));
});

test('a Last-Event-ID that is none is refused before the stream begins, and so is an unknown run', async () => {
  await using api = await TestApi.open();
  const id = await api.start('stages');
  for (const last of ['abc', '-1', '1.5', '9007199254740991']) {
    const answer = await api.ask(`/v1/runs/${id}/stream`, { headers: { 'Last-Event-ID': last } });
    expect(answer).toMatchObject({ status: 400, body: { code: 'PARAMETER_INVALID' } });
  }
  expect(await api.get('/v1/runs/nobody/stream')).toMatchObject({
    status: 404,
    body: { code: 'RUN_NOT_FOUND' },
  });
});

test('the stream of a run that goes on as another one ends with it, and says by which', async () => {
  await using api = await TestApi.open();
  const id = await api.start('relay', { leg: 1 });
  const all = await allFrames(await api.stream(id));
  const [continued, end] = all.slice(-2);
  expect(end).toEqual({ event: 'end', data: { status: 'continued' } });
  const { by } = (continued!.data as { event: { by: string } }).event;
  expect((await api.well.get(id)).continuedBy).toBe(by);
  await api.well.raiseEvent(by, 'finish');
  expect((await allFrames(await api.stream(by))).at(-1)).toEqual({
    event: 'end',
    data: { status: 'succeeded' },
  });
});

test('a run that is reopened goes on in its stream after the end that a client has seen', async () => {
  await using api = await TestApi.open();
  repairable.broken = true;
  const id = await api.start('fragile');
  const first = await allFrames(await api.stream(id));
  expect(first.at(-1)).toEqual({ event: 'end', data: { status: 'failed' } });
  repairable.broken = false;
  await api.well.retry(id);
  const rest = await allFrames(await api.stream(id, {}, `?last_event_id=${idsOf(first).at(-1)}`));
  expect(rest.at(-1)).toEqual({ event: 'end', data: { status: 'succeeded' } });
  const journal = await gather(api.well.events(id, { follow: false }));
  expect(idsOf([...first, ...rest])).toEqual(journal.map(({ position }) => position));
});
