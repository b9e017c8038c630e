import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serve, type Server } from '@stepwell/server';
import { type RunInfo, Stepwell } from 'stepwell';
import { type Ended, start, stepwell } from './stepwell.ts';
import * as workflows from './workflows.ts';

/** The machine may be busy with other tests. */
const PATIENT = { timeout: 15_000, interval: 10 };

let well: Stepwell;
let server: Server;

beforeAll(async () => {
  well = await Stepwell.open({ store: 'memory:', workflows: Object.values(workflows) });
  server = await serve(well, { port: 0 });
});

afterAll(async () => {
  await server.close();
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
    expect(await json('queue', 'pause', 'slow', '--reason', 'audit')).toEqual({
      queue: 'slow',
      reason: 'audit',
    });
    const listed = await run('queue', 'list');
    expect(listed.stdout).toMatch(
      /^QUEUE +QUEUED[^]*\nslow +0 +0 +0 +0 +2 at once, 10 in 1\.00 s, 3 by key, to begin within 2h 00m +its queue: the queue "slow" was paused: audit/,
    );
    expect((await run('queue', 'resume', 'slow')).stdout).toBe('slow goes on\n');
    expect((await run('queue', 'set', 'slow')).stdout).toBe('slow: no limits\n');
  });

  test.each([
    [['set', 'q', '--rate', 'often'], 2, /rate "often"/],
    [['set', 'q', '--concurrency', '0'], 2, /concurrency "0"/],
    [['set', 'q', '--start-deadline', 'soon'], 4, /DURATION_INVALID/],
    [['pause', 'a/b'], 4, /NAME_INVALID/],
  ])('queue %j is refused', async (args, code, message) => {
    expect(await run('queue', ...args)).toMatchObject({ code, stderr: expect.stringMatching(message) });
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
    expect(await json('run', 'greet', '{"name":"Ann"}', '--id', 'greet-2')).toMatchObject({
      id: 'greet-2',
      links: { self: '/v1/runs/greet-2' },
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
  ])('reads the input %s', async (_, args, stdin) => {
    const { stdout } = await stepwell(['run', 'greet', ...args, '--wait'], { server: server.url, stdin });
    expect(stdout).toBe('"Hello Cid"\n');
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
    expect(stdout).toMatch(/\nerror {3}Error: the card was declined 2 times\n$/);
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
    ['an unknown run', ['show', 'nobody'], 'RUN_NOT_FOUND', 404],
    ['an unknown workflow', ['run', 'nothing'], 'WORKFLOW_UNKNOWN', 404],
    ['an input that does not fit', ['run', 'greet', '{"name":1}'], 'INPUT_INVALID', 400],
    ['an unknown callback', ['callback', 'succeed', 'nobody'], 'CALLBACK_NOT_FOUND', 404],
    ['a filter that cannot be', ['list', '--status', 'happy'], 'PARAMETER_INVALID', 400],
    ['an event for nobody', ['raise', 'nobody', 'go'], 'RUN_NOT_FOUND', 404],
    ['events of nobody', ['events', 'nobody'], 'RUN_NOT_FOUND', 404],
  ])('by the server: %s', async (_, args, errorCode, status) => {
    const shown = await run(...args);
    expect(shown).toMatchObject({ code: 4, stdout: '' });
    expect(shown.stderr).toMatch(new RegExp(`^${errorCode}: .+\n$`));
    const asJson = await run(...args, '--json');
    expect(asJson).toMatchObject({ code: 4, stdout: '' });
    expect(JSON.parse(asJson.stderr)).toMatchObject({
      error: { code: errorCode, status, message: expect.any(String) },
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
    ['a position that is none', ['events', 'a', '--from', '-1'], 'not a whole number'],
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
  for (const name of ['dev', 'run', 'list', 'show', 'events', 'raise', 'callback', 'cancel']) {
    expect(help.stdout).toMatch(new RegExp(`^ {2}${name} `, 'm'));
  }
  expect(await stepwell(['--version'])).toMatchObject({ code: 0, stdout: '0.1.0\n' });
  expect(await stepwell([])).toMatchObject({ code: 2, stdout: '' });
});
