import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Schedules } from '@stepwell/schedules';
import { Stepwell, workflow } from 'stepwell';
import type { Store } from 'stepwell/engine';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { TestDatabase } from '../../../test/postgres/database.ts';
import { testDatabase } from '../../../test/postgres/shared.ts';
import { copyStore } from '../src/copy/copy.ts';
import { stepwell } from './stepwell.ts';

let folder: string;
let database: TestDatabase;
let bodies: string[];

beforeEach(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'stepwell-copy-postgres-')));
  database = await testDatabase();
  bodies = [];
});

afterEach(async () => {
  rmSync(folder, { recursive: true });
  await database.drop();
});

const approval = workflow('approval', async (ctx, n: number) => {
  const booked = await ctx.transaction('book', () => {
    bodies.push('book');
    return 2 * n;
  });
  const answer = await ctx.waitForCallback('answer', () => {});
  const event = await ctx.waitForEvent('paid');
  await ctx.step('tell', () => void bodies.push('tell'));
  return [booked, answer, event];
});
const quick = workflow('quick', { queue: 'busy' }, (ctx, n: number) => ctx.step('add', () => n + 1));
const broken = workflow('broken', async () => {
  throw new Error('no \u0000 and no 😀');
});
const WORKFLOWS = [approval, quick, broken];

const sqlite = (name: string) => `sqlite:${join(folder, `${name}.db`)}`;
/** Stores beside each other, each in a schema of its own. */
const postgres = (schema: string) => `${database.url}?schema=${schema}`;
const copy = (from: string, to: string) => stepwell(['copy', '--from', from, '--to', to, '--json']);

/** Runs in flight, ended and not begun; the answer is the open callback of the one that waits. */
async function populate(store: string): Promise<string> {
  await using well = await Stepwell.open({ store, workflows: WORKFLOWS });
  const run = await well.start(approval, 21, { id: 'in flight', concurrencyKey: 'mari' });
  for await (const { event } of run.events()) {
    if (event.type === 'operation.succeeded' && event.op === 'answer/submit') break;
  }
  await well.raiseEvent('in flight', 'paid', 'early \u0000');
  await (await well.start(quick, 1, { id: 'done' })).result();
  await expect((await well.start(broken, undefined, { id: 'failed' })).result()).rejects.toThrow('no');
  const later = Array.from({ length: 150 }, (_, n) => ({ input: n, id: `later ${n}`, delay: '1d' }) as const);
  await well.startMany(quick, later);
  await well.start(quick, 0, { id: 'put off', debounce: { key: 'once', delay: '1h' } });
  await well.setQueue('busy', { concurrency: 3, rate: { limit: 5, period: '1m' } });
  await using schedules = await Schedules.open(well);
  await schedules.set('nightly', { cron: '0 3 * * *', workflow: quick, input: 9 });
  await schedules.pause('nightly', { reason: 'moving' });
  const { waitingFor } = await well.get('in flight');
  return waitingFor.find(({ callback }) => callback !== undefined)!.callback!;
}

async function stores<T>(from: string, to: string, use: (from: Store, to: Store) => Promise<T>): Promise<T> {
  await using source = await Stepwell.open({ store: from, worker: false });
  await using target = await Stepwell.open({ store: to, worker: false });
  return await use(source.parts.store, target.parts.store);
}

async function goOn(store: string, callback: string): Promise<void> {
  await using well = await Stepwell.open({ store, workflows: WORKFLOWS });
  expect(await well.counts()).toEqual({ queued: 151, waiting: 1, succeeded: 1, failed: 1 });
  await well.callbacks.succeed(callback, 'yes');
  expect(await well.result('in flight')).toEqual([42, 'yes', 'early \u0000']);
  expect(bodies).toEqual(['book', 'tell']);
  expect(await well.result('done')).toBe(2);
  await well.retry('failed');
  await expect(well.result('failed')).rejects.toThrow('no \u0000 and no 😀');
  const again = await well.start(quick, 7, { debounce: { key: 'once', delay: '1h' } });
  expect({ id: again.id, created: again.created }).toEqual({ id: 'put off', created: false });
  expect((await well.queues()).find(({ name }) => name === 'busy')).toMatchObject({
    settings: { concurrency: 3, rate: { limit: 5, period: 60_000 } },
  });
  await using schedules = await Schedules.open(well);
  expect(await schedules.get('nightly')).toMatchObject({ input: 9, paused: { reason: 'moving' } });
  // Keys go on above those that were copied: what is newest comes first.
  await well.start(quick, 5, { id: 'new', delay: '1d' });
  expect((await well.list({ limit: 1 })).runs.map(({ id }) => id)).toEqual(['new']);
}

test.each([
  ['SQLite', 'PostgreSQL', () => [sqlite('source'), postgres('target')] as const],
  ['PostgreSQL', 'SQLite', () => [postgres('source'), sqlite('target')] as const],
  ['one schema of PostgreSQL', 'another', () => [postgres('source'), postgres('target')] as const],
])('from %s to %s: everything is there, and what was in flight goes on', async (_, __, places) => {
  const [from, to] = places();
  const callback = await populate(from);
  const copied = await copy(from, to);
  expect(copied).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(copied.stdout)).toMatchObject({
    runs: 154,
    queues: 1,
    schedules: 1,
    namespaces: ['default'],
  });
  await goOn(to, callback);
});

test('there and back again, it is what it was', async () => {
  await populate(sqlite('first'));
  const there = await copy(sqlite('first'), postgres('second'));
  const back = await copy(postgres('second'), sqlite('third'));
  expect(back).toEqual(there);
  const [first, third] = await stores(sqlite('first'), sqlite('third'), (one, other) =>
    Promise.all([one.dump(0, 1_000), other.dump(0, 1_000)]),
  );
  expect(third).toEqual(first);
});

test.each([
  ['SQLite', 'PostgreSQL', () => [sqlite('source'), postgres('target')] as const],
  ['PostgreSQL', 'SQLite', () => [postgres('source'), sqlite('target')] as const],
])('from %s to %s: stopped half way it goes on, and a second copy changes nothing', async (_, __, places) => {
  const [from, to] = places();
  await populate(from);
  let pages = 0;
  const stopped = stores(from, to, (source, target) =>
    copyStore(source, target, Date.now(), () => {
      if (++pages === 1) throw new Error('the power went');
    }),
  );
  await expect(stopped).rejects.toThrow('the power went');
  const first = await copy(from, to);
  expect(first).toMatchObject({ code: 0 });
  expect(first.stdout).toContain('"runs":154');
  expect(await copy(from, to)).toEqual(first);
});

test.each(['source', 'target'])('a worker on the %s, a PostgreSQL store, is noticed', async (which) => {
  const [from, to] = which === 'source' ? [postgres('p'), sqlite('s')] : [sqlite('s'), postgres('p')];
  await populate(from);
  await using well = await Stepwell.open({ store: postgres('p') });
  const refused = await copy(from, to);
  expect(refused).toMatchObject({ code: 3, stderr: expect.stringContaining('STORE_IN_USE') });
  expect(refused.stderr).toContain(`on the ${which}`);
  expect(well.namespace).toBe('default');
});

test('whether a worker is alive is told by the clock of the database, not by that of this machine', async () => {
  await populate(sqlite('s'));
  await using well = await Stepwell.open({ store: postgres('p') });
  const hourAhead = Date.now() + 3_600_000;
  const refused = stores(sqlite('s'), postgres('p'), (from, to) => copyStore(from, to, hourAhead, () => {}));
  await expect(refused).rejects.toMatchObject({ code: 'STORE_IN_USE' });
  expect(await well.parts.store.workers()).toHaveLength(1);
});

test('a target that has something else is refused', async () => {
  await populate(sqlite('s'));
  expect(await copy(sqlite('s'), postgres('p'))).toMatchObject({ code: 0 });
  {
    await using well = await Stepwell.open({ store: postgres('p'), workflows: WORKFLOWS, worker: false });
    await well.start(quick, 1, { id: 'mine' });
  }
  const refused = await copy(sqlite('s'), postgres('p'));
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('COPY_DIFFERS') });
  expect(refused.stderr).toContain('the run \\"mine\\"');
});
