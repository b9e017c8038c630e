import type { RunEvent } from 'stepwell';
import { expect, test } from 'vitest';
import { TestApi } from './api.ts';
import { gather } from '../../stepwell/test/gather.ts';
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
    const final = idsOf(whole).at(-1)!;
    for (const last of idsOf(whole).slice(0, -1)) {
      const rest = await allFrames(await api.stream(id, init(last), query(last)));
      expect(rest).toEqual(whole.slice(last + 1));
    }
    const over = await api.stream(id, init(final), query(final));
    expect({ status: over.status, body: over.body }).toEqual({ status: 204, body: null });
  },
);

test('a client that comes back after every frame has seen each event once', async () => {
  await using api = await TestApi.open();
  const id = await api.start('stages');
  const seen: number[] = [];
  for (;;) {
    const headers: Record<string, string> = seen.length === 0 ? {} : { 'Last-Event-ID': String(seen.at(-1)) };
    const response = await api.stream(id, { headers });
    if (response.status === 204) break;
    for await (const frame of frames(response)) {
      if (frame.id !== undefined) seen.push(frame.id);
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

test('a Last-Event-ID beyond the journal is refused, and holds up nobody who reads the run', async () => {
  await using api = await TestApi.open();
  const id = await api.start('stages');
  await expect.poll(async () => (await api.well.get(id)).status).toBe('waiting');
  const { length } = await gather(api.well.events(id, { follow: false }));
  const ask = (last: number) => api.ask(`/v1/runs/${id}/stream?last_event_id=${last}`, {});
  for (const last of [length, 1_000, Number.MAX_SAFE_INTEGER - 1])
    expect(await ask(last)).toMatchObject({ status: 400, body: { code: 'CURSOR_INVALID' } });
  const reading = [
    allFrames(await api.stream(id, {}, `?last_event_id=${length - 1}`)),
    allFrames(await api.stream(id)),
  ];
  for (let go = 1; go <= 3; go++) await api.well.raiseEvent(id, 'go', go);
  const [rest, whole] = await Promise.all(reading);
  expect(idsOf(whole!)).toEqual(idsOf(whole!).map((_, index) => index));
  expect(rest).toEqual(whole!.slice(length));
  expect(await ask(whole!.length - 1)).toMatchObject({ status: 400, body: { code: 'CURSOR_INVALID' } });
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

test('the stream of a fork begins with what it has of the other run, and goes on from any of it', async () => {
  await using api = await TestApi.open();
  await api.start('stages', undefined, 'source');
  for (const go of [1, 2, 3]) await api.well.raiseEvent('source', 'go', go);
  await api.well.result('source');
  const { id } = await api.well.fork('source', { from: 'stage 2' });
  const reading = allFrames(await api.stream(id));
  await api.well.result(id);
  const whole = await reading;
  const journal: RunEvent[] = await gather(api.well.events(id, { follow: false }));
  expect(whole.slice(0, -1).map(({ data }) => data)).toEqual(JSON.parse(JSON.stringify(journal)));
  expect(whole.map(({ event }) => event)).toContain('run.forked');
  // The one that it was made of is gone by now.
  await api.well.purge('source');
  for (const last of idsOf(whole).slice(0, -1))
    expect(await allFrames(await api.stream(id, {}, `?last_event_id=${last}`))).toEqual(
      whole.slice(last + 1),
    );
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
