import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { start, stepwell } from './stepwell.ts';

type Line = { type: string; url?: string; error?: { code: string; message: string } } & Record<
  string,
  unknown
>;

let folder: string;
let dev: ChildProcessWithoutNullStreams;
let lines: AsyncIterator<string>;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'stepwell-dev-')));
  symlinkSync(resolve(import.meta.dirname, '../../../node_modules'), join(folder, 'node_modules'));
});

afterEach(async () => {
  if (dev.exitCode === null && dev.signalCode === null) await stop();
  rmSync(folder, { recursive: true });
});

const write = (file: string, source: string) => writeFileSync(join(folder, file), source);

function startDev(...args: string[]): void {
  dev = start(['dev', ...args, '--port', '0', '--json'], undefined, folder);
  lines = createInterface({ input: dev.stdout })[Symbol.asyncIterator]();
}

async function nextLine(): Promise<Line> {
  const { value, done } = await lines.next();
  if (done === true) throw new Error(`stepwell dev ended: ${await text(dev.stderr)}`);
  return JSON.parse(value) as Line;
}

/** Asks it to stop; the answer is its exit code. */
async function stop(signal: NodeJS.Signals = 'SIGINT'): Promise<number | null> {
  const exited = once(dev, 'exit') as Promise<[number | null]>;
  dev.kill(signal);
  return (await exited)[0];
}

const WAIT_THEN_GREET = `
  import { workflow } from 'stepwell';
  import { greeting } from './greeting.ts';
  export const hello = workflow('hello', async (ctx, name: string) => {
    await ctx.waitForEvent('go');
    return ctx.step('greet', () => greeting + ' ' + name);
  });
  export const notAWorkflow = 7;
`;

test('restarts when a file that is imported changes, at the same address, and a run in flight goes on', async () => {
  write('greeting.ts', `export const greeting = 'Hello';`);
  write('hello.ts', WAIT_THEN_GREET);
  startDev('hello.ts');
  const { url, ...listening } = await nextLine();
  expect(listening).toEqual({ type: 'listening', workflows: ['hello@1'] });
  expect(await stepwell(['run', 'hello', '"Ann"', '--id', 'r'], { server: url! })).toMatchObject({ code: 0 });

  write('greeting.ts', `export const greeting = 'Good evening';`);
  expect(await nextLine()).toEqual({ type: 'changed', file: 'greeting.ts' });
  expect(await nextLine()).toEqual({ type: 'listening', url, workflows: ['hello@1'] });

  expect(await stepwell(['raise', 'r', 'go'], { server: url! })).toMatchObject({ code: 0 });
  const again = await stepwell(['run', 'hello', '"Ann"', '--id', 'r', '--wait'], { server: url! });
  expect(again.stdout).toBe('"Good evening Ann"\n');
  expect(await stop()).toBe(0);
});

test('a broken file leaves the last good one in service, until it is mended', async () => {
  write('greeting.ts', `export const greeting = 'Hello';`);
  write('hello.ts', WAIT_THEN_GREET);
  startDev('hello.ts');
  const { url } = await nextLine();

  write('greeting.ts', `export const greeting = 'Hello`);
  expect(await nextLine()).toMatchObject({ type: 'changed' });
  const invalid = await nextLine();
  expect(invalid).toMatchObject({
    type: 'invalid',
    stillServing: true,
    error: { code: 'WORKFLOW_FILE_INVALID' },
  });
  expect(invalid.error!.message).toMatch(/greeting\.ts[^]*Unterminated string/);
  expect(await stepwell(['run', 'hello', '"Ann"'], { server: url! })).toMatchObject({ code: 0 });

  write('greeting.ts', `export const greeting = 'Mended';`);
  expect(await nextLine()).toMatchObject({ type: 'changed' });
  expect(await nextLine()).toMatchObject({ type: 'listening', url });
});

test('a file that cannot be loaded at the start is waited for, also for what it lacks', async () => {
  write('hello.ts', WAIT_THEN_GREET);
  startDev('hello.ts');
  const invalid = await nextLine();
  expect(invalid).toMatchObject({
    type: 'invalid',
    stillServing: false,
    error: { code: 'WORKFLOW_FILE_INVALID' },
  });
  expect(invalid.error!.message).toContain(`Cannot find module '${join(folder, 'greeting.ts')}'`);

  write('greeting.ts', `export const greeting = 'Hello';`);
  expect(await nextLine()).toMatchObject({ type: 'changed' });
  expect(await nextLine()).toMatchObject({ type: 'listening' });
});

test('a file without a workflow is told so', async () => {
  write('empty.ts', 'export const seven = 7;');
  startDev('empty.ts');
  const { error } = await nextLine();
  expect(error).toMatchObject({
    code: 'WORKFLOW_FILE_INVALID',
    message: expect.stringContaining('exports no workflow'),
  });
});

test('several files, and a workflow that two of them export, are loaded once', async () => {
  write('greeting.ts', `export const greeting = 'Hello';`);
  write('hello.ts', WAIT_THEN_GREET);
  write(
    'all.ts',
    `import { workflow } from 'stepwell';
    export { hello } from './hello.ts';
    export default workflow('bye', { version: '2' }, async () => 'bye');`,
  );
  startDev('hello.ts', 'all.ts');
  expect(await nextLine()).toMatchObject({ type: 'listening', workflows: ['hello@1', 'bye@2'] });
});

test('a step that is under way may finish before the restart', async () => {
  const called = Promise.withResolvers<ServerResponse>();
  let calls = 0;
  const outside = createServer((_request, response) => {
    calls++;
    called.resolve(response);
  });
  await once(outside.listen(0, '127.0.0.1'), 'listening');
  const source = (note: string) => `// ${note}
    import { workflow } from 'stepwell';
    export const call = workflow('call', (ctx) =>
      ctx.step('call', async () => (await fetch('http://127.0.0.1:${(outside.address() as AddressInfo).port}')).text()));`;
  try {
    write('call.ts', source('before'));
    startDev('call.ts');
    const { url } = await nextLine();
    await stepwell(['run', 'call', '--id', 'r'], { server: url! });
    const response = await called.promise;
    write('call.ts', source('after'));
    expect(await nextLine()).toMatchObject({ type: 'changed' });
    response.end('answered');
    expect(await nextLine()).toMatchObject({ type: 'listening', url });
    const again = await stepwell(['run', 'call', '--id', 'r', '--wait'], { server: url! });
    expect(again.stdout).toBe('"answered"\n');
    expect(calls).toBe(1);
  } finally {
    outside.close();
  }
});

test('what workflow files print does not get between the lines of --json', async () => {
  write(
    'loud.ts',
    `import { workflow } from 'stepwell';
    console.log('loud');
    export const quiet = workflow('quiet', async () => 'done');`,
  );
  startDev('loud.ts');
  const stderr = text(dev.stderr);
  expect(await nextLine()).toMatchObject({ type: 'listening' });
  expect(await stop('SIGTERM')).toBe(0);
  expect(await stderr).toBe('loud\n');
});

test('a process that is killed is started again after a pause, and a run in flight goes on', async () => {
  write('greeting.ts', `export const greeting = 'Hello';`);
  write('hello.ts', `console.log(process.pid); ${WAIT_THEN_GREET}`);
  startDev('hello.ts');
  const printed = createInterface({ input: dev.stderr })[Symbol.asyncIterator]();
  const { url } = await nextLine();
  await stepwell(['run', 'hello', '"Ann"', '--id', 'r'], { server: url! });

  process.kill(Number((await printed.next()).value), 'SIGKILL');
  expect(await nextLine()).toEqual({ type: 'crashed', how: 'by signal SIGKILL', restartIn: 500 });
  expect(await nextLine()).toEqual({ type: 'listening', url, workflows: ['hello@1'] });
  await stepwell(['raise', 'r', 'go'], { server: url! });
  const again = await stepwell(['run', 'hello', '"Ann"', '--id', 'r', '--wait'], { server: url! });
  expect(again.stdout).toBe('"Hello Ann"\n');
  expect(await stop()).toBe(0);
});

test('a process that ends again and again is started after longer pauses, and at once when a file changes', async () => {
  const source = (note: string) => `// ${note}
    import { workflow } from 'stepwell';
    export const crash = workflow('crash', (ctx) => ctx.step('crash', () => process.exit(7)));`;
  write('crash.ts', source('before'));
  startDev('crash.ts');
  const { url } = await nextLine();
  await stepwell(['run', 'crash', '--id', 'r'], { server: url! });
  const pauses: unknown[] = [];
  // It may end before it can say that it listens: the run is the first that it takes up.
  while (pauses.length < 3) {
    const { type, how, restartIn } = await nextLine();
    if (type === 'listening') continue;
    expect({ type, how }).toEqual({ type: 'crashed', how: 'with exit code 7' });
    pauses.push(restartIn);
  }
  expect(pauses).toEqual([500, 1_000, 2_000]);

  write('crash.ts', source('after').replace('process.exit(7)', '"whole"'));
  expect(await nextLine()).toMatchObject({ type: 'changed' });
  expect(await nextLine()).toMatchObject({ type: 'listening', url });
  const { stdout } = await stepwell(['run', 'crash', '--id', 'r', '--wait'], { server: url! });
  expect(stdout).toBe('"whole"\n');
});

test('a process that is killed while its files are broken is started again once they are mended', async () => {
  write('greeting.ts', `export const greeting = 'Hello';`);
  write('hello.ts', `console.log(process.pid); ${WAIT_THEN_GREET}`);
  startDev('hello.ts');
  const printed = createInterface({ input: dev.stderr })[Symbol.asyncIterator]();
  const { url } = await nextLine();
  const pid = Number((await printed.next()).value);
  write('greeting.ts', `export const greeting = 'Hello`);
  expect(await nextLine()).toMatchObject({ type: 'changed' });
  expect(await nextLine()).toMatchObject({ type: 'invalid', stillServing: true });

  process.kill(pid, 'SIGKILL');
  expect(await nextLine()).toEqual({ type: 'crashed', how: 'by signal SIGKILL', restartIn: null });
  write('greeting.ts', `export const greeting = 'Mended';`);
  expect(await nextLine()).toMatchObject({ type: 'changed' });
  expect(await nextLine()).toMatchObject({ type: 'listening', url });
});

test('while it pauses it can be stopped', async () => {
  write(
    'end.ts',
    `import { workflow } from 'stepwell'; export const end = workflow('end', async () => process.exit(3));`,
  );
  startDev('end.ts');
  const { url } = await nextLine();
  await stepwell(['run', 'end', '--id', 'r'], { server: url! });
  expect(await nextLine()).toEqual({ type: 'crashed', how: 'with exit code 3', restartIn: 500 });
  expect(await stop()).toBe(0);
});

test('a promise that a workflow lets drop does not take the other runs with it', async () => {
  write(
    'careless.ts',
    `import { workflow } from 'stepwell';
    export const careless = workflow('careless', async (ctx) => {
      void ctx.step('fail', () => { throw new Error('dropped'); }).then(() => {});
      await ctx.step('work', () => {});
      return 'fine';
    });`,
  );
  startDev('careless.ts');
  const { url } = await nextLine();
  for (const id of ['first', 'second']) {
    const { stdout } = await stepwell(['run', 'careless', '--id', id, '--wait'], { server: url! });
    expect(stdout).toBe('"fine"\n');
  }
});

test('a store that is in use ends the command', async () => {
  write('one.ts', `import { workflow } from 'stepwell'; export const one = workflow('one', async () => 1);`);
  startDev('one.ts');
  await nextLine();
  const second = start(['dev', 'one.ts', '--port', '0', '--json'], undefined, folder);
  const [[code], stderr] = await Promise.all([
    once(second, 'exit') as Promise<[number]>,
    text(second.stderr),
  ]);
  expect(code).toBe(3);
  expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'STORE_IN_USE' } });
});

test('for people: the address, what it serves, what changed', async () => {
  write('one.ts', `import { workflow } from 'stepwell'; export const one = workflow('one', async () => 1);`);
  dev = start(['dev', 'one.ts', '--port', '0'], undefined, folder);
  lines = createInterface({ input: dev.stdout })[Symbol.asyncIterator]();
  expect((await lines.next()).value).toMatch(/^http:\/\/127\.0\.0\.1:\d+ {2}one@1$/);
  write('one.ts', 'export const one = 1;');
  expect((await lines.next()).value).toBe('one.ts changed, loading …');
  const told = createInterface({ input: dev.stderr })[Symbol.asyncIterator]();
  expect((await told.next()).value).toMatch(
    /^WORKFLOW_FILE_INVALID: The file .*one\.ts exports no workflow\./,
  );
  expect((await told.next()).value).toBe(
    'The files as they were before go on being served. Waiting for a change …',
  );
});

test('addresses that other machines can reach are served only with --insecure', async () => {
  write('one.ts', `import { workflow } from 'stepwell'; export const one = workflow('one', async () => 1);`);
  startDev('one.ts', '--host', '0.0.0.0');
  const [[code], stderr] = await Promise.all([once(dev, 'exit') as Promise<[number]>, text(dev.stderr)]);
  expect(code).toBe(1);
  expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'LISTEN_REFUSED' } });
  startDev('one.ts', '--host', '0.0.0.0', '--insecure');
  expect(await nextLine()).toMatchObject({ type: 'listening' });
});

test('the engine does not outlive a supervisor that is killed', async () => {
  write('one.ts', `import { workflow } from 'stepwell'; export const one = workflow('one', async () => 1);`);
  startDev('one.ts');
  const { url } = await nextLine();
  expect(await stop('SIGKILL')).toBeNull();
  // The next one gets the store, which the engine of the first would have kept.
  await expect
    .poll(() => stepwell(['list', '--server', url!]), { timeout: 15_000 })
    .toMatchObject({ code: 3 });
  startDev('one.ts');
  expect(await nextLine()).toMatchObject({ type: 'listening' });
});
