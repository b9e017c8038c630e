import { describe, expect, test } from 'vitest';
import type { RunEvent } from '../../src/http-client/index.ts';
import { type Asked, broken, END, FakeServer, frame, json, problem, stream } from './fake-server.ts';

async function positions(events: AsyncIterable<RunEvent>): Promise<number[]> {
  const read: number[] = [];
  for await (const { position } of events) read.push(position);
  return read;
}

const lastIds = (fake: FakeServer) => fake.asked.map(({ headers }) => headers.get('last-event-id'));

describe('events', () => {
  test('end with the run', async () => {
    const fake = new FakeServer().replies(stream([frame(0) + frame(1), END], 'stays'));
    expect(await positions(fake.client.events('r'))).toEqual([0, 1]);
    expect(fake.asked[0]).toMatchObject({ path: '/v1/runs/r/stream' });
  });

  test('end where the server has nothing after the last one', async () => {
    const fake = new FakeServer().replies(
      stream([frame(0), frame(1)], 'breaks'),
      new Response(null, { status: 204 }),
    );
    expect(await positions(fake.client.events('r'))).toEqual([0, 1]);
    expect(lastIds(fake)).toEqual([null, '1']);
  });

  test('a letter of several bytes may come in pieces, a BOM first', async () => {
    const bytes = new TextEncoder().encode(`\ufeff${frame(0)}${END}`);
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
        controller.close();
      },
    });
    const headers = { 'content-type': 'text/event-stream' };
    const fake = new FakeServer().replies(new Response(body, { headers }));
    const read = await fake.client.events('r').next();
    expect(read.value).toMatchObject({ position: 0, event: { type: 'status', text: 'é0' } });
  });

  test('go on after the last one that came, however the connection was lost', async () => {
    const lost: string[] = [];
    const fake = new FakeServer({ onLost: ({ code }) => lost.push(code) }).replies(
      stream([frame(0), frame(1)], 'breaks'),
      broken('ECONNREFUSED'),
      new Response('starting', { status: 503 }),
      problem('ENGINE_CLOSED', 503),
      stream([': keep-alive\n\n', frame(2), 'id: 3\nevent: st']),
      stream(['event: lagging\ndata: {"after":"2"}\n\n']),
      stream([frame(2), frame(3), END]),
    );
    expect(await positions(fake.client.events('r'))).toEqual([0, 1, 2, 3]);
    expect(lastIds(fake)).toEqual([null, '1', '1', '1', '1', '2', '2']);
    // It grows as long as nothing comes, and begins anew when something has.
    expect(fake.pauses).toEqual([100, 200, 400, 800, 100, 100]);
    expect(lost).toEqual(['SERVER_UNREACHABLE', 'SERVER_UNREACHABLE', 'SERVER_UNREACHABLE']);
  });

  test('a connection that has fallen silent is lost', async () => {
    const fake = new FakeServer().replies(stream([frame(0)], 'stays'), stream([frame(1), END]));
    const events = fake.client.events('r');
    expect((await events.next()).value).toMatchObject({ position: 0 });
    const next = events.next();
    await expect.poll(() => fake.silences.size).toBe(1);
    for (const silence of fake.silences) silence();
    expect((await next).value).toMatchObject({ position: 1 });
    expect(fake.silences.size, 'those of a connection that is not waited for').toBe(0);
    await events.return!();
  });

  test('a server that does not even begin to answer is lost too', async () => {
    const fake = new FakeServer().replies(
      stream([frame(0)]),
      (_asked, signal) =>
        new Promise((_, reject) => signal!.addEventListener('abort', () => reject(new Error('cut')))),
      stream([frame(1), END]),
    );
    const read = positions(fake.client.events('r'));
    await expect.poll(() => [fake.asked.length, fake.silences.size]).toEqual([2, 1]);
    for (const silence of fake.silences) silence();
    expect(await read).toEqual([0, 1]);
  });

  test('a run in which nothing happens is followed for as long as it takes, whatever cuts the connection off', async () => {
    const fake = new FakeServer();
    const quiet = (asked: Asked, signal: AbortSignal | undefined) => {
      fake.time += 60_000;
      return stream([': keep-alive\n\n'])(asked, signal);
    };
    fake.replies(stream([frame(0)]), ...Array<typeof quiet>(20).fill(quiet), stream([frame(1), END]));
    expect(await positions(fake.client.events('r'))).toEqual([0, 1]);
    expect(new Set(lastIds(fake).slice(1))).toEqual(new Set(['0']));
  });

  test('a server that stays away is given up after five minutes', async () => {
    const fake = new FakeServer().replies(stream([frame(0)]));
    for (let n = 0; n < 100; n++) fake.replies(broken('ECONNREFUSED'));
    await expect(positions(fake.client.events('r'))).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE' });
    expect(fake.time).toBeGreaterThan(5 * 60_000);
    expect(Math.max(...fake.pauses)).toBe(5_000);
  });

  test('an address that never answered is told at once', async () => {
    const fake = new FakeServer().replies(broken());
    await expect(positions(fake.client.events('r'))).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE' });
    expect(fake.asked.length).toBe(1);
  });

  test('a run that is gone when they are taken up again ends them', async () => {
    const fake = new FakeServer().replies(stream([frame(0)]), problem('RUN_PURGED', 410));
    await expect(positions(fake.client.events('r'))).rejects.toMatchObject({ code: 'RUN_PURGED' });
  });

  test('what is not an event stream is told so', async () => {
    const fake = new FakeServer().replies(json({}));
    await expect(positions(fake.client.events('r'))).rejects.toThrow(/is not a Stepwell server/);
  });

  test('begin at a position', async () => {
    const fake = new FakeServer().replies(stream([frame(5), END]));
    expect(await positions(fake.client.events('r', { from: 5 }))).toEqual([5]);
    expect(lastIds(fake)).toEqual(['4']);
    expect(() => fake.client.events('r', { from: -1 })).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID' }),
    );
  });

  test('without follow: the pages of the history', async () => {
    const event = (position: number) => ({ position, at: 0, event: { type: 'status', text: '' } });
    const fake = new FakeServer().replies(
      json({ events: [event(2), event(3)], next: 4 }),
      json({ events: [event(4)] }),
    );
    expect(await positions(fake.client.events('r', { from: 2, follow: false }))).toEqual([2, 3, 4]);
    expect(fake.asked.map(({ path }) => path)).toEqual([
      '/v1/runs/r/history?from=2',
      '/v1/runs/r/history?from=4',
    ]);
  });

  test.each(['while they are awaited', 'in a pause'])('a signal ends them %s', async (when) => {
    const abort = new AbortController();
    const fake = new FakeServer({ onLost: () => abort.abort(new Error('enough')) }).replies(
      stream([frame(0)], when === 'in a pause' ? 'ends' : 'stays'),
    );
    const events = fake.client.events('r', { signal: abort.signal });
    await events.next();
    const next = events.next();
    if (when === 'while they are awaited') abort.abort(new Error('enough'));
    await expect(next).rejects.toThrow('enough');
    expect(fake.silences.size).toBe(0);
  });

  test('whoever leaves the loop closes the connection', async () => {
    let closed: AbortSignal | undefined;
    const fake = new FakeServer().replies((asked, signal) => {
      closed = signal;
      return stream([frame(0)], 'stays')(asked, signal);
    });
    for await (const { position } of fake.client.events('r')) if (position === 0) break;
    expect(closed?.aborted).toBe(true);
  });
});
