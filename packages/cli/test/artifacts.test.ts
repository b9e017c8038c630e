// Files of runs and large values, which lie beside a store, and commands that deal with whole stores.

import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serve } from '@stepwell/server';
import { isReference, Stepwell, type OpenOptions } from 'stepwell';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { long } from './replayed-workflows-long.ts';
import { stepwell } from './stepwell.ts';

const LONG = join(import.meta.dirname, 'replayed-workflows-long.ts');
const TEXT = 'x'.repeat(5_000);

let folder: string;
let source: string;
let target: string;
let files: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'stepwell-files-')));
  source = `sqlite:${join(folder, 'source.db')}`;
  target = `sqlite:${join(folder, 'target.db')}`;
  files = `file:${join(folder, 'files')}`;
});

afterEach(() => rmSync(folder, { recursive: true }));

function open(store: string, options: Partial<OpenOptions> = {}): Promise<Stepwell> {
  const limits = { payloadBytes: 1_000 };
  return Stepwell.open({ store, artifacts: files, limits, workflows: [long], ...options });
}

/** A run in flight with large values, and a file. */
async function populate(well: Stepwell): Promise<void> {
  await well.artifacts.write('r', 'in.txt', 'of the run');
  await well.start(long, { text: TEXT }, { id: 'r' });
  await expect.poll(async () => (await well.get('r')).waitingFor[0]?.kind).toBe('event');
}

test('a copy has neither files nor large values until it takes their place over; then the old store is shut out', async () => {
  await (async () => {
    await using well = await open(source);
    await populate(well);
  })();
  expect(await stepwell(['copy', '--from', source, '--to', target])).toMatchObject({ code: 0 });
  await expect(open(target)).rejects.toMatchObject({ code: 'ARTIFACTS_OWNED_ELSEWHERE' });

  const adopt = ['artifacts', 'adopt', '--store', target, '--artifacts', files];
  expect(await stepwell(adopt)).toEqual({
    code: 0,
    stdout: 'The place of the files belongs to this store now.\n',
    stderr: '',
  });
  await using well = await open(target);
  expect((await well.get('r')).input).toEqual({ text: TEXT });
  await well.raiseEvent('r', 'after 10000');
  await well.result('r');
  expect(await (await well.artifacts.read('r', 'in.txt')).text()).toBe('of the run');
  await expect(open(source)).rejects.toMatchObject({ code: 'ARTIFACTS_OWNED_ELSEWHERE' });
});

test('files are put into the place of another store by nobody, and adopted by a store only', async () => {
  await using well = await open(source);
  await well.artifacts.write('r', 'f', 'x');
  const put = ['artifacts', 'put', 'r', 'f', LONG, '--artifacts', files];
  await (await open(target, { artifacts: 'memory:' })).close();
  expect(await stepwell([...put, '--store', target])).toMatchObject({
    code: 4,
    stderr: expect.stringMatching(/^ARTIFACTS_OWNED_ELSEWHERE: .*sqlite [0-9a-f]{32}, since/),
  });
  const server = await serve(well, { port: 0 });
  onTestFinished(() => server.close());
  expect(await stepwell(['artifacts', 'adopt', '--server', server.url])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('give --store'),
  });
});

test('an export that lacks large values is not imported; with them it is, into a place of its own', async () => {
  const exported = join(folder, 'r.json');
  await (async () => {
    await using well = await open(source);
    await populate(well);
  })();
  const make = ['export', 'r', '--store', source, '--out', exported];
  const take = ['import', exported, '--store', target, '--resume'];
  expect(await stepwell(make)).toMatchObject({ code: 0 });
  expect(await stepwell(take)).toMatchObject({
    code: 4,
    stderr: expect.stringMatching(/^EXPORT_INVALID: .*lacks values of the run "r".*--artifacts/),
  });
  expect(await stepwell([...make, '--artifacts', files])).toMatchObject({ code: 0 });
  expect(await stepwell(take)).toMatchObject({ code: 0 });
  await using well = await open(target, { artifacts: `file:${join(folder, 'others')}` });
  expect((await well.get('r')).input).toEqual({ text: TEXT });
  await well.raiseEvent('r', 'after 10000');
  await well.result('r');
});

test('check asks a server for the values that its lists do not have', async () => {
  await using well = await open(source);
  await populate(well);
  expect(isReference((await well.list()).runs[0]!.input)).toBe(true);
  const server = await serve(well, { port: 0 });
  onTestFinished(() => server.close());
  expect(await stepwell(['check', '--server', server.url, '--workflows', LONG])).toMatchObject({
    code: 0,
    stdout: '1 run on 1 path: all fit\n',
  });
});
