import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import type { Store } from '../../src/store/contract.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';

/** A directory of the running test, which is removed after it. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'stepwell-sqlite-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Opens a store that the running test closes at its end, if it has not done so before. */
export function open(path: string, owner = `this test, process ${process.pid}`): Store {
  const store = openSqliteStore({
    path,
    owner,
    now: () => 7000,
    soon: (callback) => void setImmediate(callback),
  });
  onTestFinished(() => store.close());
  return store;
}

const CHILD = new URL('./sqlite-process.ts', import.meta.url).pathname;

/** Opens a store in a process of its own, which the end of the running test kills. */
export function spawnEngine(path: string, task: 'hold' | 'hold as nobody' | 'write') {
  const child = spawn(process.execPath, [CHILD, path, task], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
}
