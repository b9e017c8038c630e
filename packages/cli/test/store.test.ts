// The commands on a store itself: a SQLite file that no engine has open.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Stepwell } from 'stepwell';
import { type Ended, stepwell } from './stepwell.ts';
import { approve, end, greet, waitForGo } from './workflows.ts';

/** Some tests start ten processes, one after the other, and the machine may be busy with other tests. */
vi.setConfig({ testTimeout: 90_000 });

const WORKFLOWS = join(import.meta.dirname, 'workflows.ts');

let folder: string;
let store: string;

/** An engine that goes on with the runs for a while. */
async function work<T>(what: (well: Stepwell) => Promise<T>): Promise<T> {
  await using well = await Stepwell.open({ store, workflows: [approve, end, greet, waitForGo] });
  return await what(well);
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stepwell-store-'));
  store = `sqlite:${join(folder, 'runs.db')}`;
});

afterAll(() => rmSync(folder, { recursive: true }));

const run = (...args: string[]): Promise<Ended> => stepwell([...args, '--store', store]);

async function json<T>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await run(...args, '--json');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as T;
}

/** What a run waits for, once it does. */
const waitOf = (well: Stepwell, id: string) =>
  expect.poll(async () => (await well.get(id)).waitingFor[0]?.kind, { timeout: 15_000 }).toBeDefined();

describe('a file that no engine has', () => {
  test('takes starts, events, callbacks and control; an engine goes on with them', async () => {
    await work(async (well) => {
      await well.start('wait', undefined, { id: 'w', tags: ['t'] });
      await well.start('approve', undefined, { id: 'a' });
      for (const id of ['w', 'a']) await waitOf(well, id);
    });
    expect(await json('run', 'greet', '{"name":"Ann"}', '--id', 'g', '--workflows', WORKFLOWS)).toEqual({
      id: 'g',
      created: true,
    });
    expect((await run('show', 'w')).stdout).toMatch(/^w {2}wait@1 {2}waiting\n[^]*waits for event "go"/);
    expect((await run('raise', 'w', 'go', '1')).stdout).toBe('raised go to w\n');
    const { run: shown } = await json<{ run: { waitingFor: { callback: string }[] } }>('show', 'a');
    expect(await run('callback', 'succeed', shown.waitingFor[0]!.callback, '"yes"')).toMatchObject({
      code: 0,
    });
    expect((await run('queue', 'pause', 'slow')).stdout).toBe('slow is paused\n');
    const results = await work((well) => Promise.all(['w', 'a', 'g'].map((id) => well.result(id))));
    expect(results).toEqual([{ came: 1 }, 'yes', 'Hello Ann']);
    const listed = await json<{ runs: { id: string }[] }>('list', '--status', 'succeeded');
    expect(listed.runs.map(({ id }) => id)).toEqual(['g', 'a', 'w']);
    expect((await run('events', 'g')).stdout).toMatch(/✓ succeeded +"Hello Ann"\n$/);
    expect((await run('queue', 'list')).stdout).toMatch(/\nslow +0 .*paused/);
    expect((await run('purge', '--tag', 't', '--dry-run')).stdout).toMatch(/^1 run \(1 succeeded\) would/);
    expect(await json('purge', '--tag', 't')).toEqual({ count: 1 });
    expect(await run('show', 'w')).toMatchObject({
      code: 4,
      stderr: expect.stringMatching(/RUN_NOT_FOUND/) as string,
    });
  });

  test('keeps schedules', async () => {
    const args = ['schedule', 'set', 'daily', 'greet', '{"name":"Bo"}', '--cron', '0 9 * * *'];
    expect((await run(...args, '--workflows', WORKFLOWS)).stdout).toMatch(/^daily: 0 9 \* \* \* UTC, /);
    expect(await run(...args)).toMatchObject({
      code: 4,
      stderr: expect.stringMatching(/WORKFLOW_UNKNOWN/) as string,
    });
    expect((await run('schedule', 'pause', 'daily')).stdout).toBe('daily is paused\n');
    const { id } = await json<{ id: string }>('schedule', 'run', 'daily', '--workflows', WORKFLOWS);
    expect(await work((well) => well.result(id))).toBe('Hello Bo');
    expect((await run('schedule', 'delete', 'daily')).stdout).toBe('daily is deleted\n');
    expect(await json('schedule', 'list')).toEqual({ schedules: [] });
  });

  test('keeps files of runs', async () => {
    const file = join(folder, 'in.csv');
    writeFileSync(file, 'a,b\n1,2\n');
    const put = ['artifacts', 'put', 'f', 'in/data.csv', file, '--content-type', 'text/csv'];
    expect(await json(...put)).toMatchObject({ run: 'f', name: 'in/data.csv', number: 1, size: 8 });
    expect((await run('artifacts', 'list', 'f')).stdout).toMatch(/\nin\/data\.csv +1 +8 B .* text\/csv\n$/);
    expect(await run('artifacts', 'get', 'f', 'in/data.csv')).toMatchObject({
      code: 0,
      stdout: 'a,b\n1,2\n',
    });
    const out = join(folder, 'out.csv');
    expect(await json('artifacts', 'get', 'f', 'in/data.csv', '--out', out)).toMatchObject({ size: 8 });
    expect(readFileSync(out, 'utf8')).toBe('a,b\n1,2\n');
    const elsewhere = ['--artifacts', `file:${join(folder, 'files')}`];
    expect(await json('artifacts', 'put', 'e', 'x', file, ...elsewhere)).toMatchObject({ number: 1 });
    expect((await run('artifacts', 'get', 'e', 'x', ...elsewhere)).stdout).toBe('a,b\n1,2\n');
    expect(readdirSync(join(folder, 'files')).length).toBeGreaterThan(0);
    expect(await run('artifacts', 'get', 'e', 'x')).toMatchObject({
      code: 4,
      stderr: expect.stringMatching(/^ARTIFACT_DAMAGED: /) as string,
    });
  });

  test('is found by the environment, after a server that is named there', async () => {
    const env = { STEPWELL_STORE: store };
    expect(await stepwell(['list', '--workflow', 'nothing'], { env })).toMatchObject({
      stdout: 'No runs.\n',
    });
    const both = { ...env, STEPWELL_SERVER: 'http://127.0.0.1:9' };
    expect(await stepwell(['list'], { env: both })).toMatchObject({ code: 3 });
    expect((await stepwell(['list', '--workflow', 'nothing', '--store', store], { env: both })).code).toBe(0);
  });
});

test('a file that an engine has is refused, and the server is named', async () => {
  await work(async () => {
    const { code, stderr } = await run('list');
    expect(code).toBe(3);
    expect(stderr).toMatch(/^STORE_IN_USE: .*--server URL in place of --store\.\n$/);
  });
});
