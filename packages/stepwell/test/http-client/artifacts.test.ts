import { expect, test } from 'vitest';
import { broken, FakeServer, json, problem } from './fake-server.ts';

const record = { name: 'in/a.txt', number: 2, size: 5, hash: 'h', contentType: 'text/plain', createdAt: 1 };

test('a text, bytes and a stream are sent as they are', async () => {
  const fake = new FakeServer();
  const sent: unknown[] = [];
  for (let n = 0; n < 4; n++) {
    fake.replies(async ({ body }) => {
      sent.push(body instanceof ReadableStream ? await new Response(body).text() : body);
      return json(record, 201);
    });
  }
  const chunks = async function* () {
    yield 'é';
    yield new TextEncoder().encode('ü');
  };
  expect(await fake.client.artifacts.write('r', 'in/a.txt', '"text"')).toEqual(record);
  await fake.client.artifacts.write('r', 'b', Uint8Array.of(1), { contentType: 'x/y' });
  await fake.client.artifacts.write('r', 'c', chunks(), { ifAbsent: true });
  await fake.client.artifacts.write('r', 'd', () => ['a', 'b'], { ifHash: 'h' });
  expect(sent).toEqual(['text', Uint8Array.of(1), 'éü', 'ab']);
  expect(fake.asked.map(({ method, path }) => `${method} ${path}`)[0]).toBe(
    'PUT /v1/runs/r/artifacts/in%2Fa.txt',
  );
  const header = (name: string) => fake.asked.map(({ headers }) => headers.get(name));
  expect(header('content-type')).toEqual([
    'text/plain; charset=utf-8',
    'x/y',
    'application/octet-stream',
    'application/octet-stream',
  ]);
  expect([header('if-none-match')[2], header('if-match')[3]]).toEqual(['*', '"h"']);
});

test('in a page a stream is gathered before it is sent, and a Blob goes as it is', async () => {
  const fake = new FakeServer({}, 'http://fake').replies(broken(), json(record), json(record));
  const chunks = async function* () {
    yield 'é';
    yield new TextEncoder().encode('ü');
  };
  await fake.client.artifacts.write('r', 'a', chunks());
  const chosen = new Blob(['a,b'], { type: 'text/csv' });
  await fake.client.artifacts.write('r', 'b', chosen);
  const sent = fake.asked.map(({ body }) => body as Blob);
  expect(await Promise.all(sent.map((body) => body.text()))).toEqual(['éü', 'éü', 'a,b']);
  expect(sent[2]).toBe(chosen);
  expect(fake.asked.map(({ headers }) => headers.get('content-type')).slice(1)).toEqual([
    'application/octet-stream',
    'text/csv',
  ]);
  const wrong = [{ name: 'x' }] as unknown as string[];
  await expect(fake.client.artifacts.write('r', 'c', wrong)).rejects.toMatchObject({
    code: 'OPTION_INVALID',
  });
});

test('what can be sent again is, unless it would be refused because of itself', async () => {
  const fake = new FakeServer().replies(broken(), json(record), broken(), broken());
  await fake.client.artifacts.write('r', 'a', '"x"');
  await expect(fake.client.artifacts.write('r', 'a', '"x"', { ifAbsent: true })).rejects.toMatchObject({
    code: 'SERVER_UNREACHABLE',
  });
  await expect(fake.client.artifacts.write('r', 'a', ['x'])).rejects.toMatchObject({
    code: 'SERVER_UNREACHABLE',
  });
  expect(fake.asked.length).toBe(4);
});

test('a file is read when it is wanted, whole or a part of it', async () => {
  const fake = new FakeServer().replies(
    json({ artifacts: [record] }),
    new Response('{"a":1}'),
    new Response('{"a"', { status: 206 }),
  );
  const artifact = await fake.client.artifacts.read('r', 'in/a.txt');
  expect(artifact).toMatchObject({ ...record, run: 'r' });
  expect(await artifact.json()).toEqual({ a: 1 });
  const part: Uint8Array[] = [];
  for await (const chunk of artifact.stream({ start: 0, end: 4 })) part.push(chunk);
  expect(new TextDecoder().decode(part[0])).toBe('{"a"');
  for await (const chunk of artifact.stream({ start: 4, end: 4 })) part.push(chunk);
  expect(part.length).toBe(1);
  expect(fake.asked.map(({ path, headers }) => [path, headers.get('range')])).toEqual([
    ['/v1/runs/r/artifacts?versions=newest', null],
    ['/v1/runs/r/artifacts/in%2Fa.txt?number=2', null],
    ['/v1/runs/r/artifacts/in%2Fa.txt?number=2', 'bytes=0-3'],
  ]);
});

test('a file that is not there, or breaks off, is told', async () => {
  const half = new ReadableStream({ start: (controller) => controller.error(broken()) });
  const fake = new FakeServer().replies(
    json({ artifacts: [record] }),
    json({ artifacts: [record] }),
    new Response(half),
    problem('ARTIFACT_DAMAGED', 500),
  );
  const { artifacts } = fake.client;
  await expect(artifacts.read('r', 'in/a.txt', { number: 1 })).rejects.toMatchObject({
    code: 'ARTIFACT_NOT_FOUND',
  });
  const artifact = await artifacts.read('r', 'in/a.txt');
  await expect(artifact.text()).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE' });
  await expect(artifact.bytes()).rejects.toMatchObject({ code: 'ARTIFACT_DAMAGED' });
});
