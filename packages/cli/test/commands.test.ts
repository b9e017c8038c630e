import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Schedules } from '@stepwell/schedules';
import { serve, type Server } from '@stepwell/server';
import { type RunInfo, Stepwell } from 'stepwell';
import { type Ended, MAIN, start, stepwell } from './stepwell.ts';
import * as workflows from './workflows.ts';

/** Some tests start ten processes, one after the other, and the machine may be busy with other tests. */
vi.setConfig({ testTimeout: 90_000 });

/** The machine may be busy with other tests. */
const PATIENT = { timeout: 15_000, interval: 10 };

let well: Stepwell;
let server: Server;
let schedules: Schedules;

beforeAll(async () => {
  well = await Stepwell.open({ store: 'memory:', workflows: Object.values(workflows) });
  await well.start('wait', undefined, { id: 'parked' });
  schedules = await Schedules.open(well);
  server = await serve(well, { port: 0, schedules });
});

afterAll(async () => {
  await server.close();
  await schedules.close();
  await well.close();
});

const run = (...args: string[]): Promise<Ended> => stepwell(args, { server: server.url });

/** The one JSON object of a command that must succeed. */
async function json<T>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await run(...args, '--json');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as T;
}

/** What a run waits for, once it does. */
async function waitOf(id: string): Promise<RunInfo['waitingFor'][number]> {
  const reason = async () => (await well.get(id)).waitingFor[0];
  await expect.poll(reason, PATIENT).toBeDefined();
  return (await reason())!;
}

describe.concurrent('queue', () => {
  test('set, pause and resume, and what list shows of it', async () => {
    const settings = { concurrency: 2, rate: { limit: 10, period: '1s' }, perKey: 3, startDeadline: '2h' };
    const given = ['--concurrency', '2', '--rate', '10/1s', '--per-key', '3', '--start-deadline', '2h'];
    expect(await json('queue', 'set', 'slow', ...given)).toEqual({ queue: 'slow', settings });
    expect(await json('queue', 'pause', 'slow', '--reason', 'audit', '--by', 'Ada')).toEqual({
      queue: 'slow',
      reason: 'audit',
      by: 'Ada',
    });
    const listed = await run('queue', 'list');
    expect(listed.stdout).toMatch(
      /^QUEUE +QUEUED[^]*\nslow +0 +0 +0 +0 +2 at once, 10 in 1s, 3 by key, to begin within 2h +its queue: the queue "slow" was paused by Ada: audit/,
    );
    expect((await run('queue', 'resume', 'slow')).stdout).toBe('slow goes on\n');
    expect((await run('queue', 'set', 'slow')).stdout).toBe('slow: no limits\n');
  });

  test.each([
    [['set', 'q', '--rate', 'often'], 2, /rate "often"/],
    [['set', 'q', '--concurrency', '0'], 2, /concurrency "0"/],
    [['set', 'q', '--start-deadline', 'soon'], 2, /start deadline "soon"/],
    [['set', 'q', '--rate', '5/x'], 2, /period of the rate "x"/],
    [['pause', 'a/b'], 4, /NAME_INVALID/],
  ])('queue %j is refused', async (args, code, message) => {
    expect(await run('queue', ...args)).toMatchObject({ code, stderr: expect.stringMatching(message) });
  });
});

describe.concurrent('pause, resume and fork', () => {
  test('a run is held, and goes on', async () => {
    await well.start('wait', undefined, { id: 'pause-1' });
    expect(await json('pause', 'pause-1', '--reason', 'audit')).toEqual({ run: 'pause-1', reason: 'audit' });
    await expect.poll(async () => (await well.get('pause-1')).status, PATIENT).toBe('paused');
    expect((await run('resume', 'pause-1')).stdout).toBe('resuming pause-1\n');
    await expect.poll(async () => (await well.get('pause-1')).status, PATIENT).toBe('waiting');
  });

  test('a fork has another result where it parts', async () => {
    await (await well.start('greet', { name: 'Ann' }, { id: 'fork-1' })).result();
    const args = ['fork', 'fork-1', '--from', 'choose', '--result', '"Goodbye"', '--id', 'fork-2'];
    const { code, stdout, stderr } = await run(...args);
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: 'fork-2\n',
      stderr: `${server.url}/v1/runs/fork-2\n`,
    });
    expect(await well.result('fork-2')).toBe('Goodbye Ann');
  });
});

describe.concurrent('many runs at once', () => {
  test('are counted, cancelled, retried and purged by a filter', async () => {
    const items = [1, 2, 3].map((n) => ({ id: `many-${n}`, tags: ['many'], queue: 'crowd' }));
    await well.startMany('wait', items);
    await expect.poll(async () => well.counts({ tag: 'many' }), PATIENT).toEqual({ waiting: 3 });
    const dry = ['cancel', '--tag', 'many', '--dry-run'];
    expect((await run(...dry)).stdout).toBe('3 runs (3 waiting) would be reached; nothing was done\n');
    expect(await json(...dry)).toEqual({ count: 3, counts: { waiting: 3 }, dryRun: true });
    const all = ['--workflow', 'wait', '--tag', 'many', '--created-from', '1h', '--id-contains', 'many-'];
    expect(await json('cancel', ...all, '--reason', 'no use')).toEqual({ count: 3, reason: 'no use' });
    await expect.poll(async () => well.counts({ tag: 'many' }), PATIENT).toEqual({ cancelled: 3 });
    expect((await run('retry', '--tag', 'many')).stdout).toBe('retrying 0 runs\n');
    expect((await run('retry', '--tag', 'many', '--status', 'cancelled')).stdout).toBe('retrying 3 runs\n');
    await expect.poll(async () => well.counts({ tag: 'many' }), PATIENT).toEqual({ waiting: 3 });
    expect((await run('cancel', 'many-1', 'many-2', 'many-3', '--force')).stdout).toBe(
      'cancelling many-1\ncancelling many-2\ncancelling many-3\n',
    );
    await expect.poll(async () => well.counts({ tag: 'many' }), PATIENT).toEqual({ cancelled: 3 });
    expect(await json('purge', 'many-1')).toEqual({ run: 'many-1' });
    expect((await run('purge', '--tag', 'many', '--created-before', '0s')).stdout).toBe('purged 2 runs\n');
    expect(await well.counts({ tag: 'many' })).toEqual({});
  });

  test('of a queue that failed are retried', async () => {
    await (await well.start('end', 'failure', { queue: 'broken' })).result().catch(() => {});
    expect(await json('queue', 'retry', 'broken')).toEqual({ queue: 'broken', count: 1 });
  });
});

describe.concurrent('watch', () => {
  test('prints events where there is no terminal, also those of the run that goes on', async () => {
    await well.start('hand over', 1, { id: 'watch-1' });
    const { code, stdout } = await run('watch', 'watch-1');
    expect(code).toBe(0);
    expect(stdout).toMatch(/✓ continued +as [^]*✓ last +"done"\n[^]*✓ succeeded +"done"\n$/);
  });
});

describe.concurrent('watch without a run', () => {
  test('prints what happens in the runs of a tag, until it is stopped', async () => {
    const child = start(['watch', '--tag', 'seen', '--json'], server.url);
    try {
      let line: string | undefined;
      createInterface({ input: child.stdout }).once('line', (first) => (line = first));
      // From now on: a run that began before the command was connected is not told of.
      const next = async () => {
        if (line === undefined) await well.start('greet', { name: 'Ann' }, { tags: ['seen'] });
        return line;
      };
      await expect.poll(next, { timeout: 15_000, interval: 200 }).toBeDefined();
      expect(JSON.parse(line!)).toMatchObject({
        workflow: 'greet',
        tags: ['seen'],
        cursor: expect.any(String) as string,
      });
    } finally {
      child.kill();
    }
  });

  test('a run and a filter are one too many', async () => {
    expect(await run('watch', 'x', '--tag', 'y')).toMatchObject({ code: 2 });
  });
});

describe.concurrent('schedule', () => {
  test('is made, shown, paused, resumed, run and deleted', async () => {
    const made = await json<{ schedule: object }>(
      ...[
        'schedule',
        'set',
        'daily',
        'greet',
        '{"name":"Ann"}',
        '--cron',
        '0 9 * * *',
        '--time-zone',
        'Asia/Tokyo',
      ],
    );
    expect(made.schedule).toMatchObject({
      name: 'daily',
      timing: { cron: '0 9 * * *', timeZone: 'Asia/Tokyo' },
    });
    expect((await run('schedule', 'pause', 'daily', '--reason', 'holidays')).stdout).toBe(
      'daily is paused\n',
    );
    expect((await run('schedule', 'list')).stdout).toMatch(
      /^SCHEDULE +WORKFLOW +WHEN [^]*\ndaily +greet +0 9 \* \* \* Asia\/Tokyo +paused: holidays/,
    );
    expect((await run('schedule', 'resume', 'daily')).stdout).toBe('daily goes on\n');
    const { id } = await json<{ id: string }>('schedule', 'run', 'daily');
    expect(await well.result(id)).toBe('Hello Ann');
    const shown = await json<{ schedule: { last: { run: string } }; next: number[] }>(
      'schedule',
      'show',
      'daily',
    );
    expect(shown.schedule.last.run).toBe(id);
    expect(shown.next.map((at) => new Date(at).toISOString().slice(11))).toEqual(
      Array(5).fill('00:00:00.000Z'),
    );
    expect((await run('schedule', 'show', 'daily')).stdout).toMatch(/^daily +greet +0 9[^]*\nnext {4}/);
    expect((await run('schedule', 'delete', 'daily')).stdout).toBe('daily is deleted\n');
    expect(await run('schedule', 'show', 'daily')).toMatchObject({
      code: 4,
      stderr: expect.stringMatching(/^SCHEDULE_NOT_FOUND: /) as string,
    });
  });

  test('may be one of intervals', async () => {
    const args = ['schedule', 'set', 'often', 'wait', '--every', '15m', '--from', '2026-01-31T12:00:00Z'];
    expect((await run(...args, '--overlap', 'allow', '--catch-up', 'none')).stdout).toMatch(
      /^often: every 15m, /,
    );
  });

  test.each([
    [['--cron', '* * * * *', '--every', '1h'], 2, /--cron .*or with --every/],
    [[], 2, /--cron .*or with --every/],
    [['--cron', 'often'], 4, /SCHEDULE_INVALID/],
    [['--every', '1h', '--overlap', 'perhaps'], 2, /overlap.*Allowed choices are skip, queue, cancel, allow/],
    [['--every', '1x'], 2, /time of --every "1x"/],
  ])('set with %j is refused', async (args, code, message) => {
    expect(await run('schedule', 'set', 'wrong', 'wait', ...args)).toMatchObject({
      code,
      stderr: expect.stringMatching(message) as string,
    });
  });
});

describe.concurrent('retry', () => {
  test('a run that failed is done again', async () => {
    await (await well.start('end', 'failure', { id: 'to-retry' })).result().catch(() => {});
    expect(await json('retry', 'to-retry')).toEqual({ run: 'to-retry' });
    expect(await run('retry', 'nobody')).toMatchObject({
      code: 4,
      stderr: expect.stringMatching(/RUN_NOT_FOUND/),
    });
  });
});

describe.concurrent('run', () => {
  test('prints the id of the new run, and that same run for the same id', async () => {
    const first = await run('run', 'greet', '{"name":"Ann"}', '--id', 'greet-1');
    const again = await run('run', 'greet', '{"name":"Ann"}', '--id', 'greet-1');
    expect([first.stdout, again.stdout]).toEqual(['greet-1\n', 'greet-1\n']);
    expect(await well.result('greet-1')).toBe('Hello Ann');
  });

  test('--json tells where the run is found', async () => {
    expect(await json('run', 'greet', '{"name":"Ann"}', '--id', 'greet-2')).toEqual({
      id: 'greet-2',
      created: true,
      url: `${server.url}/v1/runs/greet-2`,
    });
  });

  test('--wait prints the result to stdout and the way there to stderr', async () => {
    const { code, stdout, stderr } = await run('run', 'greet', '{"name":"Bob"}', '--wait');
    expect({ code, stdout }).toEqual({ code: 0, stdout: '"Hello Bob"\n' });
    expect(stderr).toMatch(/✓ choose +"Hello"\n[^]*✓ greet +"Hello Bob"\n/);
  });

  test('--wait --json prints one object', async () => {
    const result = await json('run', 'greet', '{"name":"Bob"}', '--id', 'greet-3', '--wait');
    expect(result).toEqual({ id: 'greet-3', status: 'succeeded', output: 'Hello Bob' });
  });

  test('--wait follows a run that goes on as another one', async () => {
    const result = await json<{ id: string }>('run', 'hand over', '2', '--id', 'hand-1', '--wait');
    expect(result).toMatchObject({ status: 'succeeded', output: 'done' });
    expect(result.id).not.toBe('hand-1');
  });

  test.each([
    ['from a file', ['--input-file', `${import.meta.dirname}/input.json`], ''],
    ['from stdin as a file', ['--input-file', '-'], '{"name":"Cid"}'],
    ['from stdin as an argument', ['-'], '{"name":"Cid"}'],
    ['with a byte order mark', ['-'], '\u{feff}{"name":"Cid"}'],
  ])('reads the input %s', async (_, args, stdin) => {
    const { stdout } = await stepwell(['run', 'greet', ...args, '--wait'], { server: server.url, stdin });
    expect(stdout).toBe('"Hello Cid"\n');
  });

  test('reads the input from a pipe that is empty for a while', async () => {
    // The left command asks the server first: the right one reads before there is anything.
    const line = '"$NODE" "$MAIN" show parked --json | "$NODE" "$MAIN" raise parked seen - --json';
    const env = { ...process.env, NODE: process.execPath, MAIN, STEPWELL_SERVER: server.url };
    const { stdout, stderr } = await promisify(execFile)('sh', ['-c', line], { env });
    expect({ stdout, stderr }).toEqual({ stdout: '{"run":"parked","event":"seen"}\n', stderr: '' });
  });

  test('--wait ends with 1 when the run fails, and says why', async () => {
    const { code, stdout, stderr } = await run('run', 'end', '"failure"', '--id', 'end-1', '--wait');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/↻ charge +attempt 1 failed: Error: the card was declined 1 times\n/);
    expect(stderr).toMatch(/RUN_FAILED: The run end-1 failed: Error: the card was declined 2 times\n$/);
  });

  test('--wait --json of a run that fails', async () => {
    const { code, stdout, stderr } = await run(
      'run',
      'end',
      '"failure"',
      '--id',
      'end-2',
      '--wait',
      '--json',
    );
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ id: 'end-2', status: 'failed', error: { name: 'Error' } });
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'RUN_FAILED' } });
  });

  test('--wait ends with 1 when the run is cancelled meanwhile', async () => {
    const child = start(['run', 'wait', '--id', 'wait-1', '--wait'], server.url);
    const exited = once(child, 'exit') as Promise<[number]>;
    let stderr = '';
    for await (const line of createInterface({ input: child.stderr })) {
      stderr += `${line}\n`;
      if (/▸ go +event go$/.test(line)) await well.cancel('wait-1', { reason: 'no use' });
    }
    expect((await exited)[0]).toBe(1);
    expect(stderr).toMatch(/cancel requested +no use\n[^]*RUN_CANCELLED: The run wait-1 was cancelled/);
  });
});

describe.concurrent('list', () => {
  test('shows runs that match, newest first, and how to see more', async () => {
    await well.start('wait', undefined, { id: 'list-1', queue: 'listed' });
    await well.start('approve', undefined, { id: 'list-2', queue: 'listed' });
    await waitOf('list-2');
    const all = await run('list', '--queue', 'listed');
    expect(all.stdout).toMatch(
      /^RUN +WORKFLOW +STATUS [^\n]*\nlist-2 +approve@1 +waiting [^\n]*\nlist-1 +wait@1 /,
    );
    const first = await run('list', '--queue', 'listed', '--limit', '1');
    const cursor = /There are more: --cursor (\S+)\n$/.exec(first.stdout)?.[1];
    const second = await json<{ runs: RunInfo[] }>(
      'list',
      '--queue',
      'listed',
      '--limit',
      '1',
      '--cursor',
      cursor!,
    );
    expect(second.runs.map(({ id }) => id)).toEqual(['list-1']);
    expect(second).not.toHaveProperty('cursor');
  });

  test('filters by workflow and several statuses', async () => {
    await well.start('wait', undefined, { id: 'list-3' });
    await well.cancel('list-3', { force: true });
    await expect.poll(async () => (await well.get('list-3')).status, PATIENT).toBe('cancelled');
    const { runs } = await json<{ runs: RunInfo[] }>(
      'list',
      '--workflow',
      'wait',
      '--status',
      'cancelled,failed',
    );
    expect(runs.map(({ id }) => id)).toContain('list-3');
    expect(new Set(runs.map(({ workflow, status }) => `${workflow} ${status}`))).toEqual(
      new Set(['wait cancelled']),
    );
  });

  test('says when there are none', async () => {
    expect((await run('list', '--workflow', 'nothing')).stdout).toBe('No runs.\n');
  });
});

describe.concurrent('show', () => {
  test('shows the operations of a run that failed, with attempts and errors', async () => {
    await well.start('end', 'failure', { id: 'show-1' });
    await well.result('show-1').catch(() => {});
    const { stdout } = await run('show', 'show-1');
    expect(stdout).toMatch(/^show-1 {2}end@1 {2}failed\n/);
    expect(stdout).toMatch(
      /✗ charge +\+\d+ ms +\d+ ms +2 +[ █▏▎▍▌▋▊▉]+ +Error: the card was declined 2 times\n/,
    );
    expect(stdout).toMatch(
      /\nerror {3}Error: the card was declined 2 times\nurl {5}http:\/\/127.+\/v1\/runs\/show-1\n$/,
    );
  });

  test('says why a run is not moving, and what would move it', async () => {
    await well.start('approve', undefined, { id: 'show-2' });
    const { callback } = await waitOf('show-2');
    const { stdout } = await run('show', 'show-2');
    expect(stdout).toMatch(
      new RegExp(`waits for callback "approval", until .*\n +stepwell callback succeed ${callback} `),
    );
    expect(stdout).toMatch(/◌ approval .* waiting for .* until /);
  });

  test('--json has the run and its operations', async () => {
    await well.start('greet', { name: 'Eve' }, { id: 'show-3' });
    await well.result('show-3');
    expect(await json('show', 'show-3')).toMatchObject({
      run: { id: 'show-3', status: 'succeeded', output: 'Hello Eve' },
      operations: [
        { op: 'choose', kind: 'step', status: 'succeeded', attempts: 1, value: 'Hello' },
        { op: 'greet', kind: 'step', status: 'succeeded', attempts: 1, value: 'Hello Eve' },
      ],
    });
  });
});

describe.concurrent('events', () => {
  test('--json prints each event of a run on a line, to its end', async () => {
    await well.start('greet', { name: 'Fay' }, { id: 'events-1' });
    const { code, stdout } = await run('events', 'events-1', '--json');
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { position: number; event: { type: string } });
    expect(code).toBe(0);
    expect(events.map(({ position }) => position)).toEqual(events.map((_, index) => index));
    expect(events.at(-1)!.event).toEqual({ type: 'run.succeeded', output: 'Hello Fay' });
  });

  test('begins where it is told to', async () => {
    await well.start('greet', { name: 'Gus' }, { id: 'events-2' });
    await well.result('events-2');
    const whole = (await run('events', 'events-2')).stdout.trimEnd().split('\n');
    const rest = (await run('events', 'events-2', '--from', '2')).stdout.trimEnd().split('\n');
    expect(whole.length).toBeGreaterThan(3);
    expect(rest).toEqual(whole.slice(2));
  });
});

describe.concurrent('raise, callback and cancel', () => {
  test('raise hands an event to a run', async () => {
    await well.start('wait', undefined, { id: 'raise-1' });
    expect(await run('raise', 'raise-1', 'go', '{"n":1}')).toMatchObject({
      code: 0,
      stdout: 'raised go to raise-1\n',
    });
    expect(await well.result('raise-1')).toEqual({ came: { n: 1 } });
  });

  test('raise --json', async () => {
    await well.start('wait', undefined, { id: 'raise-2' });
    expect(await json('raise', 'raise-2', 'go')).toEqual({ run: 'raise-2', event: 'go' });
    expect(await well.result('raise-2')).toEqual({});
  });

  test('callback heartbeat and succeed', async () => {
    await well.start('approve', undefined, { id: 'approve-1' });
    const { callback } = await waitOf('approve-1');
    expect(await json('callback', 'heartbeat', callback!)).toEqual({ callback, action: 'heartbeat' });
    expect(await run('callback', 'succeed', callback!, '"yes"')).toMatchObject({ code: 0 });
    expect(await well.result('approve-1')).toBe('yes');
  });

  test.each([
    ['a message', ['"no"'], { name: 'Error', message: 'no' }],
    [
      'an error',
      ['{"name":"Refused","message":"never","data":{"by":"me"}}'],
      { name: 'Refused', message: 'never' },
    ],
    ['nothing', [], { message: 'It was failed with "stepwell callback fail".' }],
  ])('callback fail with %s', async (title, args, error) => {
    const id = `approve ${title}`;
    await well.start('approve', undefined, { id });
    const { callback } = await waitOf(id);
    expect(await json('callback', 'fail', callback!, ...args)).toEqual({ callback, action: 'fail' });
    await well.result(id).catch(() => {});
    expect((await well.get(id)).error).toMatchObject(error);
  });

  test('cancel gives its reason to the journal', async () => {
    await well.start('wait', undefined, { id: 'cancel-1' });
    expect(await run('cancel', 'cancel-1', '--reason', 'sold out')).toMatchObject({
      code: 0,
      stdout: 'cancelling cancel-1\n',
    });
    const { stdout } = await run('events', 'cancel-1');
    expect(stdout).toMatch(/cancel requested +sold out\n/);
    expect((await well.get('cancel-1')).status).toBe('cancelled');
  });

  test('cancel --force --json', async () => {
    await well.start('wait', undefined, { id: 'cancel-2' });
    expect(await json('cancel', 'cancel-2', '--force')).toEqual({ run: 'cancel-2', force: true });
    await expect.poll(async () => (await well.get('cancel-2')).status, PATIENT).toBe('cancelled');
  });
});

describe.concurrent('what is refused', () => {
  test.each([
    ['an unknown run', ['show', 'nobody'], 'RUN_NOT_FOUND'],
    ['an unknown workflow', ['run', 'nothing'], 'WORKFLOW_UNKNOWN'],
    ['an input that does not fit', ['run', 'greet', '{"name":1}'], 'INPUT_INVALID'],
    ['an unknown callback', ['callback', 'succeed', 'nobody'], 'CALLBACK_NOT_FOUND'],
    ['a cursor that is none', ['list', '--cursor', 'happy'], 'CURSOR_INVALID'],
    ['an event for nobody', ['raise', 'nobody', 'go'], 'RUN_NOT_FOUND'],
    ['events of nobody', ['events', 'nobody'], 'RUN_NOT_FOUND'],
    ['a purge of a run that goes on', ['purge', 'parked'], 'RUN_NOT_ENDED'],
  ])('by the server: %s', async (_, args, errorCode) => {
    const shown = await run(...args);
    expect(shown).toMatchObject({ code: 4, stdout: '' });
    expect(shown.stderr).toMatch(new RegExp(`^${errorCode}: .+\n$`));
    const asJson = await run(...args, '--json');
    expect(asJson).toMatchObject({ code: 4, stdout: '' });
    expect(JSON.parse(asJson.stderr)).toMatchObject({
      error: { code: errorCode, message: expect.any(String) },
    });
  });

  test.each([
    ['an unknown command', ['walk'], "unknown command 'walk'"],
    ['an unknown option', ['list', '--colour'], "unknown option '--colour'"],
    ['an argument too few', ['raise', 'a'], "missing required argument 'name'"],
    ['an argument too many', ['show', 'a', 'b'], 'too many arguments'],
    ['input that is not JSON', ['run', 'greet', '{name}'], 'The input is not JSON'],
    ['an input given twice', ['run', 'greet', '1', '--input-file', 'x'], 'given twice'],
    [
      'a file that is not there',
      ['run', 'greet', '--input-file', 'nowhere.json'],
      'cannot be read from nowhere.json',
    ],
    ['a folder in place of a file', ['artifacts', 'put', 'r', 'x', import.meta.dirname], 'is a folder'],
    ['a number that would become another', ['run', 'greet', '{"n":1234567890123456789}'], 'cannot be kept'],
    ['a position that is none', ['events', 'a', '--from', '-1'], 'not a whole number'],
    ['a status that is none', ['list', '--status', 'happy'], '"happy" is not a status'],
    ['a time that is none', ['list', '--created-from', 'lately'], 'The time "lately"'],
    ['a delay that is none', ['run', 'greet', '--delay', '500'], 'The delay "500" is not a length of time'],
    ['a timeout that is none', ['run', 'greet', '--timeout', 'never'], 'The timeout "never"'],
    ['a lease that is none', ['worker', import.meta.filename, '--lease', 'long'], 'The lease "long"'],
    ['no runs at all', ['cancel'], 'Name the runs'],
    [
      'runs that cannot be cancelled',
      ['cancel', '--status', 'waiting,failed'],
      'not for runs that are failed',
    ],
    ['a dry run of them', ['cancel', '--status', 'timed_out', '--dry-run'], 'are timed out'],
    [
      'runs that cannot be retried',
      ['retry', '--status', 'succeeded', '--dry-run'],
      'failed, timed_out, cancelled',
    ],
    ['runs that cannot be purged', ['purge', '--status', 'waiting'], 'not for runs that are waiting'],
    ['runs and a filter', ['retry', 'a', '--queue', 'q'], 'one of the three'],
    ['a filter and all', ['purge', '--all', '--queue', 'q'], 'one of the three'],
    ['a dry run of one', ['purge', 'a', '--dry-run'], '--dry-run counts'],
    ['all at once by force', ['cancel', '--all', '--force'], 'with --force'],
    ['a store and a server', ['list', '--store', 'memory:', '--server', 'http://x'], 'not both'],
    ['a store that is not there', ['list', '--store', 'sqlite:nowhere.db'], 'There is no store'],
    ['workflows for a server', ['run', 'greet', '--workflows', 'x.ts'], 'A server knows its workflows'],
    ['a server that is no URL', ['list', '--server', 'localhost'], 'is not a URL'],
    ['a workflow file that is not there', ['dev', 'nowhere.ts'], 'There is no file nowhere.ts'],
    ['a port that is none', ['dev', import.meta.filename, '--port', 'http'], 'The port "http"'],
  ])('by the command itself: %s', async (_, args, message) => {
    const { code, stdout, stderr } = await run(...args, '--json');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(JSON.parse(stderr)).toEqual({
      error: { code: 'COMMAND_INVALID', message: expect.stringContaining(message) },
    });
  });

  test('a usage error for people', async () => {
    expect(await run('walk')).toEqual({
      code: 2,
      stdout: '',
      stderr: "COMMAND_INVALID: unknown command 'walk'. See stepwell --help.\n",
    });
  });

  test.each([
    [['lst'], "unknown command 'lst' (Did you mean list?). See stepwell --help."],
    [['--json', 'run'], "missing required argument 'workflow'. See stepwell run --help."],
    [
      ['queue', 'set', 'q', '--rat', '5/1s'],
      "unknown option '--rat' (Did you mean --rate?). See stepwell queue set --help.",
    ],
  ])('%j is told on one line where to look', async (args, message) => {
    const { code, stderr } = await run(...args);
    const told = args.includes('--json')
      ? (JSON.parse(stderr) as { error: { message: string } }).error.message
      : stderr;
    expect(code).toBe(2);
    expect(told.replace('COMMAND_INVALID: ', '').trimEnd()).toBe(message);
  });
});

test('a server that is not there ends with 3', async () => {
  const gone = await serve(well, { port: 0 });
  await gone.close();
  const { code, stderr } = await stepwell(['list', '--server', gone.url]);
  expect(code).toBe(3);
  expect(stderr).toMatch(
    /^SERVER_UNREACHABLE: No Stepwell server answers at http:\/\/127\.0\.0\.1:\d+ \(ECONNREFUSED\)/,
  );
});

test('help and version are no errors', async () => {
  const help = await stepwell(['--help']);
  expect(help).toMatchObject({ code: 0, stderr: '' });
  const names =
    'dev worker server run list show watch events raise callback cancel pause resume retry fork purge';
  for (const name of `${names} queue schedule artifacts completion`.split(' ')) {
    expect(help.stdout).toMatch(new RegExp(`^ {2}${name} `, 'm'));
  }
  expect(await stepwell(['--version'])).toMatchObject({ code: 0, stdout: '0.1.0\n' });
  expect(await stepwell([])).toMatchObject({ code: 2, stdout: '' });
});
