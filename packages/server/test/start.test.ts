import { expect, test } from 'vitest';
import { TestApi } from './api.ts';

test('a start answers 202 with the place of the run and links to all that can be done with it', async () => {
  await using api = await TestApi.open();
  const answer = await api.post('/v1/workflows/greet/runs', { input: { name: 'Ada' }, id: 'greet-1' });
  expect(answer.status).toBe(202);
  expect(answer.headers.get('location')).toBe('/v1/runs/greet-1');
  expect(answer.headers.get('retry-after')).toBe('1');
  expect(answer.body).toEqual({
    id: 'greet-1',
    created: true,
    links: {
      self: '/v1/runs/greet-1',
      status: '/v1/runs/greet-1',
      stream: '/v1/runs/greet-1/stream',
      events: '/v1/runs/greet-1/events/{name}',
      cancel: '/v1/runs/greet-1/cancel',
      result: '/v1/runs/greet-1/result',
    },
  });
  expect(await api.well.result('greet-1')).toEqual({ greeting: 'Hello Ada' });
});

test('the same start again answers 200 with the same run, another input 409', async () => {
  await using api = await TestApi.open();
  const first = await api.post('/v1/workflows/echo/runs', { input: { a: 1, b: 2 }, id: 'one' });
  const second = await api.post('/v1/workflows/echo/runs', { input: { b: 2, a: 1 }, id: 'one' });
  expect([first.status, second.status]).toEqual([202, 200]);
  expect(second.body).toEqual({ ...(first.body as object), created: false });
  expect(second.headers.get('location')).toBe('/v1/runs/one');
  const other = await api.post('/v1/workflows/echo/runs', { input: { a: 2 }, id: 'one' });
  expect(other).toMatchObject({ status: 409, body: { code: 'RUN_ID_TAKEN' } });
});

test('a start without a body has no input, and gets an id of its own', async () => {
  await using api = await TestApi.open();
  const { status, body } = await api.post('/v1/workflows/echo/runs');
  expect(status).toBe(202);
  const { id } = body as { id: string };
  expect(id).not.toBe('');
  expect(await api.well.result(id)).toBeUndefined();
});

test('every option of a start reaches the run', async () => {
  await using api = await TestApi.open();
  const start = {
    id: 'later',
    version: '1',
    queue: 'slow',
    priority: 7,
    delay: '1h',
    timeout: '2h',
    concurrencyKey: 'k',
  };
  const before = Date.now();
  expect((await api.post('/v1/workflows/echo/runs', start)).status).toBe(202);
  const run = await api.well.get('later');
  expect(run).toMatchObject({ version: '1', queue: 'slow', priority: 7, status: 'queued' });
  expect(run.readyAt).toBeGreaterThanOrEqual(before + 3_600_000);
});

test.each([
  ['no such workflow', '/v1/workflows/nobody/runs', {}, 404, 'WORKFLOW_UNKNOWN'],
  ['no such version', '/v1/workflows/echo/runs', { version: '9' }, 404, 'WORKFLOW_VERSION_UNKNOWN'],
  ['an empty id', '/v1/workflows/echo/runs', { id: '' }, 400, 'ID_INVALID'],
  ['an id that is too long', '/v1/workflows/echo/runs', { id: 'x'.repeat(256) }, 400, 'ID_INVALID'],
  ['a delay that is none', '/v1/workflows/echo/runs', { delay: '42m30' }, 400, 'DURATION_INVALID'],
  ['a priority that is none', '/v1/workflows/echo/runs', { priority: 10 }, 400, 'OPTION_INVALID'],
  ['an input that the schema refuses', '/v1/workflows/strict/runs', { input: {} }, 400, 'INPUT_INVALID'],
  ['a queue that is none', '/v1/workflows/echo/runs', { queue: 'a/b' }, 400, 'NAME_INVALID'],
])('%s is refused with its code', async (_case, path, body, status, code) => {
  await using api = await TestApi.open();
  expect(await api.post(path, body)).toMatchObject({ status, body: { status, code } });
  expect((await api.well.list()).runs).toEqual([]);
});

test('a start can have a time, tags, and the trace that its caller belongs to', async () => {
  await using api = await TestApi.open();
  const at = '2100-01-01T00:00:00+09:00';
  await api.post('/v1/workflows/echo/runs', { id: 'later', at, tags: ['b', 'a', 'b'] });
  expect(await api.get('/v1/runs/later')).toMatchObject({
    body: { readyAt: Date.parse(at), tags: ['a', 'b'], status: 'queued' },
  });
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const started = async (header: string, body: object) => {
    const init = { method: 'POST', headers: { traceparent: header }, body: JSON.stringify(body) };
    const { body: run } = await api.ask('/v1/workflows/echo/runs', init);
    return (await api.well.get((run as { id: string }).id)).traceparent;
  };
  expect(await started(traceparent, {})).toBe(traceparent);
  // The body says what the run has, whoever sends it; a header that is malformed is none, says W3C.
  const other = traceparent.replace('b7ad', 'b7ae');
  expect(await started(traceparent, { traceparent: other })).toBe(other);
  for (const malformed of [
    '00-0-0-0',
    traceparent.replace(/^00/, 'ff'),
    traceparent.replace(/-b.*-/, `-${'0'.repeat(16)}-`),
  ])
    expect(await started(malformed, {})).toBeUndefined();
  expect(await api.post('/v1/workflows/echo/runs', { traceparent: 'x' })).toMatchObject({
    status: 400,
    body: { code: 'OPTION_INVALID' },
  });
});
