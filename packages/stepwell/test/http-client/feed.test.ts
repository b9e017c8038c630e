import { expect, test } from 'vitest';
import { FakeServer, problem, stream } from './fake-server.ts';

function frame(cursor: string, run: string, position: number): string {
  const data = {
    run,
    workflow: 'w',
    version: '1',
    tags: [],
    position,
    at: 0,
    event: { type: 'status', text: '' },
  };
  return `id: ${cursor}\nevent: status\ndata: ${JSON.stringify(data)}\n\n`;
}

const asked = (fake: FakeServer) =>
  fake.asked.map(({ path, headers }) => [path, headers.get('last-event-id')]);

test('begins now, and goes on where it was although nothing had come before the connection was lost', async () => {
  const fake = new FakeServer().replies(
    stream(['id: now-1\n\n'], 'breaks'),
    stream([frame('c:2', 'a', 0), ': keep-alive\n\n', 'event: lagging\ndata: {"after":"c:2"}\n\n']),
    stream([frame('c:3', 'b', 0)], 'stays'),
  );
  const feed = fake.client.feed({ workflow: 'w', tag: 't' });
  expect((await feed.next()).value).toMatchObject({ cursor: 'c:2', run: 'a', position: 0 });
  expect((await feed.next()).value).toMatchObject({ cursor: 'c:3', run: 'b', event: { type: 'status' } });
  await feed.return!();
  const path = '/v1/stream?workflow=w&tag=t';
  expect(asked(fake)).toEqual([
    [path, null],
    [path, 'now-1'],
    [path, 'c:2'],
  ]);
});

test('begins after a cursor, or with the oldest that is kept', async () => {
  const fake = new FakeServer().replies(stream([frame('c:2', 'a', 0)]), stream([frame('c:1', 'a', 0)]));
  for (const after of ['c:1', '']) await fake.client.feed({ after }).next();
  expect(asked(fake)).toEqual([
    ['/v1/stream', 'c:1'],
    ['/v1/stream?last_event_id=', null],
  ]);
});

test('a cursor that is none is refused', async () => {
  const fake = new FakeServer().replies(problem('CURSOR_INVALID', 400));
  await expect(fake.client.feed({ after: 'x' }).next()).rejects.toMatchObject({ code: 'CURSOR_INVALID' });
});
