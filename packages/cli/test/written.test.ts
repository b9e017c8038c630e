// What is written where there is not enough room. A limit on the size of files cuts a write off half way, as a disk does
// that becomes full; no rights are needed for it.

import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { serve, type Server } from '@stepwell/server';
import { Stepwell } from 'stepwell';
import { MAIN, stepwell } from './stepwell.ts';
import { greet } from './workflows.ts';

const LIMIT_KIB = 8;
const LARGE = 'x'.repeat(3 * LIMIT_KIB * 1024);

let well: Stepwell;
let server: Server;
let folder: string;

beforeAll(async () => {
  well = await Stepwell.open({ store: 'memory:', workflows: [greet] });
  server = await serve(well, { port: 0 });
  for (const [id, name] of [
    ['large', LARGE],
    ['small', 'Ann'],
  ] as const)
    await (await well.start('greet', { name }, { id })).result();
  await well.artifacts.write('files', 'large', LARGE);
});

afterAll(async () => {
  await server.close();
  await well.close();
});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stepwell-written-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Runs a command whose files may not become larger than the limit; its stdout is a file. */
async function limited(command: string): Promise<{ code: number | null; stderr: string }> {
  const script = `ulimit -f ${LIMIT_KIB}; exec "$NODE" "$MAIN" ${command}`;
  const child = spawn('bash', ['-c', script], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      ...process.env,
      NODE: process.execPath,
      MAIN,
      STEPWELL_SERVER: server.url,
      NODE_DISABLE_COMPILE_CACHE: '1',
    },
  });
  const code = new Promise<number | null>((resolve) => child.once('close', resolve));
  const stderr = await text(child.stderr);
  return { code: await code, stderr };
}

test.each(['export large', 'events large', 'show large --json', 'artifacts get files large'])(
  '%s is not cut off without a word',
  async (command) => {
    const { code, stderr } = await limited(`${command} > out`);
    expect({ code, size: statSync(join(folder, 'out')).size }).toEqual({ code: 1, size: LIMIT_KIB * 1024 });
    const shown = command.endsWith('--json')
      ? (JSON.parse(stderr) as { error: { code: string } }).error.code
      : stderr;
    expect(shown).toMatch(/^WRITE_FAILED/);
  },
);

test.each(['export large --out out', 'artifacts get files large --out out'])(
  '%s leaves what was there before',
  async (command) => {
    writeFileSync(join(folder, 'out'), 'before');
    const { code, stderr } = await limited(command);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(
        /^WRITE_FAILED: What was to be written to out is not there, or not whole: EFBIG/,
      ),
    });
    expect(readdirSync(folder)).toEqual(['out']);
    expect(readFileSync(join(folder, 'out'), 'utf8')).toBe('before');
  },
);

test('what has room is written whole', async () => {
  expect(await limited('export small > out')).toEqual({ code: 0, stderr: '' });
  expect(JSON.parse(readFileSync(join(folder, 'out'), 'utf8'))).toMatchObject({ run: { id: 'small' } });
});

test('a device full of nothing is told of', async () => {
  expect(await limited('list > /dev/full')).toEqual({
    code: 1,
    stderr: expect.stringMatching(/^WRITE_FAILED: What was to be written to standard output .*ENOSPC/),
  });
});

test('a pipe is written to as it is, and a link leads to its file', async () => {
  const pipe = join(folder, 'pipe');
  execFileSync('/bin/sh', ['-c', 'mkfifo "$0"', pipe]);
  const read = text(spawn('cat', [pipe], { stdio: ['ignore', 'pipe', 'inherit'] }).stdout);
  await stepwell(['export', 'small', '--out', pipe], { server: server.url });
  expect(JSON.parse(await read)).toMatchObject({ run: { id: 'small' } });
  expect(statSync(pipe).isFIFO()).toBe(true);

  const [file, link] = [join(folder, 'file'), join(folder, 'link')];
  writeFileSync(file, 'before');
  symlinkSync(file, link);
  await stepwell(['artifacts', 'get', 'files', 'large', '--out', link], { server: server.url });
  expect(readFileSync(file, 'utf8')).toBe(LARGE);
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
});

test.each([0o600, 0o666])('a file that is replaced keeps its permissions: %i', async (mode) => {
  const file = join(folder, 'file');
  writeFileSync(file, 'before');
  chmodSync(file, mode);
  await stepwell(['artifacts', 'get', 'files', 'large', '--out', file], { server: server.url });
  expect(readFileSync(file, 'utf8')).toBe(LARGE);
  expect(statSync(file).mode & 0o777).toBe(mode);
});

test('a link whose file is not there yet stays a link to it', async () => {
  symlinkSync(join('inner', 'file'), join(folder, 'link'));
  symlinkSync('link', join(folder, 'to-link'));
  await stepwell(['export', 'small', '--out', join(folder, 'to-link')], { server: server.url });
  for (const link of ['link', 'to-link']) expect(lstatSync(join(folder, link)).isSymbolicLink()).toBe(true);
  expect(JSON.parse(readFileSync(join(folder, 'inner', 'file'), 'utf8'))).toMatchObject({
    run: { id: 'small' },
  });
});
