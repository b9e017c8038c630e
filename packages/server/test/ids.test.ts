import { assert, asyncProperty, string } from 'fast-check';
import { expect, test } from 'vitest';
import { TestApi } from './api.ts';

/** What a run of that id shows of itself wherever it is asked for. */
async function roundTrip(api: TestApi, id: string) {
  const start = await api.post('/v1/workflows/echo/runs', { id });
  const { links } = start.body as { links: { self: string; result: string } };
  const result = await api.get(`${links.result}?wait=30s`);
  const shown = await api.get(links.self);
  const purged = await api.ask(links.self, { method: 'DELETE' });
  return {
    started: (start.body as { id: string }).id,
    location: start.headers.get('location'),
    result: result.body,
    shown: (shown.body as { id: string }).id,
    purged: purged.status,
  };
}

const everywhere = (id: string) => ({
  started: id,
  location: `/v1/runs/${encodeURIComponent(id)}`,
  result: { status: 'succeeded' },
  shown: id,
  purged: 204,
});

test.each([
  'a/b',
  'a/b/history',
  '/',
  '//',
  'a/../b',
  '注文 123',
  '🦀',
  '100%',
  '%2F',
  '%25',
  '%',
  'a?b#c',
  'a+b&c=d',
  "it's",
  '"{}"',
  '\\',
  ':id',
  '*',
  '…',
])('a run can be called %s', async (id) => {
  await using api = await TestApi.open();
  expect(await roundTrip(api, id)).toEqual(everywhere(id));
});

test('a run can be called by any printable characters', async () => {
  await using api = await TestApi.open();
  const printable = string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter(
    (id) => id.trim() === id && id !== '' && id !== '.' && id !== '..' && !/\p{Cc}/u.test(id),
  );
  const property = asyncProperty(printable, async (id) => {
    expect(await roundTrip(api, id)).toEqual(everywhere(id));
  });
  await assert(property, { numRuns: 200 });
  expect((await api.well.list()).runs).toEqual([]);
});

test('names of events and workflows are decoded as well', async () => {
  await using api = await TestApi.open();
  const id = await api.start('stages', undefined, 'a/b');
  expect((await api.post(`/v1/runs/a%2Fb/events/${encodeURIComponent('出荷 %')}`)).status).toBe(202);
  const { event } = await api.event(id, ({ type }) => type === 'event.received');
  expect(event).toMatchObject({ name: '出荷 %' });
  const unknown = await api.post(`/v1/workflows/${encodeURIComponent('注文')}/runs`);
  expect(unknown).toMatchObject({ status: 404, body: { detail: expect.stringContaining('注文') } });
});

test.each([
  '/v1/runs/%',
  '/v1/runs/%zz',
  '/v1/runs/%FF',
  '/v1/runs/%C3',
  '/v1/runs/a%ED%A0%80',
  '/v1/runs?workflow=%FF',
  '/%',
])('%s is refused: it is not percent-encoded UTF-8', async (path) => {
  await using api = await TestApi.open();
  expect(await api.get(path)).toMatchObject({ status: 400, body: { code: 'PARAMETER_INVALID' } });
});
