import {
  type AnyDefinition,
  type ScheduleSettings,
  type StepwellError,
  type Stepwell,
  workflow,
} from 'stepwell';
import { testEngine, TestClock } from 'stepwell/testing';
import type { Store } from 'stepwell/engine';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { alteredStore } from '../../stepwell/src/store/altered.ts';
import { openMemoryStore } from '../../stepwell/src/store/memory/store.ts';
import { Schedules } from '../src/index.ts';

const MIDNIGHT = Date.UTC(2030, 0, 1);
const HOURLY = { cron: '0 * * * *' } as const;

const quick = workflow('quick', (ctx, n: number) => ctx.step('count', () => n));
const long = workflow('long', async (ctx) => {
  await ctx.sleep('90m');
  return 'done';
});
const strict = workflow('strict', { input: z.object({ n: z.number() }) }, async () => 1);
const keyed = workflow('keyed', { concurrency: { key: () => 'k', limit: 2 } }, async () => 1);
const WORKFLOWS = [quick, long, strict, keyed];

let store: Store;
let clock: TestClock;
const opened: { well: Stepwell; schedules: Schedules }[] = [];
let told: unknown[];

beforeEach(() => {
  store = openMemoryStore();
  clock = new TestClock(MIDNIGHT);
  told = [];
});

afterEach(async () => {
  for (const { well, schedules } of opened.splice(0)) {
    await schedules.close();
    await well.close();
  }
  if (told.length > 0) throw new Error('something went wrong that no test expects', { cause: told });
});

/** A process with an engine and schedules on the store of the test. */
async function open(workflows: readonly AnyDefinition[] = WORKFLOWS, on: Store = store) {
  const { well } = await testEngine({ store: on, clock, workflows });
  const schedules = await Schedules.open(well, { onError: (error) => told.push(error) });
  opened.push({ well, schedules });
  return { well, schedules };
}

/** As a crash would end it: nothing more of it is done. */
async function crash(process: { well: Stepwell; schedules: Schedules }): Promise<void> {
  process.well.kill();
  await process.schedules.close();
  opened.splice(opened.indexOf(process), 1);
}

/** Ids of the runs, oldest first, without the day, with how they stand. */
async function runs(well: Stepwell): Promise<string[]> {
  const { runs } = await well.list({ limit: 1_000 });
  return runs
    .toReversed()
    .map(({ id, status }) => `${id.replace(/2030-01-01T(..:..):00.000Z/, '$1')} ${status}`);
}

test('starts a run at each of its times, with its input, and tells what comes next', async () => {
  const { well, schedules } = await open();
  const made = await schedules.set('count', { ...HOURLY, workflow: quick, input: 7 });
  expect(made).toEqual({
    name: 'count',
    workflow: 'quick',
    version: '1',
    input: 7,
    timing: { cron: '0 * * * *', timeZone: 'UTC' },
    overlap: 'skip',
    catchUp: 'latest',
    nextAt: MIDNIGHT + 3_600_000,
    starting: [],
  });
  expect(await schedules.next('count', 2)).toEqual([MIDNIGHT + 3_600_000, MIDNIGHT + 7_200_000]);
  await clock.advance('59m');
  expect(await runs(well)).toEqual([]);
  await clock.advance('90m');
  expect(await runs(well)).toEqual(['count@01:00 succeeded', 'count@02:00 succeeded']);
  expect(await well.result('count@2030-01-01T01:00:00.000Z')).toBe(7);
  expect(await schedules.get('count')).toMatchObject({
    nextAt: MIDNIGHT + 3 * 3_600_000,
    last: { run: 'count@2030-01-01T02:00:00.000Z', at: MIDNIGHT + 7_200_000 },
    starting: [],
  });
});

test('starts once, however many processes there are', async () => {
  const processes = [await open(), await open(), await open()];
  await processes[0]!.schedules.set('count', { every: '10m', workflow: 'quick', input: 1, overlap: 'allow' });
  // The others notice it within their round.
  await clock.advance('10s');
  for (let n = 0; n < 6; n++) await clock.advance('10m');
  const expected = ['00:10', '00:20', '00:30', '00:40', '00:50', '01:00'].map(
    (time) => `count@${time} succeeded`,
  );
  expect(await runs(processes[1]!.well)).toEqual(expected);
});

test.each<[ScheduleSettings['overlap'], string[]]>([
  ['skip', ['01:00 succeeded', '03:00 waiting']],
  ['allow', ['01:00 succeeded', '02:00 waiting', '03:00 waiting']],
  ['cancel', ['01:00 cancelled', '02:00 cancelled', '03:00 waiting']],
  ['queue', ['01:00 succeeded', '02:00 waiting', '03:00 queued']],
])('while the run before has not ended: %s', async (overlap, expected) => {
  const { well, schedules } = await open();
  await schedules.set('long', { ...HOURLY, workflow: long, overlap: overlap! });
  await clock.advance('3h');
  await clock.settle();
  expect(await runs(well)).toEqual(expected.map((text) => `long@${text}`));
  await clock.advance('4h');
  expect((await schedules.get('long')).starting).toEqual([]);
});

test.each<[ScheduleSettings['catchUp'], `${number}h${number}m` | `3h30s`, string[]]>([
  ['none', '3h30m', []],
  ['latest', '3h30m', ['03:00']],
  ['all', '3h30m', ['01:00', '02:00', '03:00']],
  // A minute late is not missed.
  ['none', '3h30s', ['03:00']],
])('after a time without any process: %s, %s', async (catchUp, pause, expected) => {
  const before = await open();
  await before.schedules.set('count', {
    ...HOURLY,
    workflow: quick,
    input: 1,
    catchUp: catchUp!,
    overlap: 'allow',
  });
  await crash(before);
  await clock.advance(pause);
  const { well, schedules } = await open();
  await clock.settle();
  expect(await runs(well)).toEqual(expected.map((time) => `count@${time} succeeded`));
  expect((await schedules.get('count')).nextAt).toBe(MIDNIGHT + 4 * 3_600_000);
  await clock.advance('1h');
  expect((await runs(well)).at(-1)).toBe('count@04:00 succeeded');
});

test('paused it starts nothing, and what falls into the pause is not made up for', async () => {
  const { well, schedules } = await open();
  await schedules.set('count', { ...HOURLY, workflow: quick, input: 1, catchUp: 'all' });
  await schedules.pause('count', { reason: 'audit' });
  await schedules.pause('count');
  expect((await schedules.get('count')).paused).toEqual({ at: MIDNIGHT, reason: 'audit' });
  await clock.advance('2h30m');
  expect(await runs(well)).toEqual([]);
  await schedules.resume('count');
  await schedules.resume('count');
  expect((await schedules.get('count')).paused).toBeUndefined();
  await clock.advance('1h');
  expect(await runs(well)).toEqual(['count@03:00 succeeded']);
});

test('a run can be started at once, and the next in line knows of it', async () => {
  const { well, schedules } = await open();
  await schedules.set('long', { ...HOURLY, workflow: long });
  await schedules.pause('long');
  const run = await schedules.runNow('long');
  const second = await schedules.runNow('long');
  expect(second.id).not.toBe(run.id);
  await schedules.resume('long');
  await clock.advance('1h');
  // The one that was started by hand has not ended.
  expect(await runs(well)).toEqual([`${shortId(run.id)} waiting`, `${shortId(second.id)} waiting`]);
  await clock.advance('1h');
  expect((await runs(well)).at(-1)).toBe('long@02:00 waiting');
});

function shortId(id: string): string {
  return id.replace('2030-01-01T00:00:00.000Z', '00:00');
}

test('the same settings again change nothing; other times begin anew, and what was started stays known', async () => {
  const { well, schedules } = await open();
  await schedules.set('long', { every: '40m', workflow: long });
  await clock.advance('41m');
  const before = await schedules.get('long');
  await clock.advance('1m');
  expect(await schedules.set('long', { every: '40m', workflow: long })).toEqual(before);
  const changed = await schedules.set('long', { cron: '*/15 * * * *', workflow: long });
  expect(changed).toMatchObject({ nextAt: MIDNIGHT + 45 * 60_000, last: before.last });
  await clock.advance('5m');
  expect(await runs(well)).toEqual(['long@00:40 waiting']);
});

test('a process makes the starts of the workflows that it has', async () => {
  const other = await open([quick]);
  const own = await open([long]);
  await own.schedules.set('long', { ...HOURLY, workflow: 'long' });
  await other.schedules.set('count', { ...HOURLY, workflow: 'quick', input: 1 });
  await crash(own);
  await clock.advance('2h');
  expect(await runs(other.well)).toEqual(['count@01:00 succeeded', 'count@02:00 succeeded']);
  await open([long]);
  await clock.settle();
  expect((await runs(other.well)).at(-1)).toBe('long@02:00 waiting');
});

test('one that is deleted starts nothing any more', async () => {
  const { well, schedules } = await open();
  await schedules.set('count', { ...HOURLY, workflow: quick, input: 1 });
  await schedules.delete('count');
  await clock.advance('2h');
  expect(await runs(well)).toEqual([]);
  expect(await schedules.list()).toEqual([]);
});

test('what is not there', async () => {
  const { schedules } = await open();
  const missing = { code: 'SCHEDULE_NOT_FOUND', message: 'There is no schedule "x".' };
  for (const ask of [
    () => schedules.get('x'),
    () => schedules.pause('x'),
    () => schedules.resume('x'),
    () => schedules.runNow('x'),
    () => schedules.next('x'),
    () => schedules.delete('x'),
  ]) {
    await expect(ask()).rejects.toMatchObject(missing);
  }
});

test.each<[string, ScheduleSettings, StepwellError['code']]>([
  ['s', { every: '1h', workflow: 'strict', input: { n: 'one' } }, 'INPUT_INVALID'],
  ['s', { every: '1h', workflow: 'quick', input: new Date() }, 'VALUE_NOT_JSON'],
  ['s', { every: '1h', workflow: 'nobody' }, 'WORKFLOW_UNKNOWN'],
  ['s', { every: '1h', workflow: { name: 'quick', version: '9' } }, 'WORKFLOW_VERSION_UNKNOWN'],
  ['s', { every: '1h', workflow: 'quick', queue: 'a/b' }, 'NAME_INVALID'],
  ['s', { every: '1h', workflow: 'quick', priority: 0.5 }, 'OPTION_INVALID'],
  ['s', { every: 'soon' as '1h', workflow: 'quick' }, 'DURATION_INVALID'],
  ['s', { every: '1h', workflow: 'quick', overlap: 'maybe' as 'skip' }, 'SCHEDULE_INVALID'],
  ['s', { every: '1h', workflow: 'quick', catchUp: 'some' as 'none' }, 'SCHEDULE_INVALID'],
  ['s', { every: '1h', workflow: 'keyed', overlap: 'queue' }, 'SCHEDULE_INVALID'],
  ['', { every: '1h', workflow: 'quick' }, 'SCHEDULE_INVALID'],
  ['x'.repeat(201), { every: '1h', workflow: 'quick' }, 'SCHEDULE_INVALID'],
  ['a\nb', { every: '1h', workflow: 'quick' }, 'ID_INVALID'],
])('%j %j is refused', async (name, options, code) => {
  const { schedules } = await open();
  await expect(schedules.set(name, options)).rejects.toMatchObject({ code });
  expect(await schedules.list()).toEqual([]);
});

test('an input that does not fit any more is shown, and the schedule goes on', async () => {
  const before = await open();
  await before.schedules.set('s', { ...HOURLY, workflow: 'strict', input: { n: 1 } });
  await crash(before);
  const stricter = workflow('strict', { input: z.object({ n: z.number().min(2) }) }, async () => 1);
  const after = await open([stricter]);
  await clock.advance('1h');
  expect(await after.schedules.get('s')).toMatchObject({
    problem: { code: 'INPUT_INVALID', at: MIDNIGHT + 3_600_000 },
    starting: [],
    nextAt: MIDNIGHT + 7_200_000,
  });
  await after.schedules.set('s', { ...HOURLY, workflow: 'strict', input: { n: 2 } });
  await clock.advance('1h');
  expect((await after.schedules.get('s')).problem).toBeUndefined();
  expect(await runs(after.well)).toEqual(['s@02:00 succeeded']);
});

test('a run that makes room for the next one cleans up, also if whoever cancelled it died before it could say so', async () => {
  const tidy = workflow('tidy', async (ctx) => {
    try {
      await ctx.waitForEvent('go');
    } catch {
      await ctx.sleep('cleaning', '30m');
    }
  });
  const first = await open([tidy]);
  await first.schedules.set('s', { ...HOURLY, workflow: tidy, overlap: 'cancel' });
  await clock.advance('1h');
  await crash(first);
  const deliver: Store['deliver'] = async (deliveries) => {
    await store.deliver(deliveries);
    return new Promise(() => {});
  };
  const { well: dying } = await testEngine({
    store: alteredStore(store, { deliver }),
    clock,
    workflows: [tidy],
  });
  void Schedules.open(dying, { onError: (error) => told.push(error) });
  await clock.advance('1h');
  dying.kill();
  await clock.advance('1m');
  const { well } = await open([tidy]);
  await clock.advance('5m');
  expect(await runs(well)).toEqual(['s@01:00 waiting', 's@02:00 waiting']);
  await clock.advance('30m');
  expect(await runs(well)).toEqual(['s@01:00 succeeded', 's@02:00 waiting']);
});

test('a name may end with a space: runs make room for each other, and other schedules go on', async () => {
  const { well, schedules } = await open();
  await schedules.set('s ', { ...HOURLY, workflow: long, overlap: 'cancel' });
  await schedules.set('t', { ...HOURLY, workflow: quick, input: 1 });
  await clock.advance('1h');
  await clock.advance('1h');
  expect((await runs(well)).toSorted()).toEqual([
    's @01:00 cancelled',
    's @02:00 waiting',
    't@01:00 succeeded',
    't@02:00 succeeded',
  ]);
});

const CALLS = ['schedules', 'saveSchedule', 'get', 'start'] as const;

/** A store that stops answering at its n-th call, which is done before (`after`) or not: whoever calls it has died. */
function dyingStore(
  inner: Store,
  n: number,
  when: 'before' | 'after',
): { store: Store; calls: () => number } {
  let calls = 0;
  const altered = Object.fromEntries(
    CALLS.map((method) => [
      method,
      async (...given: unknown[]) => {
        calls++;
        const never = new Promise<never>(() => {});
        if (calls > n || (calls === n && when === 'before')) return never;
        const answer = await (inner[method] as (...args: unknown[]) => Promise<unknown>).apply(inner, given);
        return calls === n ? never : answer;
      },
    ]),
  );
  return { store: alteredStore(inner, altered), calls: () => calls };
}

test.each(['before', 'after'] as const)(
  'wherever a process dies (%s a call), another makes each start once',
  async (when) => {
    const outcomes = new Set<string>();
    let points = 0;
    for (let n = 1; ; n++) {
      const shared = openMemoryStore();
      store = shared;
      clock = new TestClock(MIDNIGHT);
      const first = await open([long]);
      await first.schedules.set('long', { ...HOURLY, workflow: long, overlap: 'cancel', catchUp: 'all' });
      await crash(first);
      const dying = dyingStore(shared, n, when);
      const { well } = await testEngine({ store: dying.store, clock, workflows: [long] });
      const opening = Schedules.open(well, { onError: (error) => told.push(error) });
      await clock.advance('1h');
      await clock.advance('1h');
      const hasDied = dying.calls() >= n;
      well.kill();
      if (!hasDied) {
        await (await opening).close();
        break;
      }
      points++;
      await clock.advance('1m');
      const { well: second } = await open([long]);
      await clock.advance('3h');
      const { runs: all } = await second.list({ limit: 100 });
      outcomes.add(
        all
          .map(({ id }) => id.slice(-13, -8))
          .toSorted()
          .join(' '),
      );
      await crash(opened[0]!);
    }
    expect(points).toBeGreaterThan(8);
    expect([...outcomes]).toEqual(['01:00 02:00 03:00 04:00 05:00']);
  },
);
