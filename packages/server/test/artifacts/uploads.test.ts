// What happens while a file is on its way: another file of that name, the run's end, its purge, a disk that fills.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Stepwell, workflow } from 'stepwell';
import { expect, onTestFinished, test, vi } from 'vitest';
import { filesIn } from '../../../stepwell/test/artifacts/files.ts';
import { serve } from '../../src/index.ts';
import { TestApi } from '../api.ts';
import { openFiles } from './files.ts';

const FILE = '/v1/runs/r/artifacts/f';

/** A body whose end is held back. */
function slow(text: string) {
  const begun = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const body = new ReadableStream({
    async pull(controller) {
      begun.resolve();
      await goOn.promise;
      controller.enqueue(new TextEncoder().encode(text));
      controller.close();
    },
  });
  return { begun: begun.promise, end: goOn.resolve, init: { method: 'PUT', body, duplex: 'half' as const } };
}

test('two uploads of one name at once: both are kept, whole, the one that ends last is the newest', async () => {
  await using api = await openFiles();
  const [first, second] = [slow('of the first'), slow('of the second')];
  const answers = [api.ask(FILE, first.init), api.ask(FILE, second.init)];
  await Promise.all([first.begun, second.begun]);
  second.end();
  expect(await answers[1]).toMatchObject({ status: 201, body: { number: 1 } });
  first.end();
  expect(await answers[0]).toMatchObject({ status: 201, body: { number: 2 } });
  expect((await api.get(FILE)).body).toBe('of the first');
  expect((await api.get(`${FILE}?number=1`)).body).toBe('of the second');
});

test('of two uploads at once that must be the first, one is', async () => {
  await using api = await openFiles();
  const [first, second] = [slow('of the first'), slow('of the second')];
  const onlyNew = { headers: { 'if-none-match': '*' } };
  const answers = [
    api.ask(FILE, { ...first.init, ...onlyNew }),
    api.ask(FILE, { ...second.init, ...onlyNew }),
  ];
  await Promise.all([first.begun, second.begun]);
  second.end();
  expect(await answers[1]).toMatchObject({ status: 201 });
  first.end();
  expect(await answers[0]).toMatchObject({ status: 412, body: { code: 'ARTIFACT_CHANGED' } });
  expect((await api.get(FILE)).body).toBe('of the second');
});

test('a run that ends while a file is written for it does not get it', async () => {
  await using api = await openFiles();
  await api.start('waits', undefined, 'r');
  const upload = slow('late');
  const answer = api.ask(FILE, upload.init);
  await upload.begun;
  await api.well.raiseEvent('r', 'go');
  await api.well.result('r');
  upload.end();
  expect(await answer).toMatchObject({ status: 409, body: { code: 'RUN_ENDED' } });
  expect(await api.well.artifacts.list('r')).toEqual([]);
});

test('a run that is purged while a file is written for it leaves none to the next of its id', async () => {
  await using api = await openFiles();
  await api.start('waits', undefined, 'r');
  const upload = slow('of the old run');
  const answer = api.ask(FILE, upload.init);
  await upload.begun;
  await api.well.cancel('r');
  await api.well.result('r').catch(() => {});
  await api.well.purge('r');
  await api.start('waits', undefined, 'r');
  upload.end();
  expect(await answer).toMatchObject({ status: 410, body: { code: 'RUN_PURGED' } });
  expect(await api.well.artifacts.list('r')).toEqual([]);
});

test('a run that is started while a file is written for it gets it', async () => {
  await using api = await openFiles();
  const upload = slow('early');
  const answer = api.ask(FILE, upload.init);
  await upload.begun;
  await api.start('waits', undefined, 'r');
  upload.end();
  expect(await answer).toMatchObject({ status: 201 });
});

test('a file for the place of another store is refused as a fault of the server, and the place is named', async () => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'stepwell-owned-')));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const parts = { store: 'memory:', artifacts: `file:${root}`, worker: false } as const;
  await using owner = await Stepwell.open(parts);
  await owner.artifacts.write('r', 'f', 'of the owner');
  await using api = TestApi.on(await Stepwell.open(parts), {});
  const refused = { status: 500, body: { code: 'ARTIFACTS_OWNED_ELSEWHERE', data: { kind: 'memory' } } };
  expect(await api.ask(FILE, { method: 'PUT', body: 'x' })).toMatchObject(refused);
  expect(api.logged).toMatchObject([[expect.any(String), { code: 'ARTIFACTS_OWNED_ELSEWHERE' }]]);
  expect(filesIn(root)).toHaveLength(1);
});

const BOUNDARY = 'boundary';
const part = (name: string, text: string, more = '') =>
  `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${text}\r\n`;
const START = part('start', '{"id":"r"}');
const START_AS_FILE = part(
  'start',
  '{"id":"other"}',
  '; filename="start.json"\r\nContent-Type: application/json',
);

test.each([
  ['as a field, then as a file', [START, START_AS_FILE]],
  ['as a file, then as a field', [START_AS_FILE, START]],
  ['as two files', [START_AS_FILE, START_AS_FILE]],
  ['before a file and after it', [START, part('f', 'x', '; filename="f"'), START_AS_FILE]],
  ['last', [part('f', 'x', '; filename="f"'), START]],
  ['last, as a file', [part('f', 'x', '; filename="f"'), START_AS_FILE]],
])('a start %s: nothing is started, nothing is on record', async (_how, parts) => {
  await using api = await openFiles();
  const answer = await api.ask('/v1/workflows/waits/runs', {
    method: 'POST',
    headers: { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` },
    body: `${parts.join('')}--${BOUNDARY}--\r\n`,
  });
  expect(answer).toMatchObject({ status: 400, body: { code: 'BODY_INVALID' } });
  expect((await api.well.list()).runs).toEqual([]);
  expect(await api.well.parts.store.artifactRuns(null, 10)).toEqual([]);
});

test('two starts with files and one id at once: the run has the files of one', async () => {
  await using api = await openFiles();
  const send = (text: string) => {
    const goOn = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const pieces = [START, part('f', text, '; filename="f"'), `--${BOUNDARY}--\r\n`];
    const body = new ReadableStream({
      async pull(controller) {
        if (pieces.length === 1) begun.resolve();
        if (pieces.length === 1) await goOn.promise;
        controller.enqueue(new TextEncoder().encode(pieces.shift()));
        if (pieces.length === 0) controller.close();
      },
    });
    const headers = { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` };
    const answer = api.ask('/v1/workflows/waits/runs', { method: 'POST', headers, body, duplex: 'half' });
    return { begun: begun.promise, end: goOn.resolve, answer };
  };
  const [first, second] = [send('of the first'), send('of the second')];
  await Promise.all([first.begun, second.begun]);
  second.end();
  expect(await second.answer).toMatchObject({ status: 202, body: { created: true } });
  first.end();
  expect(await first.answer).toMatchObject({ status: 200, body: { created: false } });
  expect(await api.well.artifacts.list('r', { versions: 'all' })).toHaveLength(1);
  expect((await api.get(FILE)).body).toBe('of the second');
});

/** A disk of four megabytes; null where the machine does not let us make one. */
function mountSmallDisk(): string | null {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'stepwell-small-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  try {
    execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    return null;
  }
  onTestFinished(() => void execFileSync('/bin/umount', ['--lazy', folder]));
  return folder;
}

test('a disk that is full: the upload is told so, nothing of it is left, what was there is read, and with room it goes on', async ({
  skip,
}) => {
  const root = mountSmallDisk();
  if (root === null) return skip('only root can mount a small disk');
  const made: number[] = [];
  const writes = workflow('writes', async (ctx) => {
    await ctx.waitForEvent('go');
    return ctx.artifacts.write('out', () => (made.push(1), 'x'.repeat(1_000_000)));
  });
  const well = await Stepwell.open({ store: 'memory:', artifacts: `file:${root}`, workflows: [writes] });
  const logged: unknown[] = [];
  const server = await serve(well, { port: 0, log: (_message, error) => logged.push(error) });
  onTestFinished(async () => {
    await server.close();
    await well.close();
  });
  const url = `${server.url}/v1/runs/r/artifacts`;
  const put = (name: string, size: number) =>
    fetch(`${url}/${name}`, { method: 'PUT', body: Buffer.alloc(size, name) });
  expect((await put('a', 1_000_000)).status).toBe(201);
  const ballast = join(root, 'ballast');
  writeFileSync(ballast, Buffer.alloc(2_400_000));
  for (const size of [1_000_000, 3_000_000]) {
    const refused = await put('b', size);
    expect([refused.status, await refused.json()]).toMatchObject([507, { code: 'STORE_FULL' }]);
  }
  expect(filesIn(root).filter((file) => file.startsWith('.unfinished'))).toEqual([]);
  expect((await well.artifacts.list('r')).map(({ name }) => name)).toEqual(['a']);
  expect((await (await fetch(`${url}/a`)).bytes()).length).toBe(1_000_000);

  // A workflow tries three times; meanwhile somebody makes room.
  const run = await well.start(writes, undefined, { id: 'w' });
  await run.raiseEvent('go');
  await vi.waitFor(() => expect(made.length).toBeGreaterThan(0));
  rmSync(ballast);
  expect(await run.result()).toMatchObject({ name: 'out', size: 1_000_000 });
  expect((await put('b', 1_000_000)).status).toBe(201);
});
