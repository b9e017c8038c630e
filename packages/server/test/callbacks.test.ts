import { expect, test } from 'vitest';
import { TestApi } from './api.ts';

test('a callback is completed with a value', async () => {
  await using api = await TestApi.open();
  const id = await api.start('approval');
  const callback = encodeURIComponent(await api.callback(id));
  expect((await api.post(`/v1/callbacks/${callback}/heartbeat`)).status).toBe(202);
  expect((await api.post(`/v1/callbacks/${callback}/succeed`, { value: { approved: true } })).status).toBe(
    202,
  );
  expect(await api.well.result(id)).toEqual({ decision: { approved: true } });
  for (const verb of ['succeed', 'heartbeat']) {
    const late = await api.post(`/v1/callbacks/${callback}/${verb}`);
    expect(late).toMatchObject({ status: 409, body: { code: 'CALLBACK_COMPLETED' } });
  }
});

test('a callback is completed with an error', async () => {
  await using api = await TestApi.open();
  const id = await api.start('approval');
  const callback = encodeURIComponent(await api.callback(id));
  const error = { name: 'TooExpensive', message: 'Over budget', data: { budget: 10 } };
  expect((await api.post(`/v1/callbacks/${callback}/fail`, error)).status).toBe(202);
  expect(await api.get(`/v1/runs/${id}/result?wait=30s`)).toMatchObject({
    body: {
      status: 'failed',
      error: { name: 'TooExpensive', message: 'Over budget', data: expect.anything() },
    },
  });
  const again = await api.post(`/v1/callbacks/${callback}/fail`, { message: 'again' });
  expect(again).toMatchObject({ status: 409, body: { code: 'CALLBACK_COMPLETED' } });
});

test('a callback whose run has ended comes too late', async () => {
  await using api = await TestApi.open();
  const id = await api.start('approval');
  const callback = encodeURIComponent(await api.callback(id));
  await api.well.cancel(id, { force: true });
  await api.event(id, ({ type }) => type === 'run.cancelled');
  const late = await api.post(`/v1/callbacks/${callback}/succeed`);
  expect(late).toMatchObject({ status: 410, body: { code: 'CALLBACK_CLOSED' } });
});

test.each(['succeed', 'fail', 'heartbeat'])('a callback that never was cannot %s', async (verb) => {
  await using api = await TestApi.open();
  const answer = await api.post(`/v1/callbacks/none/${verb}`, verb === 'fail' ? { message: 'no' } : {});
  expect(answer).toMatchObject({ status: 404, body: { code: 'CALLBACK_NOT_FOUND' } });
});
