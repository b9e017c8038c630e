import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Stepwell } from 'stepwell';
import { expect, onTestFinished, test } from 'vitest';
import { TestApi } from './api.ts';
import { tidy } from './workflows.ts';

const ids = async (api: TestApi, query = '') => {
  const { body } = await api.get(`/v1/runs${query}`);
  return (body as { runs: { id: string }[] }).runs.map(({ id }) => id);
};

test('10,000 runs are started with one call, in their order', async () => {
  await using api = await TestApi.open();
  const items = Array.from({ length: 10_000 }, (_, n) => ({ input: n, id: `r${n}`, delay: '1h' }));
  const answer = await api.post('/v1/workflows/echo/runs/batch', { items });
  expect(answer.status).toBe(202);
  const { runs } = answer.body as { runs: { id: string; created: boolean }[] };
  expect(runs.map(({ id }) => id)).toEqual(items.map(({ id }) => id));
  expect(runs.every(({ created }) => created)).toBe(true);
  expect(await api.get('/v1/counts')).toMatchObject({ body: { counts: { queued: 10_000 } } });
  expect(await ids(api, '?limit=2')).toEqual(['r9999', 'r9998']);
  const again = await api.post('/v1/workflows/echo/runs/batch', { items: items.slice(0, 2) });
  expect(again).toMatchObject({ status: 202, body: { runs: [{ created: false }, { created: false }] } });
});

test.each([
  [{}, 'BODY_INVALID'],
  [{ items: [] }, 'BODY_INVALID'],
  [{ items: Array.from({ length: 10_001 }, () => ({})) }, 'BODY_INVALID'],
  [{ items: [{ input: 1 }, { inptu: 1 }] }, 'BODY_INVALID'],
  [{ items: [{ input: 1 }, { id: '' }] }, 'ID_INVALID'],
  [{ items: [{ input: 1 }, { delay: 'soon' }] }, 'DURATION_INVALID'],
])('a batch that is not valid starts nothing', async (body, code) => {
  await using api = await TestApi.open();
  expect(await api.post('/v1/workflows/echo/runs/batch', body)).toMatchObject({
    status: 400,
    body: { code },
  });
  expect(await ids(api)).toEqual([]);
});

test('of a batch in which an id is taken by another start, all others are started', async () => {
  await using api = await TestApi.open();
  await api.start('stages', undefined, 'taken');
  const items = [{ id: 'a' }, { id: 'taken', input: 'other' }, { id: 'b' }, { id: 'b' }];
  const send = () =>
    api.ask('/v1/workflows/stages/runs/batch', {
      method: 'POST',
      headers: { 'idempotency-key': 'k' },
      body: JSON.stringify({ items }),
    });
  for (let time = 0; time < 2; time++) {
    const answer = await send();
    expect(answer).toMatchObject({ status: 409, body: { code: 'RUN_ID_TAKEN' } });
    expect((answer.body as { detail: string }).detail).toContain('"taken"');
    expect(answer.headers.has('idempotency-replayed')).toBe(false);
  }
  expect(await ids(api)).toEqual(['b', 'a', 'taken']);
});

test('runs are counted, and listed, by any filter', async () => {
  await using api = await TestApi.open();
  await api.post('/v1/workflows/echo/runs', { input: 1, id: 'order-1', tags: ['eu', 'vip'] });
  await api.well.result('order-1');
  await api.post('/v1/workflows/stages/runs', { id: 'order-2', tags: ['eu'] });
  await api.post('/v1/workflows/stages/runs', { id: 'other' });
  await expect
    .poll(async () => (await api.get('/v1/counts?status=waiting')).body)
    .toEqual({ counts: { waiting: 2 } });
  expect(await api.get('/v1/counts')).toMatchObject({ body: { counts: { waiting: 2, succeeded: 1 } } });
  expect(await api.get('/v1/counts?tag=eu')).toMatchObject({
    body: { counts: { waiting: 1, succeeded: 1 } },
  });
  expect(await api.get('/v1/counts?id_contains=order&workflow=stages')).toMatchObject({
    body: { counts: { waiting: 1 } },
  });
  expect(await ids(api, '?tag=eu')).toEqual(['order-2', 'order-1']);
  expect(await ids(api, '?tag=vip&status=succeeded')).toEqual(['order-1']);
  expect(await ids(api, '?id_contains=der-2')).toEqual(['order-2']);
  expect(await api.get('/v1/counts?parent=nobody')).toMatchObject({
    status: 404,
    body: { code: 'RUN_NOT_FOUND' },
  });
  expect((await api.get('/v1/runs/order-1')).body).toMatchObject({ tags: ['eu', 'vip'] });
});

test('runs are cancelled by a filter; a dry run counts them and does nothing', async () => {
  await using api = await TestApi.open();
  for (const id of ['a', 'b', 'c']) {
    await api.post('/v1/workflows/stages/runs', { id, tags: id === 'c' ? [] : ['old'] });
    await expect.poll(async () => (await api.well.get(id)).status).toBe('waiting');
  }
  const filter = { tag: 'old' };
  const dry = await api.post('/v1/runs/cancel', { filter, dryRun: true });
  expect(dry).toMatchObject({ status: 200, body: { count: 2, dryRun: true, counts: { waiting: 2 } } });
  expect(await api.well.counts()).toEqual({ waiting: 3 });
  const wet = await api.post('/v1/runs/cancel', { filter, reason: 'cleared' });
  expect(wet).toMatchObject({ status: 200, body: { count: 2, dryRun: false } });
  await expect.poll(() => api.well.counts()).toEqual({ waiting: 1, cancelled: 2 });
  expect((await api.event('a', ({ type }) => type === 'run.cancelled')).event).toMatchObject({
    reason: 'cleared',
  });
});

test('a run that is meant twice is cancelled once', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'stepwell-many-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  for (const store of ['memory:', `sqlite:${join(directory, 'runs.db')}`]) {
    await using well = await Stepwell.open({ store, workflows: [tidy] });
    const api = TestApi.on(well, {});
    await api.start('tidy', undefined, 'a');
    await expect.poll(async () => (await well.get('a')).status).toBe('waiting');
    expect(await ids(api, '?status=waiting,waiting&status=waiting')).toEqual(['a']);
    const filter = { status: ['waiting', 'waiting'] };
    expect(await api.post('/v1/runs/cancel', { filter })).toMatchObject({ body: { count: 1 } });
    await well.raiseEvent('a', 'cleaned');
    // Cancelled twice it would have ended at once.
    expect(await well.result('a')).toBe('clean');
  }
});

test('runs are retried and purged by a filter', async () => {
  await using api = await TestApi.open();
  for (const id of ['a', 'b']) {
    await api.start('fragile', undefined, id);
    await expect(api.well.result(id)).rejects.toThrow('declined');
  }
  await api.start('echo', 1, 'fine');
  await api.well.result('fine');
  expect(await api.post('/v1/runs/retry', { filter: {}, dryRun: true })).toMatchObject({
    body: { count: 2, counts: { failed: 2 } },
  });
  expect(
    await api.post('/v1/runs/retry', { filter: { idContains: 'a', workflow: 'fragile' } }),
  ).toMatchObject({
    body: { count: 1 },
  });
  await expect.poll(() => api.well.counts()).toEqual({ failed: 2, succeeded: 1 });
  const filter = { status: ['failed'], createdFrom: 0, createdBefore: '2100-01-01T00:00:00Z' };
  expect(await api.post('/v1/runs/purge', { filter, dryRun: true })).toMatchObject({
    body: { count: 2, dryRun: true, counts: { failed: 2 } },
  });
  expect(await api.post('/v1/runs/purge', { filter })).toMatchObject({ body: { count: 2, dryRun: false } });
  expect(await ids(api)).toEqual(['fine']);
  expect(await api.post('/v1/runs/purge', { filter: {} })).toMatchObject({ body: { count: 1 } });
});

test.each([
  ['/v1/runs/cancel', {}, 'filter'],
  ['/v1/runs/cancel', { filter: { status: 'failed' } }, 'filter.status'],
  ['/v1/runs/retry', { filter: { status: ['waiting'] } }, 'filter.status'],
  ['/v1/runs/purge', { filter: { status: 'running' } }, 'filter.status'],
  ['/v1/runs/purge', { filter: { tga: 'x' } }, 'filter.tga'],
  ['/v1/runs/purge', { filter: {}, reason: 'x' }, 'reason'],
])('POST %s refuses %j', async (path, body, offender) => {
  await using api = await TestApi.open();
  await api.start('echo', 1, 'kept');
  await api.well.result('kept');
  expect(await api.post(path, body)).toMatchObject({
    status: 400,
    body: { code: 'BODY_INVALID', data: [{ path: offender }] },
  });
  expect(await ids(api)).toEqual(['kept']);
});

test('a run may have the name of what is done to many', async () => {
  await using api = await TestApi.open();
  await api.start('stages', undefined, 'cancel');
  expect(await api.get('/v1/runs/cancel')).toMatchObject({ status: 200, body: { id: 'cancel' } });
  expect(await api.ask('/v1/runs/cancel', { method: 'PUT' })).toMatchObject({ status: 405 });
  expect((await api.post('/v1/runs/cancel/cancel', { force: true })).status).toBe(202);
  await expect.poll(async () => (await api.well.get('cancel')).status).toBe('cancelled');
  expect((await api.ask('/v1/runs/cancel', { method: 'DELETE' })).status).toBe(204);
});
