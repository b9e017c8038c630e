import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Stepwell, workflow } from 'stepwell';
import { exportOf, TestClock, testEngine } from 'stepwell/testing';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { testDatabase } from '../../../test/postgres/shared.ts';
import { importRuns } from '../src/export/import-runs.ts';
import { type FoundExport, readExports } from '../src/export/read-exports.ts';
import { stepwell } from './stepwell.ts';

let folder: string;
let source: string;
let bodies: string[];
/** Id of the child of "f". */
let kid: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'stepwell-import-')));
  source = `sqlite:${join(folder, 'source.db')}`;
  bodies = [];
});

afterEach(() => rmSync(folder, { recursive: true }));

const approval = workflow('approval', { concurrency: { key: () => 'one' } }, async (ctx, n: number) => {
  const doubled = await ctx.step('double', () => bodies.push('double') && 2 * n);
  const answer = await ctx.waitForCallback('answer', () => void bodies.push('ask'));
  const event = await ctx.waitForEvent('paid');
  await ctx.step('note', () => void bodies.push('note'));
  return [doubled, answer, event];
});
const later = workflow('later', (ctx) => ctx.step('at last', () => bodies.push('at last')));
const child = workflow('child', (ctx) => ctx.waitForEvent('go'));
const family = workflow('family', (ctx) => ctx.run(child));
const WORKFLOWS = [approval, later, child, family];

const TARGETS = {
  sqlite: async () => `sqlite:${join(folder, 'target.db')}`,
  postgres: async () => {
    const database = await testDatabase();
    onTestFinished(() => database.drop());
    return database.url;
  },
};

/** Puts runs in flight into the source and exports them; the answer is the file, and the open callback of "a". */
async function exported(...ids: string[]): Promise<{ file: string; callback: string }> {
  let callback = '';
  {
    await using well = await Stepwell.open({ store: source, workflows: WORKFLOWS });
    await well.start(approval, 21, { id: 'a', tags: ['support'] });
    await expect.poll(async () => (await well.get('a')).waitingFor[0]?.callback).toBeDefined();
    callback = (await well.get('a')).waitingFor[0]!.callback!;
    await well.raiseEvent('a', 'paid', 'early');
    await expect.poll(async () => (await well.get('a')).status).toBe('waiting');
    await well.start(later, undefined, { id: 'l', delay: '1d', startDeadline: '1h' });
    await well.start(family, undefined, { id: 'f' });
    await expect.poll(async () => (await well.list({ parent: 'f', status: 'waiting' })).runs).toHaveLength(1);
    kid = (await well.list({ parent: 'f' })).runs[0]!.id;
  }
  const file = join(folder, 'runs.jsonl');
  const named = ids.map((id) => (id === 'the child' ? kid : id));
  expect(await stepwell(['export', ...named, '--store', source, '--out', file])).toMatchObject({ code: 0 });
  return { file, callback };
}

const delayed = (readyAt: number) => (found: FoundExport) => {
  const { checksum: _, ...stored } = found.exported;
  return { ...found, exported: exportOf({ ...stored, run: { ...stored.run, readyAt } }, 'store', 0) };
};

const imported = (file: string, store: string, ...args: string[]) =>
  stepwell(['import', file, '--store', store, '--json', ...args]);

test.each(Object.entries(TARGETS))(
  'on %s: a run comes in paused, and goes on when it is told to',
  async (_, target) => {
    const { file, callback } = await exported('a');
    const store = await target();
    {
      // The target has runs of its own: the keys of both stores are the same.
      await using well = await Stepwell.open({ store, workflows: WORKFLOWS });
      await (await well.start(later, undefined, { id: 'own' })).result();
    }
    bodies = [];
    const done = await imported(file, store);
    expect(done).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(done.stdout)).toEqual({ run: 'a', namespace: 'default', status: 'paused', from: file });

    await using well = await Stepwell.open({ store, workflows: WORKFLOWS });
    await well.callbacks.succeed(callback, 'yes');
    const info = await well.get('a');
    expect(info).toMatchObject({ status: 'paused', tags: ['support'] });
    expect(info.waitingFor).toMatchObject([{ kind: 'paused', detail: expect.stringContaining('imported') }]);
    expect((await well.list()).runs.map(({ id }) => id)).toEqual(['a', 'own']);
    await well.resume('a');
    expect(await well.result('a')).toEqual([42, 'yes', 'early']);
    expect(bodies).toEqual(['note']);
    expect(await well.result('own')).toBeDefined();
  },
);

test('with --resume runs go on at once, and do nothing twice', async () => {
  const { file, callback } = await exported('a', 'l');
  const store = await TARGETS.sqlite();
  bodies = [];
  expect(await imported(file, store, '--resume')).toMatchObject({ code: 0 });
  await using well = await Stepwell.open({ store, workflows: WORKFLOWS });
  await well.callbacks.succeed(callback, 'yes');
  expect(await well.result('a')).toEqual([42, 'yes', 'early']);
  expect(bodies).toEqual(['note']);
  // Not before its time.
  expect(await well.get('l')).toMatchObject({ status: 'queued', readyAt: expect.any(Number) });
});

test('a run that has not begun is paused at its time, and misses no deadline', async () => {
  const { file } = await exported('l');
  bodies = [];
  const clock = new TestClock(Date.now());
  await using engine = await testEngine({ clock, workflows: WORKFLOWS });
  const { store } = engine;
  const given = { resume: false, now: clock.now(), uuid: clock.system.uuid };
  const found: FoundExport[] = [];
  for await (const one of readExports([file])) found.push(one);
  await importRuns(store, found, given, () => {});
  await engine.advance('23h');
  expect((await engine.well.get('l')).status).toBe('queued');
  await engine.advance('2h');
  expect((await engine.well.get('l')).status).toBe('paused');
  expect(bodies).toEqual([]);
  await engine.well.resume('l');
  expect(await engine.well.result('l')).toBe(1);

  // Imported after its time, it is paused at once.
  await importRuns(store, found, { ...given, as: 'late', now: clock.now() }, () => {});
  await engine.advance('10s');
  expect((await engine.well.get('late')).status).toBe('paused');
  await engine.well.resume('late');
  expect(await engine.well.result('late')).toBe(2);

  // Resumed before its time, it begins at its time.
  const early = { ...given, as: 'early', now: given.now };
  await importRuns(store, found.map(delayed(clock.now() + 3_600_000)), early, () => {});
  await engine.well.resume('early');
  await engine.advance('59m');
  expect((await engine.well.get('early')).status).toBe('queued');
  await engine.advance('2m');
  expect(await engine.well.result('early')).toBe(3);
});

test('a parent and its child that come together still know each other; one that comes alone is nobody’s child', async () => {
  const { file } = await exported('f', 'the child');
  const store = await TARGETS.sqlite();
  {
    await using well = await Stepwell.open({ store, workflows: WORKFLOWS });
    for (let n = 0; n < 3; n++) await (await well.start(later)).result();
  }
  expect(await imported(file, store, '--resume')).toMatchObject({ code: 0 });
  await using well = await Stepwell.open({ store, workflows: WORKFLOWS });
  expect((await well.get(kid)).parent).toMatchObject({ id: 'f' });
  await well.raiseEvent(kid, 'go', 'went');
  expect(await well.result('f')).toBe('went');

  const alone = join(folder, 'alone.json');
  await stepwell(['export', kid, '--store', source, '--out', alone]);
  const other = `sqlite:${join(folder, 'other.db')}`;
  expect(await imported(alone, other)).toMatchObject({ code: 0 });
  await using there = await Stepwell.open({ store: other, worker: false });
  expect((await there.get(kid)).parent).toBeUndefined();
});

test('ids that exist are refused, all are named, and nothing is imported', async () => {
  const { file } = await exported('l', 'a', 'f');
  const store = await TARGETS.sqlite();
  {
    await using well = await Stepwell.open({ store, workflows: WORKFLOWS, worker: false });
    for (const id of ['a', 'f']) await well.start(later, undefined, { id });
  }
  const refused = await imported(file, store);
  expect(refused).toMatchObject({ stdout: '' });
  expect(refused.code).not.toBe(0);
  expect(JSON.parse(refused.stderr)).toMatchObject({
    error: { code: 'RUN_ID_TAKEN', message: expect.stringContaining('"a", "f"') },
  });
  await using well = await Stepwell.open({ store, worker: false });
  expect((await well.list()).runs.map(({ id }) => id)).toEqual(['f', 'a']);
});

test('a copy under another name in the same store leaves the callbacks of the original alone', async () => {
  const { file, callback } = await exported('a');
  expect(await imported(file, source, '--as', 'copy')).toMatchObject({ code: 0 });
  expect(await imported(file, source, '--namespace', 'elsewhere')).toMatchObject({ code: 0 });
  expect(await imported(file, source, '--as', 'copy')).not.toMatchObject({ code: 0 });
  await using well = await Stepwell.open({ store: source, workflows: WORKFLOWS });
  await well.callbacks.succeed(callback, 'yes');
  expect(await well.result('a')).toEqual([42, 'yes', 'early']);
  expect((await well.get('copy')).status).toBe('paused');
  await using elsewhere = await Stepwell.open({
    store: well.parts.store,
    worker: false,
    namespace: 'elsewhere',
  });
  expect((await elsewhere.get('a')).status).toBe('paused');
});

test('a run that has ended comes in as it is; a file with an engine on it is refused', async () => {
  {
    await using well = await Stepwell.open({ store: source, workflows: WORKFLOWS });
    await (await well.start(later, undefined, { id: 'done' })).result();
  }
  const file = join(folder, 'done.json');
  await stepwell(['export', 'done', '--store', source, '--out', file]);
  const store = await TARGETS.sqlite();
  expect(JSON.parse((await imported(file, store)).stdout)).toMatchObject({ status: 'succeeded' });
  await using well = await Stepwell.open({ store, workflows: WORKFLOWS });
  expect(await well.result('done')).toBe(1);
  const refused = await imported(file, store, '--as', 'again');
  expect(JSON.parse(refused.stderr)).toMatchObject({ error: { code: 'STORE_IN_USE' } });
  expect(await imported(file, store, '--as', 'not\nan id')).not.toMatchObject({ code: 0 });
});
