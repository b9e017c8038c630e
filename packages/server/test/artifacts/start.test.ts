import { expect, test } from 'vitest';
import type { TestApi } from '../api.ts';
import { openFiles } from './files.ts';

const START = '/v1/workflows/collect/runs';

function formOf(parts: readonly (readonly [name: string, value: string | Blob])[]): FormData {
  const form = new FormData();
  for (const [name, value] of parts) form.append(name, value);
  return form;
}

const file = (text: string, type = 'text/csv') => new Blob([text], { type });

async function send(api: TestApi, parts: readonly (readonly [string, string | Blob])[], headers = {}) {
  // As bytes: the body that Node makes of a form cannot be cancelled before its end.
  const { headers: made, body } = new Request('http://form', { method: 'POST', body: formOf(parts) });
  const bytes = await new Response(body).bytes();
  const type = { 'content-type': made.get('content-type')! };
  return api.ask(START, { method: 'POST', body: bytes, headers: { ...type, ...headers } });
}

async function allRuns(api: TestApi): Promise<unknown[]> {
  return [...(await api.well.list()).runs];
}

test('a run is started together with its files', async () => {
  await using api = await openFiles();
  const answer = await send(api, [
    ['start', JSON.stringify({ id: 'r', input: 1 })],
    ['in/a.csv', file('1,2')],
    ['注文.txt', file('x', 'text/plain')],
  ]);
  expect(answer).toMatchObject({ status: 202, body: { id: 'r', created: true } });
  expect(await api.get('/v1/runs/r/result?wait=30s')).toMatchObject({
    body: { output: { 'in/a.csv': '1,2', '注文.txt': 'x' } },
  });
  expect(await api.get('/v1/runs/r/artifacts')).toMatchObject({
    body: { artifacts: [{ name: 'in/a.csv', contentType: 'text/csv' }, { name: '注文.txt' }] },
  });
});

test('the start may be a part with a type of its own, and have no id', async () => {
  await using api = await openFiles();
  const answer = await send(api, [
    ['start', new Blob(['{"input":1}'], { type: 'application/json' })],
    ['f', file('x')],
  ]);
  const { id } = answer.body as { id: string };
  expect(await api.get(`/v1/runs/${id}/result?wait=30s`)).toMatchObject({ body: { output: { f: 'x' } } });
});

test('the same again is the same run, and its files are as they were', async () => {
  await using api = await openFiles();
  const parts = (text: string) => [['start', '{"id":"r"}'] as const, ['f', file(text)] as const];
  expect(await send(api, parts('one'))).toMatchObject({ status: 202, body: { created: true } });
  expect(await send(api, parts('one'))).toMatchObject({ status: 200, body: { created: false } });
  expect(await send(api, parts('another'))).toMatchObject({ status: 200, body: { created: false } });
  expect((await api.get('/v1/runs/r/artifacts/f')).body).toBe('one');
  const other = await send(api, [
    ['start', '{"id":"r","input":2}'],
    ['f', file('x')],
  ]);
  expect(other).toMatchObject({ status: 409, body: { code: 'RUN_ID_TAKEN' } });
  expect((await api.get('/v1/runs/r/artifacts/f')).body).toBe('one');
});

test('with an Idempotency-Key, twice is once', async () => {
  await using api = await openFiles();
  const once = () =>
    send(
      api,
      [
        ['start', '{}'],
        ['f', file('x')],
      ],
      { 'idempotency-key': 'k' },
    );
  const [first, second] = [await once(), await once()];
  expect(first).toMatchObject({ status: 202 });
  expect(second).toMatchObject({ status: 202, body: { id: (first.body as { id: string }).id } });
  expect(await allRuns(api)).toHaveLength(1);
});

test.each<[string, number, string, readonly (readonly [string, string | Blob])[]]>([
  ['no part at all', 400, 'BODY_INVALID', []],
  ['no start', 400, 'BODY_INVALID', [['f', file('x')]]],
  [
    'a file before the start',
    400,
    'BODY_INVALID',
    [
      ['f', file('x')],
      ['start', '{}'],
    ],
  ],
  [
    'two starts',
    400,
    'BODY_INVALID',
    [
      ['start', '{}'],
      ['start', '{}'],
    ],
  ],
  ['a field that is not a file', 400, 'BODY_INVALID', [['f', 'x']]],
  ['a start that is not JSON', 400, 'BODY_INVALID', [['start', '{']]],
  ['an unknown key', 400, 'BODY_INVALID', [['start', '{"inptu":1}']]],
  ['a debounce', 400, 'BODY_INVALID', [['start', '{"debounce":{"key":"k","delay":"1s"}}']]],
  [
    'a name that leaves its folder',
    400,
    'NAME_INVALID',
    [
      ['start', '{"id":"r"}'],
      ['ok', file('x')],
      ['../f', file('x')],
    ],
  ],
  [
    'a file that is too large',
    413,
    'ARTIFACT_TOO_LARGE',
    [
      ['start', '{"id":"r"}'],
      ['ok', file('x')],
      ['f', file('x'.repeat(1_001))],
    ],
  ],
  ['an unknown version', 404, 'WORKFLOW_VERSION_UNKNOWN', [['start', '{"version":"9"}']]],
])('%s: nothing is started, nothing is on record', async (_what, status, code, parts) => {
  await using api = await openFiles();
  expect(await send(api, parts)).toMatchObject({ status, body: { code } });
  expect(await allRuns(api)).toEqual([]);
  expect(await api.well.artifacts.list('r')).toEqual([]);
});

const BOUNDARY = 'boundary';
const part = (name: string, text: string, more = '') =>
  `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${text}\r\n`;
const whole = `${part('start', '{"id":"r"}')}${part('f', 'x'.repeat(500), '; filename="f"')}--${BOUNDARY}--\r\n`;

test.each([10, 60, 130, 200, 400, 600, whole.length - 6])(
  'an upload that breaks off after %i bytes starts nothing',
  async (length) => {
    await using api = await openFiles();
    for (const cut of [false, true]) {
      const body = new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode(whole.slice(0, length)));
          if (cut) controller.error(new Error('the connection was cut'));
          else controller.close();
        },
      });
      const headers = { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` };
      const answer = await api.ask(START, { method: 'POST', body, headers, duplex: 'half' });
      expect(answer).toMatchObject({ status: 400, body: { code: 'BODY_INVALID' } });
    }
    expect(await allRuns(api)).toEqual([]);
    expect(await api.well.artifacts.list('r')).toEqual([]);
  },
);

test.each([
  ['without a boundary', 'multipart/form-data'],
  ['with another boundary', 'multipart/form-data; boundary=other'],
])('a multipart body %s is refused', async (_what, type) => {
  await using api = await openFiles();
  const answer = await api.ask(START, { method: 'POST', body: whole, headers: { 'content-type': type } });
  expect(answer).toMatchObject({ status: 400, body: { code: 'BODY_INVALID' } });
  expect(await allRuns(api)).toEqual([]);
});
