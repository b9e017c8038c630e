import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Schedules } from '@stepwell/schedules';
import { Stepwell, workflow } from 'stepwell';
import { alteredStore, type Store } from 'stepwell/engine';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { copyStore } from '../src/copy/copy.ts';
import { stepwell } from './stepwell.ts';

let folder: string;
let source: string;
let target: string;
let bodies: string[];

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'stepwell-copy-')));
  source = `sqlite:${join(folder, 'source.db')}`;
  target = `sqlite:${join(folder, 'target.db')}`;
  bodies = [];
});

afterEach(() => rmSync(folder, { recursive: true }));

const approval = workflow('approval', async (ctx, n: number) => {
  const doubled = await ctx.step('double', () => {
    bodies.push('double');
    return 2 * n;
  });
  const answer = await ctx.waitForCallback('answer', () => {});
  const event = await ctx.waitForEvent('paid');
  return [doubled, answer, event];
});
const quick = workflow('quick', { queue: 'busy' }, (ctx, n: number) => ctx.step('add', () => n + 1));
const broken = workflow('broken', async () => {
  throw new Error('no');
});
const WORKFLOWS = [approval, quick, broken];

const copy = (...args: string[]) => stepwell(['copy', '--from', source, '--to', target, ...args]);

/** Runs in flight, ended and not begun; the answer is the open callback of the one that waits. */
async function populate(): Promise<string> {
  await using well = await Stepwell.open({ store: source, workflows: WORKFLOWS });
  const run = await well.start(approval, 21, { id: 'in flight' });
  for await (const { event } of run.events()) {
    if (event.type === 'operation.succeeded' && event.op === 'answer/submit') break;
  }
  await well.raiseEvent('in flight', 'paid', 'early');
  await (await well.start(quick, 1, { id: 'done' })).result();
  await expect((await well.start(broken, undefined, { id: 'failed' })).result()).rejects.toThrow('no');
  for (let n = 0; n < 250; n++) await well.start(quick, n, { id: `later ${n}`, delay: '1d' });
  await well.setQueue('busy', { concurrency: 3, rate: { limit: 5, period: '1m' } });
  await using schedules = await Schedules.open(well);
  await schedules.set('nightly', { cron: '0 3 * * *', workflow: quick, input: 9 });
  await schedules.pause('nightly', { reason: 'moving' });
  const { waitingFor } = await well.get('in flight');
  return waitingFor.find(({ callback }) => callback !== undefined)!.callback!;
}

async function stores<T>(use: (from: Store, to: Store) => Promise<T>): Promise<T> {
  await using from = await Stepwell.open({ store: source, worker: false });
  await using to = await Stepwell.open({ store: target, worker: false });
  return await use(from.parts.store, to.parts.store);
}

test('everything is there, and what was in flight goes on without doing anything twice', async () => {
  const callback = await populate();
  const copied = await copy('--json');
  expect(copied).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(copied.stdout)).toMatchObject({
    runs: 253,
    queues: 1,
    schedules: 1,
    namespaces: ['default'],
  });

  await using well = await Stepwell.open({ store: target, workflows: WORKFLOWS });
  expect(await well.counts()).toEqual({ queued: 250, waiting: 1, succeeded: 1, failed: 1 });
  await well.callbacks.succeed(callback, 'yes');
  expect(await well.result('in flight')).toEqual([42, 'yes', 'early']);
  expect(bodies).toEqual(['double']);
  expect(await well.result('done')).toBe(2);
  await well.retry('failed');
  await expect(well.result('failed')).rejects.toThrow('no');
  expect((await well.queues()).find(({ name }) => name === 'busy')).toMatchObject({
    settings: { concurrency: 3, rate: { limit: 5, period: 60_000 } },
  });
  await using schedules = await Schedules.open(well);
  expect(await schedules.get('nightly')).toMatchObject({ input: 9, paused: { reason: 'moving' } });
  // Keys go on above those that were copied: what is newest comes first.
  await well.start(quick, 5, { id: 'new' });
  expect((await well.list({ limit: 1 })).runs.map(({ id }) => id)).toEqual(['new']);
});

test('stopped half way it goes on, and a second copy changes nothing', async () => {
  await populate();
  let pages = 0;
  const stopped = stores((from, to) =>
    copyStore(from, to, Date.now(), () => {
      if (++pages === 2) throw new Error('the power went');
    }),
  );
  await expect(stopped).rejects.toThrow('the power went');
  const first = await copy('--json');
  expect(first).toMatchObject({ code: 0 });
  expect(await copy('--json')).toEqual(first);
  expect(first.stdout).toContain('"runs":253');
  expect((await copy()).stdout).toMatch(
    /^253 runs with \d+ commits, the settings of 1 queues and 1 schedules/,
  );
});

test.each<[string, (to: Stepwell) => Promise<unknown>, string]>([
  ['a run of its own', (to) => to.start(quick, 1, { id: 'mine' }), 'the run \\"mine\\"'],
  ['an event more', (to) => to.raiseEvent('in flight', 'paid', 'again'), 'the run \\"in flight\\"'],
  ['a run less, and one more', (to) => to.purge('done').then(() => to.start(quick, 1)), 'the run'],
])('a target with %s is refused', async (_, spoil, message) => {
  await populate();
  expect(await copy()).toMatchObject({ code: 0 });
  {
    await using to = await Stepwell.open({ store: target, workflows: WORKFLOWS, worker: false });
    await spoil(to);
  }
  const refused = await copy('--json');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('COPY_DIFFERS');
  expect(refused.stderr).toContain(message);
});

test('a target with runs of another namespace is refused', async () => {
  await populate();
  {
    await using other = await Stepwell.open({ store: target, workflows: WORKFLOWS, namespace: 'mine' });
    await other.start(quick, 1);
  }
  expect((await copy()).stderr).toContain('COPY_DIFFERS');
});

test.each(['source', 'target'])('an engine on the %s keeps it from being copied', async (which) => {
  await populate();
  await using well = await Stepwell.open({ store: which === 'source' ? source : target });
  const refused = await copy('--json');
  expect(refused.code).toBe(3);
  expect(refused.stderr).toContain('STORE_IN_USE');
  expect(well.namespace).toBe('default');
});

test('a journal that does not read back the same is noticed', async () => {
  await populate();
  await stores(async (from, to) => {
    const spoiled = alteredStore(to, {
      load: (runs) =>
        to.load(
          runs.map((stored) => ({
            ...stored,
            journal: stored.journal.map((commit) => ({ ...commit, at: commit.at + 1 })),
          })),
        ),
    });
    await expect(copyStore(from, spoiled, Date.now(), () => {})).rejects.toMatchObject({
      code: 'COPY_DIFFERS',
    });
  });
});

test.each([
  [['copy'], /required option '--from/],
  [['copy', '--from', 'memory:', '--to', 'sqlite:x.db'], /memory/],
])('stepwell %j is no command', async (args, message) => {
  expect(await stepwell(args)).toMatchObject({ code: 2, stderr: expect.stringMatching(message) });
});
