import { randomUUID } from 'node:crypto';
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { FileArtifacts } from '../../src/artifacts/file-store.ts';
import { folderOf } from '../../src/artifacts/folder.ts';
import { Stepwell, workflow } from '../../src/index.ts';
import { openMemoryStore } from '../../src/store/memory/store.ts';
import { TestClock } from '../../src/testing/index.ts';
import { chunks, sha256 } from '../../../../test/conformance/artifacts/contents.ts';
import { temporaryDirectory } from '../store/sqlite-file.ts';
import { filesIn } from './files.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const nothing = workflow('nothing', async () => null);

/** An engine that only sweeps when it is told to, and another that runs what is started. The clock goes ahead of the disk. */
async function openAt(root: string) {
  const clock = new TestClock(Date.now());
  const store = openMemoryStore();
  const parts = { store, workflows: [nothing], system: clock.system };
  const well = await Stepwell.open({ ...parts, artifacts: `file:${root}`, worker: false });
  const runner = await Stepwell.open(parts);
  onTestFinished(async () => {
    await runner.close();
  });
  return { clock, well, store };
}

test('contents without a record go after a day, half-written ones after an hour, others stay', async () => {
  const root = temporaryDirectory();
  const { clock, well } = await openAt(root);
  const kept = await well.artifacts.write('r', 'f', 'kept');
  await well.artifacts.prepare('r', 'g', 'never on record');
  writeFileSync(join(root, '.unfinished', 'left'), 'half');
  expect(await well.artifacts.sweep()).toEqual({ unfinished: 0, contents: 0, unstarted: 0 });
  await clock.advance(2 * HOUR);
  expect(await well.artifacts.sweep()).toEqual({ unfinished: 1, contents: 0, unstarted: 0 });
  await clock.advance(DAY);
  expect(await well.artifacts.sweep()).toEqual({ unfinished: 0, contents: 1, unstarted: 0 });
  expect(filesIn(root)).toEqual([`default/r/${kept.hash}`]);
});

test('what else lies in the folder is left alone', async () => {
  const root = temporaryDirectory();
  const { clock, well } = await openAt(root);
  await well.artifacts.prepare('r', 'f', 'never on record');
  const others = ['notes.txt', 'photos/cat.jpg', 'a/b/c', 'a/b/c.deleted', `a/b/d/${sha256('deep')}`];
  for (const file of others) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), 'not ours');
  }
  await clock.advance(2 * DAY);
  expect(await well.artifacts.sweep()).toEqual({ unfinished: 0, contents: 1, unstarted: 0 });
  expect(filesIn(root)).toEqual(others.toSorted());
});

test('contents of runs that were purged by another process go', async () => {
  const root = temporaryDirectory();
  const { clock, well, store } = await openAt(root);
  for (const id of ['a', 'b']) {
    await well.artifacts.write(id, 'f', `of ${id}`);
    await (await well.start(nothing, undefined, { id })).result();
  }
  await store.purge('default', 'a');
  await clock.advance(2 * DAY);
  expect(await well.artifacts.sweep()).toMatchObject({ contents: 1 });
  expect(filesIn(root)).toEqual([`default/b/${sha256('of b')}`]);
});

test('files for a run that never was started go after 30 days, those of runs that exist stay', async () => {
  const root = temporaryDirectory();
  const { clock, well } = await openAt(root);
  for (const id of ['started', 'never']) await well.artifacts.write(id, 'f', id);
  await well.start(nothing, undefined, { id: 'started' });
  await clock.advance(29 * DAY);
  expect(await well.artifacts.sweep()).toMatchObject({ unstarted: 0, contents: 0 });
  await clock.advance(2 * DAY);
  expect(await well.artifacts.sweep()).toEqual({ unfinished: 0, unstarted: 1, contents: 1 });
  expect(await well.artifacts.list('never')).toEqual([]);
  expect(filesIn(root)).toEqual([`default/started/${sha256('started')}`]);
});

test('a content that was left is written again just before it is swept: it stays', async () => {
  const root = temporaryDirectory();
  const { well, store } = await openAt(root);
  await well.artifacts.prepare('r', 'f', 'again');
  const path = join(root, 'default/r', sha256('again'));
  const old = (Date.now() - 2 * DAY) / 1_000;
  utimesSync(path, old, old);
  // The sweep has seen that there is no record, and is about to delete.
  const artifacts = store.artifacts.bind(store);
  vi.spyOn(store, 'artifacts').mockImplementationOnce(async (namespace, run) => {
    const none = await artifacts(namespace, run);
    await well.artifacts.write('r', 'f', 'again');
    return none;
  });
  await well.artifacts.sweep();
  expect(await (await well.artifacts.read('r', 'f')).text()).toBe('again');
});

test('runs with ids that are too long for a folder keep their files', async () => {
  const root = temporaryDirectory();
  const { clock, well } = await openAt(root);
  const id = '注'.repeat(200);
  await well.artifacts.write(id, 'f', 'kept');
  await well.start(nothing, undefined, { id });
  const other = new FileArtifacts(root, randomUUID);
  await other.write(folderOf('default', '文'.repeat(200)), chunks('of nobody'));
  await clock.advance(2 * DAY);
  expect(await well.artifacts.sweep()).toMatchObject({ contents: 1 });
  expect(await (await well.artifacts.read(id, 'f')).text()).toBe('kept');
});

test('an engine with a worker sweeps by itself, and goes on after a failure', async () => {
  const root = temporaryDirectory();
  const clock = new TestClock(Date.now());
  const reports: unknown[] = [];
  const artifacts = new FileArtifacts(root, randomUUID);
  const well = await Stepwell.open({
    store: openMemoryStore(),
    artifacts,
    system: clock.system,
    onError: (error) => reports.push(error),
  });
  await well.artifacts.prepare('r', 'f', 'never on record');
  const failure = new Error('for a moment');
  const clean = vi.spyOn(artifacts, 'clean').mockRejectedValueOnce(failure);
  await clock.advance('11m');
  await vi.waitFor(() => expect(reports).toEqual([failure]));
  await clock.advance('24h');
  await vi.waitFor(() => expect(filesIn(root)).toEqual([]));
  await well.close();
  await clock.advance('72h');
  expect(clean).toHaveBeenCalledTimes(2);
});
