// The process that takes a place over dies in the middle of it, at a call of the file system.

import type * as FileSystem from 'node:fs/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { FileArtifacts } from '../../src/artifacts/file-store.ts';
import { Ownership } from '../../src/artifacts/ownership.ts';
import { MemoryStore } from '../../src/store/memory/store.ts';
import { temporaryDirectory } from '../store/sqlite-file.ts';

const dying = vi.hoisted(() => ({ isDead: false }));

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof FileSystem>();
  const rm: typeof real.rm = (...args) =>
    dying.isDead ? Promise.reject(new Error('The process has died.')) : real.rm(...args);
  return { ...real, rm };
});

test('a claim that was being taken away when the process died does not come back when the place is cleaned', async () => {
  onTestFinished(() => void (dying.isDead = false));
  const folder = temporaryDirectory();
  let ids = 0;
  const contents = new FileArtifacts(folder, () => String(++ids));
  const [old, next] = [new MemoryStore(), new MemoryStore()];
  const now = () => Date.now();
  await new Ownership({ contents, store: old, now }).demand();
  const ownership = new Ownership({ contents, store: next, now });
  dying.isDead = true;
  await expect(ownership.adopt()).rejects.toThrow('died');
  dying.isDead = false;
  await ownership.adopt();
  await contents.clean(Date.now() - 3_600_000);
  await new Ownership({ contents, store: next, now }).demand();
  await expect(new Ownership({ contents, store: old, now }).demand()).rejects.toMatchObject({
    code: 'ARTIFACTS_OWNED_ELSEWHERE',
  });
});
