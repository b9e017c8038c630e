import { expect, test, vi } from 'vitest';
import { TestApi } from './api.ts';
import { ManualTimer } from './manual-timer.ts';

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
