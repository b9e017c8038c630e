import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { Stepwell, type RunInfo } from 'stepwell';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { start, stepwell } from './stepwell.ts';

let folder: string;
let store: string;
const running = new Set<ChildProcessWithoutNullStreams>();

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'stepwell-service-')));
  store = `sqlite:${join(folder, 'runs.db')}`;
  symlinkSync(resolve(import.meta.dirname, '../../../node_modules'), join(folder, 'node_modules'));
  writeFileSync(
    join(folder, 'work.ts'),
    `import { workflow } from 'stepwell';
     export const work = workflow('work', { queue: 'heavy' }, (ctx) =>
       ctx.step('lift', async () => {
         console.log('lifting');
         await new Promise((resolve) => process.once('SIGTERM', () => setTimeout(resolve, 100)));
         return 'lifted';
       }));
     export const light = workflow('light', { queue: 'easy' }, (ctx, n: number) => ctx.step('add', () => { console.log('adding'); return n + 1; }));`,
  );
});

afterEach(async () => {
  for (const service of running) {
    service.kill('SIGKILL');
    if (service.exitCode === null && service.signalCode === null) await once(service, 'exit');
  }
  running.clear();
  rmSync(folder, { recursive: true });
});

/** Starts a service; the answer comes with its first line. */
async function begin(...args: string[]) {
  const service = start([...args, '--store', store, '--json'], undefined, folder);
  running.add(service);
  const lines = createInterface({ input: service.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const line = await lines.next();
    if (line.done === true) throw new Error(`it ended: ${await text(service.stderr)}`);
    return line.value;
  };
  const first = JSON.parse(await next()) as Record<string, unknown> & { url: string };
  const stop = async () => {
    const exited = once(service, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
    service.kill('SIGTERM');
    return (await exited)[0];
  };
  return { service, first, next, stop };
}

async function runs(): Promise<readonly RunInfo[]> {
  await using well = await Stepwell.open({ store, worker: false });
  return (await well.list()).runs;
}

test('a server takes runs in, and a worker executes them', async () => {
  const server = await begin('server', 'work.ts', '--port', '0');
  expect(server.first).toEqual({
    type: 'listening',
    url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    workflows: ['light@1', 'work@1'],
  });
  const { url } = server.first;
  expect(await stepwell(['run', 'light', '4', '--id', 'l'], { server: url })).toMatchObject({ code: 0 });
  const shown = await stepwell(['show', 'l', '--json'], { server: url });
  expect(JSON.parse(shown.stdout)).toMatchObject({ run: { status: 'queued', queue: 'easy' } });
  expect(await server.stop()).toBe(0);

  const worker = await begin('worker', 'work.ts', '--queues', 'easy,other', '--name', 'the lift');
  expect(worker.first).toEqual({
    type: 'working',
    workflows: ['light@1', 'work@1'],
    queues: ['easy', 'other'],
  });
  expect(await worker.next()).toBe('adding');
  expect(await worker.stop()).toBe(0);
  expect(await runs()).toMatchObject([{ id: 'l', status: 'succeeded', output: 5 }]);
});

test('a server without workflow files serves all but the start of runs', async () => {
  const server = await begin('server', '--port', '0');
  const refused = await stepwell(['run', 'light', '4', '--json'], { server: server.first.url });
  expect(refused).toMatchObject({ code: 4, stderr: expect.stringContaining('WORKFLOW_UNKNOWN') });
  expect(await stepwell(['list', '--json'], { server: server.first.url })).toMatchObject({
    code: 0,
    stdout: '{"runs":[]}\n',
  });
});

test.each([['server'], ['dev', 'work.ts']])(
  '%s keeps the files of runs where it is told to',
  async (...command) => {
    const place = join(folder, 'files');
    const service = await begin(...command, '--port', '0', '--artifacts', `file:${place}`);
    const put = ['artifacts', 'put', 'r', 'notes.txt', join(folder, 'work.ts')];
    expect(await stepwell(put, { server: service.first.url })).toMatchObject({ code: 0 });
    expect(readdirSync(place).length).toBeGreaterThan(0);
    expect(await service.stop()).toBe(0);
  },
);

test('a worker keeps the files of runs where it is told to', async () => {
  writeFileSync(
    join(folder, 'files.ts'),
    `import { workflow } from 'stepwell';
     export const noting = workflow('noting', async (ctx) => {
       await ctx.artifacts.write('notes.txt', 'noted');
       console.log('noted');
     });`,
  );
  await using well = await Stepwell.open({
    store,
    worker: false,
    workflows: Object.values((await import(join(folder, 'files.ts'))) as Record<string, never>),
  });
  await well.start('noting', undefined, { id: 'n' });
  await well.close();
  const place = join(folder, 'files');
  const worker = await begin('worker', 'files.ts', '--artifacts', `file:${place}`);
  expect(await worker.next()).toBe('noted');
  expect(await worker.stop()).toBe(0);
  expect(readdirSync(place).length).toBeGreaterThan(0);
});

test('a worker that is asked to stop lets a running step finish', async () => {
  await queue('work', 'w');
  const worker = await begin('worker', 'work.ts');
  expect(await worker.next()).toBe('lifting');
  expect(await worker.stop()).toBe(0);
  expect(await runs()).toMatchObject([{ id: 'w', status: 'succeeded', output: 'lifted' }]);
});

test('asked twice, it ends at once, and the step is run again by the next worker', async () => {
  await queue('work', 'w');
  const worker = await begin('worker', 'work.ts', '--grace', '1h');
  expect(await worker.next()).toBe('lifting');
  const exited = once(worker.service, 'exit') as Promise<[number | null]>;
  worker.service.kill('SIGINT');
  worker.service.kill('SIGTERM');
  expect((await exited)[0]).toBeGreaterThanOrEqual(130);
  const next = await begin('worker', 'work.ts');
  expect(await next.next()).toBe('lifting');
});

test.each([
  [['worker'], 2, /missing required argument/],
  [['worker', 'work.ts', '--fanout', 'http://secret@x'], 4, /^OPTION_INVALID: (?!.*secret)/],
  [['server', '--port', '0', '--fanout', 'http://secret@x'], 4, /^OPTION_INVALID: (?!.*secret)/],
  [['worker', 'nothing.ts'], 2, /There is no file nothing\.ts/],
  [['worker', 'work.ts', '--concurrency', '0'], 2, /concurrency "0"/],
  [['worker', 'work.ts', '--lease', 'soon'], 2, /lease "soon"/],
  [['server', '--port', '65536'], 2, /port "65536"/],
  [['server', '--host', '0.0.0.0', '--port', '0'], 1, /LISTEN_REFUSED/],
])('stepwell %j ends with %i', async (args, code, message) => {
  const service = start([...args, '--store', store], undefined, folder);
  running.add(service);
  const [stderr, exited] = await Promise.all([text(service.stderr), once(service, 'exit')]);
  expect({ code: exited[0] as number, stderr }).toEqual({ code, stderr: expect.stringMatching(message) });
});

async function queue(workflow: string, id: string): Promise<void> {
  const { [workflow]: definition } = (await import(join(folder, 'work.ts'))) as Record<string, never>;
  await using well = await Stepwell.open({ store, workflows: [definition!], worker: false });
  await well.start(definition!, undefined, { id });
}
