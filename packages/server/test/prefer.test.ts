import { StepwellError } from 'stepwell';
import { expect, test, vi } from 'vitest';
import { TestApi } from './api.ts';
import { ManualTimer } from './manual-timer.ts';
import { Served } from './served.ts';

const start = (api: TestApi, workflow: string, prefer: string, body: object = {}) =>
  api.ask(`/v1/workflows/${workflow}/runs`, {
    method: 'POST',
    headers: { prefer },
    body: JSON.stringify(body),
  });

test('a start that prefers to wait is answered with how the run ended', async () => {
  await using api = await TestApi.open();
  const answer = await start(api, 'greet', 'wait=30', { input: { name: 'Ada' }, id: 'a' });
  expect(answer).toMatchObject({
    status: 200,
    body: { id: 'a', created: true, status: 'succeeded', output: { greeting: 'Hello Ada' } },
  });
  expect(answer.headers.get('preference-applied')).toBe('wait=30');
  expect(answer.headers.get('location')).toBe('/v1/runs/a');
});

test('a run that failed is a result too', async () => {
  await using api = await TestApi.open();
  const answer = await start(api, 'fragile', 'wait=30');
  expect(answer).toMatchObject({ status: 200, body: { status: 'failed', error: { name: 'Declined' } } });
});

test('a run that takes longer is answered with 202 when the time is up', async () => {
  const timer = new ManualTimer();
  await using api = await TestApi.open({ timer: timer.set });
  const waits = vi.spyOn(api.well, 'result');
  const answering = start(api, 'stages', 'wait=7', { id: 'slow' });
  await expect.poll(() => waits.mock.calls.length).toBe(1);
  timer.pass(7_000);
  const answer = await answering;
  expect(answer).toMatchObject({ status: 202, body: { id: 'slow', created: true } });
  expect(answer.body).not.toHaveProperty('status');
  expect(answer.headers.has('preference-applied')).toBe(false);
  expect(answer.headers.get('retry-after')).toBe('1');
});

test.each(['wait=0', 'wait', 'wait=soon', 'await=5', 'respond-async', 'wait=-1'])(
  '"%s" is no preference that this server knows, and no error',
  async (prefer) => {
    await using api = await TestApi.open();
    expect(await start(api, 'stages', prefer)).toMatchObject({ status: 202 });
  },
);

test('a preference among others is found, and bounded', async () => {
  await using api = await TestApi.open();
  const answer = await start(api, 'echo', 'respond-async, wait=86400; foo="bar"', { input: 1 });
  expect(answer).toMatchObject({ status: 200, body: { output: 1 } });
  expect(answer.headers.get('preference-applied')).toBe('wait=300');
});

test('a fork can be waited for as well', async () => {
  await using api = await TestApi.open();
  await start(api, 'greet', 'wait=30', { input: { name: 'Ada' }, id: 'original' });
  const fork = await api.ask('/v1/runs/original/fork', {
    method: 'POST',
    headers: { prefer: 'wait=30' },
    body: JSON.stringify({ from: 'compose', result: 'Hi' }),
  });
  expect(fork).toMatchObject({ status: 200, body: { created: true, output: { greeting: 'Hi' } } });
});

test('a run that is purged while it is waited for was started, once', async () => {
  await using api = await TestApi.open();
  const waits = vi.spyOn(api.well, 'result');
  const ask = () =>
    api.ask('/v1/workflows/stages/runs', {
      method: 'POST',
      headers: { prefer: 'wait=30', 'idempotency-key': 'k' },
    });
  const answering = ask();
  await expect.poll(() => waits.mock.calls.length).toBe(1);
  const [[id]] = waits.mock.calls as [[string]];
  await api.remove(id);
  const answer = await answering;
  expect([200, 202]).toContain(answer.status);
  expect(answer).toMatchObject({ body: { id, created: true } });
  expect(await ask()).toMatchObject({ status: answer.status, body: answer.body });
  expect((await api.well.list()).runs).toEqual([]);
});

test('a wait that fails does not take back the start, and is told to whoever runs the server', async () => {
  await using api = await TestApi.open();
  const failure = new StepwellError('STORE_FAILED', 'the disk is gone');
  vi.spyOn(api.well, 'get').mockRejectedValueOnce(failure);
  expect(await start(api, 'echo', 'wait=30', { id: 'a' })).toMatchObject({ status: 202, body: { id: 'a' } });
  expect(api.logged).toEqual([[expect.stringContaining('"a"'), failure]]);
  // Of a run that goes on as another one, which is gone.
  await start(api, 'relay', 'wait=0', { id: 'b', input: { leg: 1 } });
  await expect.poll(async () => (await api.well.get('b')).status).toBe('continued');
  const { continuedBy } = await api.well.get('b');
  await api.remove(continuedBy!);
  expect(await start(api, 'relay', 'wait=30', { id: 'b', input: { leg: 1 } })).toMatchObject({
    status: 200,
    body: { id: 'b', created: false },
  });
});

test('whoever goes away waits no longer, and the run goes on', async () => {
  await using served = await Served.open();
  const waits = vi.spyOn(served.well, 'result');
  const away = new AbortController();
  const asking = fetch(`${served.url}/v1/workflows/stages/runs`, {
    method: 'POST',
    headers: { prefer: 'wait=30' },
    body: '{"id":"left"}',
    signal: away.signal,
  });
  await expect.poll(() => waits.mock.calls.length).toBe(1);
  away.abort();
  await expect(asking).rejects.toThrow('aborted');
  await expect(waits.mock.results[0]!.value).rejects.toThrow('closed');
  for (const go of [1, 2, 3]) await served.well.raiseEvent('left', 'go', go);
  expect(await served.well.result('left')).toEqual([1, 2, 3]);
});
