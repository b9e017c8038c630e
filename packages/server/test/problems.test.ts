import { readFile } from 'node:fs/promises';
import { ERRORS, StepwellError, type ErrorCode } from 'stepwell';
import { expect, test, vi } from 'vitest';
import { methodsAt } from '../src/mount.ts';
import { TestApi } from './api.ts';

test('a problem says what happened, as RFC 9457 wants it, with its code', async () => {
  await using api = await TestApi.open();
  const { status, headers, body } = await api.get('/v1/runs/nobody');
  expect(status).toBe(404);
  expect(headers.get('content-type')).toBe('application/problem+json');
  expect(body).toEqual({
    type: '/errors#run_not_found',
    title: ERRORS.RUN_NOT_FOUND.means,
    status: 404,
    detail: expect.stringContaining('nobody'),
    code: 'RUN_NOT_FOUND',
  });
});

test('the type of a problem leads to its line, wherever the docs are', async () => {
  await using api = await TestApi.open();
  api.acceptUndescribed();
  const docs = await readFile(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
  const headings = new Set([...docs.matchAll(/^## (\w+)$/gm)].map(([, heading]) => heading!.toLowerCase()));
  for (const code of Object.keys(ERRORS) as ErrorCode[]) {
    vi.spyOn(api.well, 'get').mockRejectedValueOnce(new StepwellError(code, 'so it is'));
    const { body } = await api.get('/v1/runs/any');
    const { type } = body as { type: string };
    const [path, anchor] = type.split('#') as [string, string];
    const page = await api.get(path);
    expect(page.status).toBe(200);
    expect(page.body).toContain(`<dt id="${anchor}"><code>${code}</code> (HTTP ${ERRORS[code].status})`);
    // As GitHub makes anchors of headings, for whoever sets `errorDocs`.
    expect(headings).toContain(anchor);
  }
});

test('where the docs of errors are can be said', async () => {
  await using api = await TestApi.open({ errorDocs: 'https://docs.example/errors' });
  expect(await api.get('/v1/runs/nobody')).toMatchObject({
    body: { type: 'https://docs.example/errors#run_not_found' },
  });
});

test('every code of the registry comes with its status and its data', async () => {
  await using api = await TestApi.open();
  api.acceptUndescribed();
  for (const code of Object.keys(ERRORS) as ErrorCode[]) {
    vi.spyOn(api.well, 'get').mockRejectedValue(new StepwellError(code, 'so it is', { data: { one: 1 } }));
    const { status } = ERRORS[code];
    const body = { status, code, detail: 'so it is', data: { one: 1 } };
    expect(await api.get('/v1/runs/any')).toMatchObject({ status, body });
  }
});

test('an error that was not foreseen is logged, and not shown', async () => {
  await using api = await TestApi.open();
  const defect = new TypeError('cannot read secret of undefined');
  vi.spyOn(api.well, 'list').mockRejectedValue(defect);
  const answer = await api.get('/v1/runs');
  expect(answer).toMatchObject({ status: 500, body: { status: 500, code: 'INTERNAL' } });
  expect(JSON.stringify(answer.body)).not.toContain('secret');
  expect(api.logged).toEqual([[expect.stringContaining('INTERNAL'), defect]]);
});

test('an engine that was closed says so', async () => {
  const api = await TestApi.open();
  await api.well.close();
  expect(await api.get('/v1/runs')).toMatchObject({ status: 503, body: { code: 'ENGINE_CLOSED' } });
  expect(await api.post('/v1/workflows/echo/runs')).toMatchObject({
    status: 503,
    body: { code: 'ENGINE_CLOSED' },
  });
});

test.each([
  '/',
  '/v1',
  '/v1/',
  '/v1/runs/',
  '/v1/runs/a/',
  '/v1/runs//history',
  '/v1/runs/a/b',
  '/V1/runs',
  '/v2/runs',
  '/v1/streams',
])('%s is no route', async (path) => {
  await using api = await TestApi.open();
  for (const method of ['GET', 'POST']) {
    expect(await api.ask(path, { method })).toMatchObject({ status: 404, body: { code: 'ROUTE_UNKNOWN' } });
  }
});

test('a method that a route does not have is refused with those that it has', async () => {
  await using api = await TestApi.open();
  for (const path of new Set(api.routes.map(({ path }) => path.replaceAll(/[{}]/g, '')))) {
    const methods = methodsAt(api.routes, path).split(', ');
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].filter(
      (one) => !methods.includes(one),
    )) {
      const answer = await api.ask(path, { method });
      expect(answer).toMatchObject({ status: 405, body: { code: 'METHOD_NOT_ALLOWED' } });
      expect(answer.headers.get('allow')).toBe(methods.join(', '));
    }
  }
});

test('HEAD answers as GET does, without a body', async () => {
  await using api = await TestApi.open();
  await api.start('stages', undefined, 'open');
  const reading = vi.spyOn(api.well, 'events');
  for (const path of ['/healthz', '/v1/runs', '/v1/runs/open/stream']) {
    expect(await api.ask(path, { method: 'HEAD' })).toMatchObject({ status: 200, body: undefined });
  }
  expect(reading).not.toHaveBeenCalled();
});
