import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { testDatabase } from '../../../test/postgres/shared.ts';

const PROGRAM = join(import.meta.dirname, '..', 'start.ts');

let folder: string;
let shop: ChildProcessWithoutNullStreams;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'stepwell-start-')));
});

afterEach(async () => {
  if (shop.exitCode === null && shop.signalCode === null) {
    shop.kill('SIGINT');
    await once(shop, 'exit');
  }
  rmSync(folder, { recursive: true });
});

function start(...args: string[]): void {
  const ports = ['--port', '0', '--gateway-port', '0', '--rule', 'ok'];
  const { DATABASE_URL: _, ...env } = process.env;
  shop = spawn(process.execPath, [PROGRAM, ...ports, ...args], { cwd: folder, env });
}

/** What it prints up to the last thing to try. */
async function explanation(): Promise<string> {
  let printed = '';
  for await (const chunk of shop.stdout) {
    printed += String(chunk);
    if (/stream\n/.test(printed)) return printed;
  }
  throw new Error(`it ended: ${await text(shop.stderr)}`);
}

/** Does what a `curl` line of the explanation says. */
async function curl(line: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const child = spawn('sh', ['-c', line.replaceAll('curl', 'curl -sSf')], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  said.then(
    ([stdout, stderr]) => (child.exitCode === 0 ? resolve(stdout) : reject(new Error(stderr))),
    reject,
  );
  return promise;
}

async function interrupt(): Promise<number | null> {
  const exited = once(shop, 'exit') as Promise<[number | null]>;
  shop.kill('SIGINT');
  return (await exited)[0];
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test('on PostgreSQL: a server and two workers, three lines to try, and nothing is left over', {
  timeout: 60_000,
}, async () => {
  const database = await testDatabase();
  start('--store', database.url);
  const said = await explanation();
  const pids = [...(/process (\d+), the workers are (\d+) and (\d+)/.exec(said) ?? [])].slice(1).map(Number);
  expect(pids.map(isAlive)).toEqual([true, true, true]);

  const [order, approval, stream] = said.match(/^ {2}curl .*$/gm) as string[];
  expect(await curl(order!)).toContain('"id":"order-');
  // The manager is asked a moment later.
  await expect
    .poll(() => curl(approval!).then(() => 'approved', String), { timeout: 10_000 })
    .toBe('approved');
  expect(await curl(stream!)).toContain('"status":"paid"');

  expect(await interrupt()).toBe(0);
  expect(pids.map(isAlive)).toEqual([false, false, false]);
  await database.drop();
});

test('on SQLite it is one process', async () => {
  start();
  expect(await explanation()).toContain('Runs are kept in .stepwell/order.db.');
  expect(await interrupt()).toBe(0);
});

test('a database that cannot be had is said in words', async () => {
  start('--store', 'postgres://nobody@127.0.0.1:1/nothing');
  const [stderr, [code]] = await Promise.all([text(shop.stderr), once(shop, 'exit')]);
  expect(stderr).toContain('STORE_UNREACHABLE');
  expect(code).toBe(1);
});
