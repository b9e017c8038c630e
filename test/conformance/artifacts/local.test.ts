import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileArtifacts } from '../../../packages/stepwell/src/artifacts/file-store.ts';
import { MemoryArtifacts } from '../../../packages/stepwell/src/artifacts/memory-store.ts';
import { describeOwnership } from './ownership.ts';
import { describeArtifactStore } from './suite.ts';

describeArtifactStore('memory', () =>
  Promise.resolve({ store: new MemoryArtifacts(() => Date.now()), [Symbol.asyncDispose]: async () => {} }),
);

describeArtifactStore('file', async () => {
  const root = await mkdtemp(join(tmpdir(), 'stepwell-artifacts-'));
  return {
    store: new FileArtifacts(root, randomUUID),
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
});

describeOwnership('memory', () =>
  Promise.resolve({
    place: () => new MemoryArtifacts(() => Date.now()),
    [Symbol.asyncDispose]: async () => {},
  }),
);

describeOwnership('file', async () => {
  const root = await mkdtemp(join(tmpdir(), 'stepwell-artifacts-'));
  return {
    place: (name) => new FileArtifacts(join(root, name), randomUUID),
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
});
