import { Stepwell } from 'stepwell';
import { expect, test } from 'vitest';
import { TestApi } from './api.ts';
import { repairable, tidy } from './workflows.ts';

test('events reach the run, one with the same id only once', async () => {
  await using api = await TestApi.open();
  const id = await api.start('stages');
  const raised = [{ value: 'a', id: 'e1' }, { value: 'a', id: 'e1' }, { value: null }, undefined];
  for (const body of raised) expect((await api.post(`/v1/runs/${id}/events/go`, body)).status).toBe(202);
  expect(await api.get(`/v1/runs/${id}/result?wait=30s`)).toMatchObject({
    body: { output: ['a', null, null] },
  });
  const { body } = await api.get(`/v1/runs/${id}/history`);
  const { events } = body as { events: { event: { type: string; value?: unknown } }[] };
  const received = events.map(({ event }) => event).filter(({ type }) => type === 'event.received');
  expect(received.map(({ value }) => value)).toEqual(['a', null, undefined]);
});

test.each([
  ['/v1/runs/nobody/events/go', 404, 'RUN_NOT_FOUND'],
  ['/v1/runs/ended/events/go', 409, 'RUN_ENDED'],
  ['/v1/runs/open/events/a%2Fb', 400, 'NAME_INVALID'],
  ['/v1/runs/nobody/cancel', 404, 'RUN_NOT_FOUND'],
  ['/v1/runs/ended/cancel', 409, 'RUN_ENDED'],
  ['/v1/runs/nobody/pause', 404, 'RUN_NOT_FOUND'],
  ['/v1/runs/ended/pause', 409, 'RUN_ENDED'],
  ['/v1/runs/nobody/resume', 404, 'RUN_NOT_FOUND'],
  ['/v1/runs/ended/resume', 409, 'RUN_ENDED'],
  ['/v1/runs/nobody/retry', 404, 'RUN_NOT_FOUND'],
  ['/v1/runs/ended/retry', 409, 'RUN_NOT_FAILED'],
  ['/v1/runs/open/retry', 409, 'RUN_NOT_FAILED'],
])('POST %s is refused with %i %s', async (path, status, code) => {
  await using api = await TestApi.open();
  await api.start('echo', 1, 'ended');
  await api.well.result('ended');
  await api.start('stages', undefined, 'open');
  expect(await api.post(path)).toMatchObject({ status, body: { status, code } });
});

test('a cancel carries its reason, and force ends the run at once', async () => {
  await using api = await TestApi.open();
  await api.start('stages', undefined, 'softly');
  expect((await api.post('/v1/runs/softly/cancel', { reason: 'too late' })).status).toBe(202);
  expect((await api.event('softly', ({ type }) => type === 'run.cancelled')).event).toMatchObject({
    reason: 'too late',
  });
  await api.start('stages', undefined, 'hard');
  expect((await api.post('/v1/runs/hard/cancel', { force: true })).status).toBe(202);
  expect((await api.event('hard', ({ type }) => type === 'run.cancelled')).event).toMatchObject({
    forced: true,
  });
});

test('a cancel that is repeated is the same, by its id or its key; another one ends the run at once', async () => {
  await using well = await Stepwell.open({ store: 'memory:', workflows: [tidy] });
  const api = TestApi.on(well, {});
  const started = async (id: string) => {
    await api.start('tidy', undefined, id);
    await expect.poll(async () => (await well.get(id)).status).toBe('waiting');
  };
  const cleans = (id: string) =>
    api.event(id, (event) => event.type === 'operation.started' && event.event === 'cleaned');
  for (const path of ['/v1/runs/x/cancel', '/v1/runs/cancel']) {
    await started('x');
    const body = path === '/v1/runs/cancel' ? { filter: {}, id: 'call' } : { id: 'call' };
    for (let time = 0; time < 2; time++) expect((await api.post(path, body)).status).toBeLessThan(300);
    await cleans('x');
    // Behind the key's own record: as after a crash.
    for (let time = 0; time < 2; time++) {
      await api.ask(path, {
        method: 'POST',
        headers: { 'idempotency-key': 'k' },
        body: JSON.stringify(body),
      });
      await well.parts.store.forgetRequests(Number.MAX_SAFE_INTEGER);
    }
    await well.raiseEvent('x', 'cleaned');
    expect(await well.result('x')).toBe('clean');
    await well.purge('x');
  }
  await started('y');
  await api.post('/v1/runs/y/cancel', { id: 'one' });
  await cleans('y');
  await api.post('/v1/runs/y/cancel', { id: 'other' });
  await expect(well.result('y')).rejects.toMatchObject({ code: 'RUN_CANCELLED' });
  await started('z');
  expect(await api.post('/v1/runs/z/cancel', { id: '' })).toMatchObject({
    status: 400,
    body: { code: 'ID_INVALID' },
  });
});

test('what is on its way to a run is answered with where to look', async () => {
  await using api = await TestApi.open();
  await api.start('stages', undefined, 'a/b');
  const has = (wanted: string) => expect.poll(async () => (await api.well.get('a/b')).status).toBe(wanted);
  for (const [what, becomes] of [
    ['events/go', 'waiting'],
    ['pause', 'paused'],
    ['resume', 'waiting'],
    ['cancel', 'cancelled'],
    ['retry', 'waiting'],
  ] as const) {
    const { status, headers } = await api.post(`/v1/runs/a%2Fb/${what}`);
    expect([what, status, headers.get('location'), headers.get('retry-after')]).toEqual([
      what,
      202,
      '/v1/runs/a%2Fb',
      '1',
    ]);
    await has(becomes);
  }
});

test('a paused run stands still until it is resumed', async () => {
  await using api = await TestApi.open();
  const id = await api.start('stages');
  await expect.poll(async () => (await api.well.get(id)).status).toBe('waiting');
  expect((await api.post(`/v1/runs/${id}/pause`, { reason: 'holiday' })).status).toBe(202);
  await expect
    .poll(async () => (await api.get(`/v1/runs/${id}`)).body)
    .toMatchObject({
      status: 'paused',
      waitingFor: expect.arrayContaining([expect.objectContaining({ kind: 'paused' })]),
    });
  for (const value of [1, 2, 3]) await api.post(`/v1/runs/${id}/events/go`, { value });
  expect((await api.well.get(id)).status).toBe('paused');
  expect((await api.post(`/v1/runs/${id}/resume`)).status).toBe(202);
  expect(await api.well.result(id)).toEqual([1, 2, 3]);
});

test('a failed run goes on from what failed', async () => {
  await using api = await TestApi.open();
  repairable.broken = true;
  const id = await api.start('fragile');
  await expect(api.well.result(id)).rejects.toThrow('The card was declined');
  repairable.broken = false;
  expect((await api.post(`/v1/runs/${id}/retry`)).status).toBe(202);
  expect(await api.well.result(id)).toBe('prepared');
});

test('a fork lives a run anew from an operation on, with another result if one is given', async () => {
  await using api = await TestApi.open();
  const id = await api.start('greet', { name: 'Ada' }, 'original');
  await api.well.result(id);
  const fork = await api.post('/v1/runs/original/fork', { from: 'compose', result: 'Hi', id: 'forked' });
  expect(fork).toMatchObject({ status: 202, body: { id: 'forked', links: { self: '/v1/runs/forked' } } });
  expect(fork.headers.get('location')).toBe('/v1/runs/forked');
  expect(await api.well.result('forked')).toEqual({ greeting: 'Hi' });
  const anew = await api.post('/v1/runs/original/fork', { from: 'compose' });
  expect(await api.well.result((anew.body as { id: string }).id)).toEqual({ greeting: 'Hello Ada' });

  expect(await api.post('/v1/runs/original/fork', { from: 'nothing' })).toMatchObject({
    body: { code: 'OPERATION_NOT_FOUND' },
  });
  expect(await api.post('/v1/runs/nobody/fork', { from: 'compose' })).toMatchObject({
    body: { code: 'RUN_NOT_FOUND' },
  });
});

test('a purge takes a run that has ended, and no other', async () => {
  await using api = await TestApi.open();
  await api.start('echo', 1, 'ended');
  await api.well.result('ended');
  await api.start('stages', undefined, 'open');
  const purge = (id: string) => api.ask(`/v1/runs/${id}`, { method: 'DELETE' });
  expect(await purge('ended')).toMatchObject({ status: 204, body: undefined });
  expect(await api.get('/v1/runs/ended')).toMatchObject({ status: 404 });
  expect(await purge('ended')).toMatchObject({ status: 404, body: { code: 'RUN_NOT_FOUND' } });
  expect(await purge('open')).toMatchObject({ status: 409, body: { code: 'RUN_NOT_ENDED' } });
});
