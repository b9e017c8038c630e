import { expect, test } from 'vitest';
import { TestApi } from './api.ts';

const put = (api: TestApi, path: string, body: unknown) =>
  api.ask(path, { method: 'PUT', body: JSON.stringify(body) });

test('a queue is set, paused and resumed, and shows what holds its runs', async () => {
  await using api = await TestApi.open();
  const settings = { concurrency: 2, rate: { limit: 10, period: '1s' }, perKey: 1, startDeadline: '1h' };
  expect((await put(api, '/v1/queues/slow%20one', settings)).status).toBe(204);
  expect((await api.post('/v1/queues/slow%20one/pause', { reason: 'audit' })).status).toBe(204);
  const started = await api.post('/v1/workflows/echo/runs', { input: 1, id: 'r', queue: 'slow one' });
  expect(started.status).toBe(202);
  expect(await api.get('/v1/queues')).toMatchObject({
    status: 200,
    body: {
      queues: [
        {
          name: 'slow one',
          settings: {
            concurrency: 2,
            rate: { limit: 10, period: 1_000 },
            perKey: 1,
            startDeadline: 3_600_000,
          },
          paused: { reason: 'audit' },
          counts: { queued: 1, active: 0, waiting: 0, failed: 0 },
          heldBy: [{ kind: 'queue paused', detail: expect.stringContaining('audit') }],
        },
      ],
    },
  });
  expect(await api.get('/v1/runs/r')).toMatchObject({
    body: { status: 'queued', waitingFor: [{ kind: 'queue paused' }] },
  });
  expect((await api.post('/v1/queues/slow%20one/resume')).status).toBe(204);
  expect(await api.get('/v1/runs/r/result?wait=30s')).toMatchObject({ status: 200, body: { output: 1 } });
  expect((await put(api, '/v1/queues/slow%20one', {})).status).toBe(204);
  expect(await api.get('/v1/queues')).toMatchObject({ body: { queues: [{ settings: {} }] } });
});

test.each([
  ['/v1/queues/a', { concurrency: 0 }, 'OPTION_INVALID'],
  ['/v1/queues/a', { concurrency: '2' }, 'BODY_INVALID'],
  ['/v1/queues/a', { rate: { limit: 1, period: 'soon' } }, 'DURATION_INVALID'],
  ['/v1/queues/a', { speed: 1 }, 'BODY_INVALID'],
  ['/v1/queues/a%2Fb', {}, 'NAME_INVALID'],
])('PUT %s %j is refused with 400 %s', async (path, body, code) => {
  await using api = await TestApi.open();
  expect(await put(api, path, body)).toMatchObject({ status: 400, body: { code } });
  expect(await api.get('/v1/queues')).toMatchObject({ body: { queues: [] } });
});

test('workers are shown', async () => {
  await using api = await TestApi.open();
  expect(await api.get('/v1/workers')).toMatchObject({
    status: 200,
    body: { workers: [{ kinds: expect.arrayContaining(['echo@1']), queues: null }] },
  });
});

test('starts in a burst are one run, and one that does not begin in time says so', async () => {
  await using api = await TestApi.open();
  const debounce = { key: 'k', delay: '1h', maxWait: '2h' };
  const first = await api.post('/v1/workflows/echo/runs', { input: 1, id: 'a', debounce });
  const second = await api.post('/v1/workflows/echo/runs', { input: 2, id: 'b', debounce });
  expect([first.status, second.status]).toEqual([202, 200]);
  expect(second.body).toMatchObject({ id: 'a' });
  expect(await api.get('/v1/runs/a')).toMatchObject({ body: { input: 2 } });
  await api.post('/v1/queues/closed/pause');
  await api.post('/v1/workflows/echo/runs', { input: 1, id: 'late', queue: 'closed', startDeadline: 1 });
  expect(await api.get('/v1/runs/late/result?wait=30s')).toMatchObject({
    status: 200,
    body: { status: 'timed_out', error: { code: 'RUN_NOT_STARTED' } },
  });
});
