import { expect, test } from 'vitest';
import { TestApi } from './api.ts';

const ECHO = '/v1/workflows/echo/runs';
const send = (api: TestApi, body: NonNullable<RequestInit['body']>, path = ECHO) =>
  api.ask(path, { method: 'POST', body });

/** A body whose length nobody was told. */
function streamed(...chunks: string[]): RequestInit {
  const body = ReadableStream.from(chunks.map((chunk) => new TextEncoder().encode(chunk)));
  return { method: 'POST', body, duplex: 'half' };
}

test.each([
  ['nothing but a brace', '{', []],
  ['two values', '{}{}', []],
  ['a comma too many', '{"input":1,}', []],
  ['an array', '[]', ['']],
  ['null', 'null', ['']],
  ['a string', '"input"', ['']],
  ['an unknown key', '{"inptu":1}', ['inptu']],
  ['__proto__', '{"__proto__":{"id":"x"}}', ['__proto__']],
  [
    'several wrong things',
    '{"id":1,"priority":"high","delay":true,"more":1}',
    ['id', 'priority', 'delay', 'more'],
  ],
  ['an id that a path cannot hold', '{"id":".."}', ['id']],
  ['an id that is null', '{"id":null}', ['id']],
])('%s is refused as BODY_INVALID with the path of what is wrong', async (_case, body, paths) => {
  await using api = await TestApi.open();
  const answer = await send(api, body);
  expect(answer).toMatchObject({ status: 400, body: { code: 'BODY_INVALID' } });
  const { data = [] } = answer.body as { data?: { path: string }[] };
  expect(data.map(({ path }) => path)).toEqual(paths);
  expect((await api.well.list()).runs).toEqual([]);
});

test.each([
  ['/v1/runs/open/events/go', { valu: 1 }, 'valu'],
  ['/v1/runs/open/cancel', { force: 'yes' }, 'force'],
  ['/v1/runs/open/pause', { because: 'x' }, 'because'],
  ['/v1/runs/open/resume', { reason: 'x' }, 'reason'],
  ['/v1/runs/open/retry', { from: 'x' }, 'from'],
  ['/v1/runs/open/fork', {}, 'from'],
  ['/v1/runs/open/fork', { from: 'x', id: '.' }, 'id'],
  ['/v1/callbacks/none/succeed', { approved: true }, 'approved'],
  ['/v1/callbacks/none/fail', {}, 'message'],
  ['/v1/callbacks/none/fail', { message: 'm', stack: 's' }, 'stack'],
  ['/v1/callbacks/none/heartbeat', { details: 1 }, 'details'],
])('POST %s refuses %j', async (path, body, offender) => {
  await using api = await TestApi.open();
  await api.start('stages', undefined, 'open');
  const answer = await api.post(path, body);
  expect(answer).toMatchObject({ status: 400, body: { code: 'BODY_INVALID', data: [{ path: offender }] } });
});

test('bytes that are not UTF-8 are refused, a byte order mark is not', async () => {
  await using api = await TestApi.open();
  const invalid = new Uint8Array([...Buffer.from('{"input":"'), 0xff, 0xfe, ...Buffer.from('"}')]);
  expect(await send(api, invalid)).toMatchObject({ status: 400, body: { code: 'BODY_INVALID' } });
  const surrogate = new Uint8Array([...Buffer.from('{"input":"'), 0xed, 0xa0, 0x80, ...Buffer.from('"}')]);
  expect(await send(api, surrogate)).toMatchObject({ status: 400, body: { code: 'BODY_INVALID' } });
  expect((await send(api, '\uFEFF{"input":1}')).status).toBe(202);
});

test('values come through as they are', async () => {
  await using api = await TestApi.open();
  const input = {
    text: '注文 🦀 \u2028 "quoted" \\ \u0000',
    numbers: [0, -0.5, 1e21, 1e-300, 2 ** 70, 12345678901234567000, 9007199254740991],
    nothing: null,
    '': {},
  };
  const id = await api.start('echo', input);
  expect(await api.get(`/v1/runs/${id}/result?wait=30s`)).toMatchObject({ body: { output: input } });
});

test.each(['1e999', '-1e999', '12345678901234567890', '9007199254740993', `1${'0'.repeat(400)}`])(
  'the number %s, which would become another one, is refused',
  async (number) => {
    await using api = await TestApi.open();
    expect(await send(api, `{"input":[${number}]}`)).toMatchObject({
      status: 400,
      body: { code: 'BODY_INVALID' },
    });
    expect((await send(api, `{"input":["${number}"]}`)).status).toBe(202);
  },
);

test.each(['9007199254740992', '1000000000000000000000', '-0', '1e3', '0.1234567890123456789'])(
  'the number %s is taken',
  async (number) => {
    await using api = await TestApi.open();
    expect((await send(api, `{"input":${number}}`)).status).toBe(202);
  },
);

test('JSON that is nested too deeply is refused, however large', async () => {
  await using api = await TestApi.open();
  const nested = (depth: number, inner: string) =>
    `{"input":${'['.repeat(depth)}${inner}${']'.repeat(depth)}}`;
  expect((await send(api, nested(100, '1'))).status).toBe(202);
  expect(await send(api, nested(1_000, '1'))).toMatchObject({
    status: 400,
    body: { code: 'VALUE_NOT_JSON' },
  });
  expect(await send(api, nested(1_000_000, '1'))).toMatchObject({
    status: 400,
    body: { code: 'VALUE_NOT_JSON' },
  });
  expect(await send(api, nested(1_000_000, '1e5'))).toMatchObject({
    status: 400,
    body: { code: 'BODY_INVALID', detail: expect.stringContaining('nested too deeply') },
  });
});

test('a body over the limit is refused, with and without a Content-Length', async () => {
  await using api = await TestApi.open({ limits: { bodyBytes: 100 } });
  const fitting = JSON.stringify({ input: 'x'.repeat(100 - '{"input":""}'.length) });
  expect((await send(api, fitting)).status).toBe(202);
  expect((await api.ask(ECHO, streamed(fitting.slice(0, 50), fitting.slice(50)))).status).toBe(202);
  const refused = { status: 413, body: { code: 'BODY_TOO_LARGE', data: { limit: 100 } } };
  expect(await send(api, `${fitting} `)).toMatchObject(refused);
  expect(await api.ask(ECHO, streamed(fitting, ' '))).toMatchObject(refused);
  const announced = { method: 'POST', body: '{}', headers: { 'content-length': '101' } };
  expect(await api.ask(ECHO, announced)).toMatchObject(refused);
});

test('a body without an end is read only up to the limit', async () => {
  await using api = await TestApi.open({ limits: { bodyBytes: 1_000 } });
  let sent = 0;
  const endless = new ReadableStream({
    pull(controller) {
      sent += 10;
      controller.enqueue(new Uint8Array(10));
    },
  });
  const answer = await api.ask(ECHO, { method: 'POST', body: endless, duplex: 'half' });
  expect(answer).toMatchObject({ status: 413, body: { code: 'BODY_TOO_LARGE' } });
  expect(sent).toBeLessThan(1_100);
});

test('the default limit of a body is 8 MiB, beyond the 4 MiB of a value', async () => {
  await using api = await TestApi.open();
  const limit = 8 * 1024 * 1024;
  expect(await send(api, ' '.repeat(limit + 1))).toMatchObject({
    status: 413,
    body: { code: 'BODY_TOO_LARGE' },
  });
  const large = JSON.stringify({ input: 'x'.repeat(5 * 1024 * 1024) });
  expect(await send(api, large)).toMatchObject({ status: 413, body: { code: 'PAYLOAD_TOO_LARGE' } });
});
