import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { openFiles } from './files.ts';

const FILE = '/v1/runs/r/artifacts/out/data.csv';
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const put = (
  body: string | Uint8Array<ArrayBuffer> | ReadableStream,
  headers: Record<string, string> = {},
) => ({
  method: 'PUT',
  body,
  headers,
  ...(body instanceof ReadableStream && { duplex: 'half' as const }),
});

test('a file is put before its run, and comes back as it was', async () => {
  await using api = await openFiles();
  const put_ = await api.ask(FILE, put('a,b\n1,2\n', { 'content-type': 'text/csv' }));
  const record = {
    run: 'r',
    name: 'out/data.csv',
    number: 1,
    size: 8,
    hash: sha256('a,b\n1,2\n'),
    contentType: 'text/csv',
    createdAt: expect.any(Number),
  };
  expect(put_).toMatchObject({ status: 201, body: record });
  expect(await api.get('/v1/runs/r/artifacts')).toMatchObject({ status: 200, body: { artifacts: [record] } });
  const { status, headers, body } = await api.get(FILE);
  expect({ status, body }).toEqual({ status: 200, body: 'a,b\n1,2\n' });
  expect(Object.fromEntries(headers)).toMatchObject({
    'content-type': 'text/csv',
    'content-length': '8',
    'accept-ranges': 'bytes',
    etag: `"${record.hash}"`,
    'cache-control': 'private, no-cache',
  });
  await api.post('/v1/workflows/collect/runs', { id: 'r' });
  expect(await api.get('/v1/runs/r/result?wait=30s')).toMatchObject({
    body: { output: { 'out/data.csv': 'a,b\n1,2\n' } },
  });
  expect(await api.ask(FILE, put('late'))).toMatchObject({ status: 409, body: { code: 'RUN_ENDED' } });
});

test('a browser saves a file and does not run it, whatever it is called and says it is', async () => {
  await using api = await openFiles();
  const name = 'x/报告 "1"\'.html';
  const path = `/v1/runs/r/artifacts/${encodeURIComponent(name)}`;
  await api.ask(path, put('<script>alert(1)</script>', { 'content-type': 'text/html' }));
  const { headers } = await api.get(path);
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('content-security-policy')).toBe("default-src 'none'; sandbox; frame-ancestors 'none'");
  expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
  expect(headers.get('content-disposition')).toBe(
    `attachment; filename="__ _1__.html"; filename*=UTF-8''%E6%8A%A5%E5%91%8A%20%221%22%27.html`,
  );
});

test('a slash in a name may be encoded or not; dots and the like are refused', async () => {
  await using api = await openFiles();
  await api.ask(FILE, put('x'));
  expect(await api.get('/v1/runs/r/artifacts/out%2Fdata.csv')).toMatchObject({ status: 200, body: 'x' });
  for (const name of ['..%2Fx', 'a%2F..%2Fb', '%2Fetc%2Fpasswd', 'a%2F%2Fb', 'a%5Cb', 'a%00b', '%2e%2e%2fx'])
    for (const init of [{}, put('x')])
      expect(await api.ask(`/v1/runs/r/artifacts/${name}`, init)).toMatchObject({
        status: 400,
        body: { code: 'NAME_INVALID' },
      });
});

test.each([
  ['bytes=0-3', 206, 'abcd', 'bytes 0-3/10'],
  ['bytes=8-', 206, 'ij', 'bytes 8-9/10'],
  ['bytes=-3', 206, 'hij', 'bytes 7-9/10'],
  ['bytes=-30', 206, 'abcdefghij', 'bytes 0-9/10'],
  ['bytes=5-99', 206, 'fghij', 'bytes 5-9/10'],
  ['bytes=0-0', 206, 'a', 'bytes 0-0/10'],
  // What a server may pass over.
  ['bytes=0-1,3-4', 200, 'abcdefghij', null],
  ['bytes=4-2', 200, 'abcdefghij', null],
  ['lines=1-2', 200, 'abcdefghij', null],
  ['bytes=-', 200, 'abcdefghij', null],
])('the range %s is answered with %i', async (range, status, body, contentRange) => {
  await using api = await openFiles();
  await api.ask(FILE, put('abcdefghij'));
  const answer = await api.ask(FILE, { headers: { range } });
  expect(answer).toMatchObject({ status, body });
  expect(answer.headers.get('content-range')).toBe(contentRange);
  expect(answer.headers.get('content-length')).toBe(String(body.length));
});

test.each(['bytes=10-', 'bytes=10-12', 'bytes=-0', 'bytes=999999999999999-'])(
  'the range %s lies outside',
  async (range) => {
    await using api = await openFiles();
    api.acceptUndescribed();
    await api.ask(FILE, put('abcdefghij'));
    const answer = await api.ask(FILE, { headers: { range } });
    expect(answer).toMatchObject({
      status: 416,
      body: { code: 'RANGE_NOT_SATISFIABLE', data: { size: 10 } },
    });
    expect(answer.headers.get('content-range')).toBe('bytes */10');
  },
);

test('If-Range: the range of what the caller has, or all of what there is now', async () => {
  await using api = await openFiles();
  await api.ask(FILE, put('abcdefghij'));
  const range = 'bytes=2-3';
  const asked = (tag: string) => api.ask(FILE, { headers: { range, 'if-range': tag } });
  expect(await asked(`"${sha256('abcdefghij')}"`)).toMatchObject({ status: 206, body: 'cd' });
  expect(await asked('"other"')).toMatchObject({ status: 200, body: 'abcdefghij' });
  expect(await asked('Wed, 21 Oct 2015 07:28:00 GMT')).toMatchObject({ status: 200 });
});

test('If-None-Match: what the caller has is not sent again', async () => {
  await using api = await openFiles();
  await api.ask(FILE, put('abc'));
  const asked = (tag: string) => api.ask(FILE, { headers: { 'if-none-match': tag } });
  for (const tag of [`"${sha256('abc')}"`, `W/"${sha256('abc')}"`, `"x", "${sha256('abc')}"`, '*'])
    expect(await asked(tag)).toMatchObject({ status: 304, body: undefined });
  expect(await asked('"other"')).toMatchObject({ status: 200, body: 'abc' });
});

test('HEAD says the same without the content', async () => {
  await using api = await openFiles();
  await api.ask(FILE, put('abc', { 'content-type': 'text/csv' }));
  const response = await api.app.request(FILE, { method: 'HEAD' });
  expect(response.status).toBe(200);
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'content-length': '3',
    'content-type': 'text/csv',
    etag: `"${sha256('abc')}"`,
  });
  expect(await response.text()).toBe('');
});

test('versions: the newest, one by its number, all of them', async () => {
  await using api = await openFiles();
  for (const text of ['one', 'two', 'two', 'three']) await api.ask(FILE, put(text));
  expect((await api.get(FILE)).body).toBe('three');
  expect((await api.get(`${FILE}?number=2`)).body).toBe('two');
  expect(await api.get(`${FILE}?number=4`)).toMatchObject({
    status: 404,
    body: { code: 'ARTIFACT_NOT_FOUND' },
  });
  for (const number of ['0', '-1', 'x', '1.5'])
    expect(await api.get(`${FILE}?number=${number}`)).toMatchObject({ body: { code: 'PARAMETER_INVALID' } });
  const numbers = async (query: string) => {
    const { body } = await api.get(`/v1/runs/r/artifacts${query}`);
    return (body as { artifacts: { number: number }[] }).artifacts.map(({ number }) => number);
  };
  expect(await numbers('')).toEqual([3]);
  expect(await numbers('?versions=all')).toEqual([3, 2, 1]);
  expect(await api.get('/v1/runs/r/artifacts?versions=some')).toMatchObject({ status: 400 });
});

test('a write on a condition', async () => {
  await using api = await openFiles();
  const changed = { status: 412, body: { code: 'ARTIFACT_CHANGED' } };
  const onlyNew = { 'if-none-match': '*' };
  expect(await api.ask(FILE, put('one', onlyNew))).toMatchObject({ status: 201 });
  expect(await api.ask(FILE, put('two', onlyNew))).toMatchObject(changed);
  expect(await api.ask(FILE, put('two', { 'if-match': `"${sha256('two')}"` }))).toMatchObject(changed);
  expect(await api.ask(FILE, put('two', { 'if-match': `"${sha256('one')}"` }))).toMatchObject({
    status: 201,
  });
  for (const headers of [{ 'if-match': '*' }, { 'if-match': 'x' }, { 'if-none-match': '"x"' }])
    expect(await api.ask(FILE, put('three', headers as Record<string, string>))).toMatchObject({
      status: 400,
      body: { code: 'PARAMETER_INVALID' },
    });
  expect((await api.get(FILE)).body).toBe('two');
});

test('a file beyond the limit is refused: at once if it says so, else while it streams', async () => {
  await using api = await openFiles();
  const refused = { status: 413, body: { code: 'ARTIFACT_TOO_LARGE', data: { limit: 1_000 } } };
  expect(await api.ask(FILE, put('x'.repeat(1_000)))).toMatchObject({ status: 201 });
  expect(await api.ask(FILE, put('x'.repeat(1_001)))).toMatchObject(refused);
  const announced = await api.ask(FILE, put('x', { 'content-length': '1001' }));
  expect(announced).toMatchObject(refused);
  let sent = 0;
  const endless = new ReadableStream({
    pull(controller) {
      sent += 100;
      controller.enqueue(new Uint8Array(100));
    },
  });
  expect(await api.ask(FILE, put(endless))).toMatchObject(refused);
  expect(sent).toBeLessThan(2_000);
});

test('an upload that breaks off or falls silent leaves nothing', async () => {
  const rings: (() => void)[] = [];
  const timer = (_delay: number, ring: () => void) => {
    rings.push(ring);
    return () => {};
  };
  await using api = await openFiles({ timer });
  const broken = new ReadableStream({
    pull(controller) {
      controller.error(new Error('the connection was cut'));
    },
  });
  expect(await api.ask(FILE, put(broken))).toMatchObject({ status: 400, body: { code: 'BODY_INVALID' } });
  const asked = Promise.withResolvers<void>();
  const silent = new ReadableStream({ pull: () => (asked.resolve(), new Promise(() => {})) });
  const answer = api.ask(FILE, put(silent));
  await asked.promise;
  await new Promise(setImmediate);
  for (const ring of rings) ring();
  expect(await answer).toMatchObject({ status: 408, body: { code: 'REQUEST_TIMED_OUT' } });
  expect(await api.get('/v1/runs/r/artifacts')).toMatchObject({
    status: 404,
    body: { code: 'RUN_NOT_FOUND' },
  });
});

test('a wrong content type is refused, none is bytes', async () => {
  await using api = await openFiles();
  expect(await api.ask(FILE, put('x', { 'content-type': 'nonsense' }))).toMatchObject({
    status: 400,
    body: { code: 'OPTION_INVALID' },
  });
  expect(await api.ask(FILE, put(Buffer.from('x')))).toMatchObject({
    body: { contentType: 'application/octet-stream' },
  });
});

test('a run without files has an empty list', async () => {
  await using api = await openFiles();
  await api.post('/v1/workflows/waits/runs', { id: 'waits' });
  expect(await api.get('/v1/runs/waits/artifacts')).toMatchObject({ status: 200, body: { artifacts: [] } });
});
