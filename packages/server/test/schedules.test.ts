import { Stepwell } from 'stepwell';
import { expect, test } from 'vitest';
import { Schedules } from '../../schedules/src/index.ts';
import { TestApi } from './api.ts';
import { echo } from './workflows.ts';

/** The API with schedules that are kept by the package that is made for it. */
async function openWithSchedules(): Promise<{ api: TestApi } & AsyncDisposable> {
  const well = await Stepwell.open({ store: 'memory:', workflows: [echo] });
  const schedules = await Schedules.open(well);
  const api = TestApi.on(well, { schedules });
  const close = async () => {
    await schedules.close();
    await well.close();
  };
  return { api, [Symbol.asyncDispose]: close };
}

const put = (api: TestApi, name: string, body: object) =>
  api.ask(`/v1/schedules/${name}`, { method: 'PUT', body: JSON.stringify(body) });

test('a schedule is made, shown, changed and removed', async () => {
  await using opened = await openWithSchedules();
  const { api } = opened;
  const nightly = {
    workflow: 'echo',
    cron: '0 3 * * *',
    timeZone: 'Asia/Tokyo',
    input: { a: 1 },
    overlap: 'allow',
  };
  const made = await put(api, 'nightly', nightly);
  expect(made).toMatchObject({
    status: 200,
    body: {
      name: 'nightly',
      workflow: 'echo',
      overlap: 'allow',
      timing: { timeZone: 'Asia/Tokyo' },
      starting: [],
    },
  });
  expect(await api.get('/v1/schedules/nightly')).toMatchObject({ status: 200, body: made.body as object });
  expect(await api.get('/v1/schedules')).toMatchObject({ body: { schedules: [made.body] } });
  const { body } = await api.get('/v1/schedules/nightly/next?count=3');
  const { times } = body as { times: number[] };
  expect(times).toHaveLength(3);
  expect(times.map((at) => new Date(at).getUTCHours())).toEqual([18, 18, 18]);
  expect(await put(api, 'nightly', { workflow: 'echo', every: '1h' })).toMatchObject({
    status: 200,
    body: { timing: { every: 3_600_000 } },
  });
  expect(await api.ask('/v1/schedules/nightly', { method: 'DELETE' })).toMatchObject({ status: 204 });
  expect(await api.get('/v1/schedules')).toMatchObject({ body: { schedules: [] } });
});

test('a schedule is paused, resumed, and run by hand', async () => {
  await using opened = await openWithSchedules();
  const { api } = opened;
  await put(api, 'hourly', { workflow: 'echo', every: '1h', from: '2026-01-01T00:00:00Z', input: 7 });
  expect(await api.post('/v1/schedules/hourly/pause', { reason: 'audit' })).toMatchObject({ status: 204 });
  expect(await api.get('/v1/schedules/hourly')).toMatchObject({ body: { paused: { reason: 'audit' } } });
  expect(await api.post('/v1/schedules/hourly/resume')).toMatchObject({ status: 204 });
  const run = await api.post('/v1/schedules/hourly/run');
  expect(run).toMatchObject({ status: 202, body: { created: true } });
  expect(await api.get(`${run.headers.get('location')}/result?wait=30s`)).toMatchObject({
    body: { output: 7 },
  });
  expect(await api.get('/v1/schedules/hourly')).toMatchObject({
    body: { last: { run: expect.any(String) } },
  });
});

test('run by hand, a schedule can be told the id of the run, and its result be waited for', async () => {
  await using opened = await openWithSchedules();
  const { api } = opened;
  await put(api, 'hourly', { workflow: 'echo', every: '1h', input: 7 });
  const ask = (headers: Record<string, string>, body: object = {}) =>
    api.ask('/v1/schedules/hourly/run', { method: 'POST', headers, body: JSON.stringify(body) });
  expect(await ask({ prefer: 'wait=30' }, { id: 'first' })).toMatchObject({
    status: 200,
    body: { id: 'first', created: true, output: 7 },
  });
  expect(await ask({}, { id: 'first' })).toMatchObject({
    status: 200,
    body: { id: 'first', created: false },
  });
  const keyed = await ask({ 'idempotency-key': 'k' });
  expect(keyed).toMatchObject({
    status: 202,
    body: { id: expect.stringMatching(/^hourly\+/), created: true },
  });
  const { id } = keyed.body as { id: string };
  const last = async () =>
    ((await api.get('/v1/schedules/hourly')).body as { last: { run: string } }).last.run;
  expect(await last()).toBe(id);

  // As after a crash: the answer is not on record. Another run has been started since, and the input is another.
  await api.well.parts.store.forgetRequests(Number.MAX_SAFE_INTEGER);
  await expect.poll(() => api.well.parts.system.now()).toBeGreaterThan((await api.well.get(id)).createdAt);
  await ask({}, { id: 'second' });
  expect(await ask({ 'idempotency-key': 'k' })).toMatchObject({ status: 202, body: { id, created: true } });
  expect(await last()).toBe('second');
  await api.well.parts.store.forgetRequests(Number.MAX_SAFE_INTEGER);
  await put(api, 'hourly', { workflow: 'echo', every: '1h', input: 8 });
  expect(await ask({ 'idempotency-key': 'k' })).toMatchObject({ status: 202, body: { id, created: true } });
  expect(await ask({}, { id: 'first' })).toMatchObject({ status: 409, body: { code: 'RUN_ID_TAKEN' } });
  expect((await api.well.list()).runs).toHaveLength(3);
});

test.each([
  ['PUT', '/v1/schedules/a', { workflow: 'echo' }, 400, 'BODY_INVALID'],
  ['PUT', '/v1/schedules/a', { workflow: 'echo', cron: '* * * * *', every: '1h' }, 400, 'BODY_INVALID'],
  ['PUT', '/v1/schedules/a', { workflow: 'echo', cron: 'at noon' }, 400, 'SCHEDULE_INVALID'],
  ['PUT', '/v1/schedules/a', { workflow: 'echo', every: 'soon' }, 400, 'DURATION_INVALID'],
  ['PUT', '/v1/schedules/a', { workflow: 'nobody', every: '1h' }, 404, 'WORKFLOW_UNKNOWN'],
  ['GET', '/v1/schedules/a', undefined, 404, 'SCHEDULE_NOT_FOUND'],
  ['GET', '/v1/schedules/a/next', undefined, 404, 'SCHEDULE_NOT_FOUND'],
  ['GET', '/v1/schedules/a/next?count=0', undefined, 400, 'PARAMETER_INVALID'],
  ['DELETE', '/v1/schedules/a', undefined, 404, 'SCHEDULE_NOT_FOUND'],
  ['POST', '/v1/schedules/a/pause', {}, 404, 'SCHEDULE_NOT_FOUND'],
  ['POST', '/v1/schedules/a/resume', {}, 404, 'SCHEDULE_NOT_FOUND'],
  ['POST', '/v1/schedules/a/run', {}, 404, 'SCHEDULE_NOT_FOUND'],
])('%s %s with %j is refused', async (method, path, body, status, code) => {
  await using opened = await openWithSchedules();
  const answer = await opened.api.ask(path, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  expect(answer).toMatchObject({ status, body: { code } });
});

test('without somebody who keeps them there are no schedules', async () => {
  await using api = await TestApi.open();
  expect(await api.get('/v1/schedules')).toMatchObject({
    status: 404,
    body: { code: 'ROUTE_UNKNOWN', detail: expect.stringContaining('schedules') },
  });
});
