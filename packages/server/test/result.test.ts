import { StepwellError } from 'stepwell';
import { expect, test, vi } from 'vitest';
import { TestApi } from './api.ts';
import { ManualTimer } from './manual-timer.ts';
import { repairable } from './workflows.ts';

test('the result of a run that succeeded', async () => {
  await using api = await TestApi.open();
  const id = await api.start('greet', { name: 'Ada' });
  const answer = await api.get(`/v1/runs/${id}/result?wait=30s`);
  expect(answer).toMatchObject({
    status: 200,
    body: { status: 'succeeded', output: { greeting: 'Hello Ada' } },
  });
  expect(await api.get(`/v1/runs/${id}/result`)).toMatchObject({ status: 200, body: answer.body });
});

test('a run that failed answers 200 with its error', async () => {
  repairable.broken = true;
  await using api = await TestApi.open();
  const id = await api.start('fragile');
  expect(await api.get(`/v1/runs/${id}/result?wait=30s`)).toMatchObject({
    status: 200,
    body: {
      status: 'failed',
      error: { name: 'Declined', message: 'The card was declined', data: { reason: 'no money' } },
    },
  });
});

test('a run that was cancelled answers 200 with its status', async () => {
  await using api = await TestApi.open();
  const id = await api.start('stages');
  await api.post(`/v1/runs/${id}/cancel`, { reason: 'changed my mind' });
  expect(await api.get(`/v1/runs/${id}/result?wait=30s`)).toMatchObject({
    status: 200,
    body: { status: 'cancelled' },
  });
});

test('a run that has not ended answers 202 at once, or when the wait is over', async () => {
  const timer = new ManualTimer();
  await using api = await TestApi.open({ timer: timer.set });
  const id = await api.start('stages');
  await expect.poll(async () => (await api.well.get(id)).status).toBe('waiting');
  const atOnce = await api.get(`/v1/runs/${id}/result`);
  expect(atOnce).toMatchObject({ status: 202, body: { status: 'waiting' } });
  expect(atOnce.headers.get('retry-after')).toBe('1');

  const polled = api.get(`/v1/runs/${id}/result?wait=30s`);
  await expect.poll(() => timer.armed).toBe(1);
  timer.pass(29_999);
  expect(timer.armed).toBe(1);
  timer.pass(1);
  expect(await polled).toMatchObject({ status: 202, body: { status: 'waiting' } });
  expect(timer.armed).toBe(0);
});

test('a wait ends as soon as the run does', async () => {
  const timer = new ManualTimer();
  await using api = await TestApi.open({ timer: timer.set });
  const id = await api.start('stages');
  const polled = api.get(`/v1/runs/${id}/result?wait=5m`);
  await expect.poll(() => timer.armed).toBe(1);
  for (const value of [1, 2, 3]) await api.post(`/v1/runs/${id}/events/go`, { value });
  expect(await polled).toMatchObject({ status: 200, body: { status: 'succeeded', output: [1, 2, 3] } });
  expect(timer.armed).toBe(0);
});

test('a wait ends when the client is gone and when the server closes', async () => {
  const timer = new ManualTimer();
  const closing = new AbortController();
  const client = new AbortController();
  await using api = await TestApi.open({ timer: timer.set, closing: closing.signal });
  const id = await api.start('stages');
  const left = api.ask(`/v1/runs/${id}/result?wait=5m`, { signal: client.signal });
  const stayed = api.get(`/v1/runs/${id}/result?wait=5m`);
  await expect.poll(() => timer.armed).toBe(2);
  client.abort();
  expect((await left).status).toBe(202);
  expect(timer.armed).toBe(1);
  closing.abort();
  expect((await stayed).status).toBe(202);
  expect(timer.armed).toBe(0);
});

test('a run that goes on as another has the result of that one', async () => {
  await using api = await TestApi.open();
  const id = await api.start('relay', { leg: 1 });
  await expect.poll(async () => (await api.well.get(id)).status).toBe('continued');
  expect(await api.get(`/v1/runs/${id}/result`)).toMatchObject({ status: 202 });
  const { continuedBy } = await api.well.get(id);
  await api.well.raiseEvent(continuedBy!, 'finish');
  expect(await api.get(`/v1/runs/${id}/result?wait=30s`)).toMatchObject({
    body: { status: 'succeeded', output: 'leg 2' },
  });
});

test('a wait that the store cannot keep up is an error, not an answer', async () => {
  await using api = await TestApi.open();
  const id = await api.start('stages');
  vi.spyOn(api.well, 'result').mockRejectedValue(new Error('disk'));
  expect(await api.get(`/v1/runs/${id}/result?wait=30s`)).toMatchObject({
    status: 500,
    body: { code: 'INTERNAL' },
  });
  expect(await api.get('/v1/runs/nobody/result?wait=30s')).toMatchObject({
    status: 404,
    body: { code: 'RUN_NOT_FOUND' },
  });
});

test('a wait for a run that is purged meanwhile is told so', async () => {
  await using api = await TestApi.open();
  await api.start('stages', undefined, 'gone');
  const waits = vi.spyOn(api.well, 'result');
  // Its end and its purge come before whoever waits has looked again.
  waits.mockImplementationOnce(async (id) => {
    await api.remove(id);
    throw new StepwellError('RUN_PURGED', 'so it is');
  });
  expect(await api.get('/v1/runs/gone/result?wait=30s')).toMatchObject({
    status: 410,
    body: { code: 'RUN_PURGED' },
  });
});
