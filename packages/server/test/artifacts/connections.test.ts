import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Stepwell } from 'stepwell';
import { expect, onTestFinished, test, vi } from 'vitest';
import { filesIn } from '../../../stepwell/test/artifacts/files.ts';
import { serve } from '../../src/index.ts';
import { TestApi } from '../api.ts';
import { ManualTimer } from '../manual-timer.ts';

const MiB = 1024 * 1024;

/** A server with files on a disk. */
async function serveFiles({ artifactBytes = 64 * MiB, limits = {} } = {}) {
  const root = await mkdtemp(join(tmpdir(), 'stepwell-files-'));
  const well = await Stepwell.open({
    store: 'memory:',
    artifacts: `file:${root}`,
    limits: { artifactBytes },
    worker: false,
  });
  const logged: unknown[] = [];
  const server = await serve(well, { port: 0, limits, log: (_message, error) => logged.push(error) });
  onTestFinished(async () => {
    await server.close();
    await well.close();
    await rm(root, { recursive: true, force: true });
  });
  return { root, well, logged, url: `${server.url}/v1/runs/r/artifacts/f` };
}

function* pieces(bytes: number): Generator<Buffer> {
  for (let left = bytes; left > 0; left -= 64 * 1024) yield Buffer.alloc(Math.min(left, 64 * 1024), 'x');
}

test('a large file goes up and down as a stream', async () => {
  const { well, url } = await serveFiles();
  const size = 40 * MiB + 1;
  const before = process.memoryUsage().rss;
  const body = ReadableStream.from(pieces(size));
  const put = await fetch(url, { method: 'PUT', body, duplex: 'half' });
  expect({ status: put.status, body: await put.json() }).toMatchObject({ status: 201, body: { size } });
  let received = 0;
  for await (const chunk of (await fetch(url)).body!) received += chunk.byteLength;
  expect(received).toBe(size);
  expect(process.memoryUsage().rss - before).toBeLessThan(200 * MiB);
  expect(await well.artifacts.list('r')).toMatchObject([{ size }]);
}, 30_000);

test('an upload that is refused in its middle is told why, and the server goes on', async () => {
  const { well, url, logged } = await serveFiles({ artifactBytes: MiB });
  const upload = request(url, { method: 'PUT' });
  const answered = once(upload, 'response') as Promise<[IncomingMessage]>;
  upload.on('error', () => {});
  for (const piece of pieces(2 * MiB)) upload.write(piece);
  const [response] = await answered;
  expect(response.statusCode).toBe(413);
  upload.destroy();
  expect(await well.artifacts.list('r')).toEqual([]);
  expect((await fetch(url, { method: 'PUT', body: 'x' })).status).toBe(201);
  expect(logged).toEqual([]);
});

test('a client that goes away in the middle of its upload leaves nothing', async () => {
  const { root, well, url, logged } = await serveFiles();
  const upload = request(url, { method: 'PUT', headers: { 'content-length': String(10 * MiB) } });
  upload.on('error', () => {});
  await new Promise<void>((resolve) => void upload.write(Buffer.alloc(MiB), () => resolve()));
  upload.destroy();
  await vi.waitFor(() => expect(filesIn(root)).toEqual([]), 5_000);
  expect(await well.artifacts.list('r')).toEqual([]);
  expect(logged).toEqual([]);
});

test('a client that goes away in the middle of a download frees the file', async () => {
  const { well, url, logged } = await serveFiles();
  await well.artifacts.write('r', 'f', pieces(20 * MiB));
  const closed = Promise.withResolvers<void>();
  const file = await well.artifacts.read('r', 'f');
  vi.spyOn(well.artifacts, 'read').mockResolvedValue({
    ...file,
    async *stream() {
      try {
        yield* file.stream();
      } finally {
        closed.resolve();
      }
    },
  });
  const gone = new AbortController();
  const response = await fetch(url, { signal: gone.signal });
  await response.body!.getReader().read();
  gone.abort();
  await closed.promise;
  expect(logged).toEqual([]);
});

test('one that goes while the next bytes are read is no fault of the server', async () => {
  const well = await Stepwell.open({ store: 'memory:', worker: false });
  await using api = TestApi.on(well, {});
  await well.artifacts.write('r', 'f', 'ab');
  const file = await well.artifacts.read('r', 'f');
  const reading = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const freed = Promise.withResolvers<void>();
  vi.spyOn(well.artifacts, 'read').mockResolvedValue({
    ...file,
    async *stream() {
      yield Buffer.from('a');
      reading.resolve();
      await gate.promise;
      try {
        yield Buffer.from('b');
      } finally {
        freed.resolve();
      }
    },
  });
  const reader = (await api.app.request('/v1/runs/r/artifacts/f')).body!.getReader();
  await reader.read();
  const next = reader.read();
  await reading.promise;
  const cancelled = reader.cancel();
  gate.resolve();
  await Promise.all([next, cancelled, freed.promise]);
  expect(api.logged).toEqual([]);
});

test('a client that takes no more of a download is cut off, the file is freed, and Range goes on', async () => {
  const { well, url, logged } = await serveFiles({ limits: { downloadSilence: 100 } });
  const size = 20 * MiB;
  await well.artifacts.write('r', 'f', pieces(size));
  const freed = Promise.withResolvers<void>();
  const file = await well.artifacts.read('r', 'f');
  vi.spyOn(well.artifacts, 'read').mockResolvedValueOnce({
    ...file,
    async *stream() {
      try {
        yield* file.stream();
      } finally {
        freed.resolve();
      }
    },
  });
  const asked = request(url);
  asked.end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  response.on('error', () => {});
  // It looks at the headers, and takes nothing.
  await freed.promise;
  let taken = 0;
  await (async () => {
    for await (const chunk of response) taken += (chunk as Buffer).byteLength;
  })().catch(() => {});
  expect(taken).toBeLessThan(size);
  const rest = await fetch(url, { headers: { range: `bytes=${taken}-` } });
  expect((await rest.bytes()).length).toBe(size - taken);
  expect(logged).toEqual([]);
});

test('whoever reads slowly is not cut off: the time begins anew with each 64 KiB', async () => {
  const timer = new ManualTimer();
  const well = await Stepwell.open({ store: 'memory:', worker: false });
  await using api = TestApi.on(well, { timer: timer.set });
  // In memory it is one piece.
  await well.artifacts.write('r', 'f', Buffer.alloc(MiB, 'x'));
  const reader = (await api.app.request('/v1/runs/r/artifacts/f')).body!.getReader();
  let size = 0;
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    expect(next.value.byteLength).toBeLessThan(64 * 1024 + 1);
    size += next.value.byteLength;
    timer.pass(59_000);
  }
  expect(size).toBe(MiB);
  expect(timer.armed).toBe(0);
  const late = (await api.app.request('/v1/runs/r/artifacts/f')).body!.getReader();
  await late.read();
  timer.pass(61_000);
  await expect(late.read()).rejects.toMatchObject({ code: 'REQUEST_TIMED_OUT' });
});

test.each([10, 40, 64 * 1024])(
  'a file whose last piece of %i bytes is damaged never seems complete',
  async (last) => {
    const { root, well, url } = await serveFiles();
    const { hash, size } = await well.artifacts.write('r', 'f', pieces(192 * 1024 + last));
    await writeFile(join(root, 'default/r', hash), Buffer.alloc(size, 'x').fill('y', size - 1));
    await expect((await fetch(url)).bytes()).rejects.toThrow('terminated');
  },
);

test('a damaged file: nobody gets all of it, and it is logged', async () => {
  const { root, well, url, logged } = await serveFiles();
  const { hash, size } = await well.artifacts.write('r', 'f', pieces(MiB));
  await writeFile(join(root, 'default/r', hash), Buffer.alloc(size, 'y'));
  const response = await fetch(url);
  expect(response.status).toBe(200);
  await expect(response.bytes()).rejects.toThrow('terminated');
  expect(logged).toMatchObject([{ code: 'ARTIFACT_DAMAGED' }]);
  await rm(join(root, 'default/r', hash));
  const gone = await fetch(url);
  expect({ status: gone.status, body: await gone.json() }).toMatchObject({
    status: 500,
    body: { code: 'ARTIFACT_DAMAGED' },
  });
});
