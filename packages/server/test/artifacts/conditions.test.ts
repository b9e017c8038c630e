import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { TestApi } from '../api.ts';
import { openFiles } from './files.ts';

const FILE = '/v1/runs/r/artifacts/f';
const TAG = `"${createHash('sha256').update('abcdefghij').digest('hex')}"`;

async function openFile(text = 'abcdefghij'): Promise<TestApi> {
  const api = await openFiles();
  await api.ask(FILE, { method: 'PUT', body: text });
  return api;
}

// What of a GET decides before what: If-None-Match before Range, and If-Range only where there is a Range.
test.each<[string, Record<string, string>, number, string | undefined]>([
  ['what the caller has, and a range', { 'if-none-match': TAG, range: 'bytes=0-1' }, 304, undefined],
  ['another tag, and a range', { 'if-none-match': '"x"', range: 'bytes=0-1' }, 206, 'ab'],
  ['all three that fit', { 'if-none-match': '"x"', 'if-range': TAG, range: 'bytes=0-1' }, 206, 'ab'],
  [
    'a range of another content',
    { 'if-none-match': '"x"', 'if-range': '"x"', range: 'bytes=0-1' },
    200,
    'abcdefghij',
  ],
  ['If-Range without a range', { 'if-range': TAG }, 200, 'abcdefghij'],
  [
    'If-Range with a weak tag, which never fits',
    { 'if-range': `W/${TAG}`, range: 'bytes=0-1' },
    200,
    'abcdefghij',
  ],
  [
    'If-Range with two tags, which is none',
    { 'if-range': `${TAG}, "x"`, range: 'bytes=0-1' },
    200,
    'abcdefghij',
  ],
  [
    'If-Range that does not fit, with a range outside',
    { 'if-range': '"x"', range: 'bytes=50-' },
    200,
    'abcdefghij',
  ],
  ['a unit in capitals', { range: 'BYTES=8-' }, 206, 'ij'],
  ['a range to beyond all numbers', { range: `bytes=8-${'9'.repeat(40)}` }, 206, 'ij'],
  ['the last of more than there is', { range: `bytes=-${'9'.repeat(400)}` }, 206, 'abcdefghij'],
  ['a negative range', { range: 'bytes=--1' }, 200, 'abcdefghij'],
  ['a range with a fraction', { range: 'bytes=0.5-2' }, 200, 'abcdefghij'],
])('%s: %i', async (_what, headers, status, body) => {
  await using api = await openFile();
  expect(await api.ask(FILE, { headers })).toMatchObject({ status, body });
});

test.each(['bytes=99999999999999999999-', `bytes=${'9'.repeat(400)}-`])('%s lies outside', async (range) => {
  await using api = await openFile();
  const { status, headers } = await api.ask(FILE, { headers: { range } });
  expect([status, headers.get('content-range')]).toEqual([416, 'bytes */10']);
});

test('HEAD knows no ranges: it says what a GET of all would', async () => {
  await using api = await openFile();
  for (const range of ['bytes=0-1', 'bytes=50-']) {
    const { status, headers } = await api.app.request(FILE, { method: 'HEAD', headers: { range } });
    expect([status, headers.get('content-length'), headers.get('content-range')]).toEqual([200, '10', null]);
  }
  const known = await api.app.request(FILE, { method: 'HEAD', headers: { 'if-none-match': TAG } });
  expect([known.status, known.headers.get('etag')]).toEqual([304, TAG]);
});

test('a file of no bytes is there, and has no range', async () => {
  await using api = await openFile('');
  const { status, headers, body } = await api.get(FILE);
  expect([status, headers.get('content-length'), body]).toEqual([200, '0', undefined]);
  for (const range of ['bytes=0-', 'bytes=-1', 'bytes=0-0']) {
    const outside = await api.ask(FILE, { headers: { range } });
    expect([outside.status, outside.headers.get('content-range')]).toEqual([416, 'bytes */0']);
  }
});

test('a download that broke off goes on where it was, and is refused the rest of another content', async () => {
  await using api = await openFile();
  const first = await api.ask(FILE, { headers: { range: 'bytes=0-3' } });
  const tag = first.headers.get('etag')!;
  const rest = { range: 'bytes=4-', 'if-range': tag };
  expect((first.body as string) + String((await api.ask(FILE, { headers: rest })).body)).toBe('abcdefghij');
  await api.ask(FILE, { method: 'PUT', body: 'something else' });
  expect(await api.ask(FILE, { headers: rest })).toMatchObject({ status: 200, body: 'something else' });
  // The version that it had begun with is still there.
  expect(await api.ask(`${FILE}?number=1`, { headers: rest })).toMatchObject({ status: 206, body: 'efghij' });
});

test('a part of a file cannot be put', async () => {
  await using api = await openFile();
  const part = { method: 'PUT', body: 'XY', headers: { 'content-range': 'bytes 2-3/10' } };
  expect(await api.ask(FILE, part)).toMatchObject({ status: 400, body: { code: 'PARAMETER_INVALID' } });
  expect((await api.get(FILE)).body).toBe('abcdefghij');
});
