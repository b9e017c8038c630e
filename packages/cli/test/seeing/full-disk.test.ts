// A server on a disk that is really full: it lives, can be read from, and says that it is not ready, until there is room.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, realpathSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';

const MAIN = resolve(import.meta.dirname, '../../src/main.ts');
/** As root in a container or not, as a user who may have a namespace of his own. */
const WAY = ['-m', '-rm'].find(
  (way) => spawnSync('/bin/sh', ['-c', `unshare ${way} mount -t tmpfs tmpfs /mnt`]).status === 0,
);

test.skipIf(WAY === undefined)(
  'not ready while the disk is full, ready again when there is room',
  async () => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'stepwell-full-')));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const disk = join(folder, 'disk');
    mkdirSync(disk);
    const mount = `mount -t tmpfs -o size=4m,mode=700 tmpfs "${disk}" && exec "$@"`;
    const inside = `exec unshare ${WAY!} sh -c '${mount}' sh "$@"`;
    const command = [
      process.execPath,
      MAIN,
      'server',
      '--store',
      `sqlite:${disk}/runs.db`,
      '--port',
      '0',
      '--json',
    ];
    const server = spawn('/bin/sh', ['-c', inside, 'sh', ...command]);
    onTestFinished(async () => {
      const exited = once(server, 'exit');
      server.kill('SIGKILL');
      await exited;
    });
    const { url } = JSON.parse(await firstLine(server.stdout)) as { url: string };
    const ready = async () => {
      const response = await fetch(`${url}/readyz`);
      return response.status === 200 ? 'ready' : ((await response.json()) as { code: string }).code;
    };
    expect(await ready()).toBe('ready');

    // The disk is in the server's own namespace.
    const ballast = join('/proc', String(server.pid), 'root', disk, 'ballast');
    fill(ballast);
    await expect.poll(ready, { timeout: 10_000, interval: 250 }).toBe('STORE_FULL');
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect((await fetch(`${url}/v1/runs`)).status).toBe(200);
    rmSync(ballast);
    await expect.poll(ready, { timeout: 10_000, interval: 250 }).toBe('ready');
  },
);

async function firstLine(stream: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: stream })) return line;
  throw new Error('It ended without a word.');
}

/** Down to single bytes. */
function fill(path: string): void {
  const file = openSync(path, 'a');
  const chunk = Buffer.alloc(64 * 1024);
  for (let size = chunk.length; size >= 1; ) if (!append(file, chunk, size)) size = Math.floor(size / 2);
  closeSync(file);
}

function append(file: number, chunk: Buffer, bytes: number): boolean {
  try {
    return writeSync(file, chunk, 0, bytes) > 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return false;
    throw error;
  }
}
