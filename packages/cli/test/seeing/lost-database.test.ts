// What goes wrong where no caller hears of it stands in the log in its form: lines of JSON, and nothing between them.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { testDatabase } from '../../../../test/postgres/shared.ts';

const MAIN = resolve(import.meta.dirname, '../../src/main.ts');

test('a database that is gone is told in lines of JSON', async () => {
  const database = await testDatabase();
  const folder = mkdtempSync(join(tmpdir(), 'stepwell-lost-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'nothing.mjs');
  writeFileSync(file, '');
  const args = [MAIN, 'server', '--store', database.url, '--port', '0', '--json'];
  const server = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(async () => {
    const exited = once(server, 'exit');
    if (server.exitCode === null) server.kill('SIGKILL') && (await exited);
  });
  await once(createInterface(server.stdout), 'line');
  // The connection that listens is lost, and schedules cannot be looked up any more.
  await database.drop();
  const messages = new Set<unknown>();
  for await (const line of createInterface(server.stderr)) {
    const { error } = JSON.parse(line) as { error: { name: string } };
    messages.add(error.name);
    break;
  }
  expect(messages).toEqual(new Set(['StepwellError']));
});
