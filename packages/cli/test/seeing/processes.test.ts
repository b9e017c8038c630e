// The real command: a worker's log, its metrics, and its traces at a collector.

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { Stepwell, workflow } from 'stepwell';
import { expect, onTestFinished, test } from 'vitest';
import { Collector } from './collector.ts';

const MAIN = resolve(import.meta.dirname, '../../src/main.ts');
const TRACE = 'c'.repeat(32);

function folder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'stepwell-seeing-')));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  symlinkSync(resolve(import.meta.dirname, '../../../../node_modules'), join(folder, 'node_modules'));
  writeFileSync(
    join(folder, 'work.ts'),
    `import { workflow } from 'stepwell';
     export const add = workflow('add', (ctx, n: number) => ctx.step('plus', ({ log }) => { log.warn('adding'); return n + 1; }));`,
  );
  return folder;
}

/** A store with a run of `add` in it, for whoever executes it. */
async function storeWithRun(folder: string): Promise<string> {
  const store = `sqlite:${join(folder, 'runs.db')}`;
  const add = workflow('add', async (_, n: number) => n);
  await using well = await Stepwell.open({ store, workflows: [add], worker: false });
  await well.start(add, 4_711, { id: 'r', traceparent: `00-${TRACE}-${'d'.repeat(16)}-01` });
  return store;
}

function start(
  cwd: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): ChildProcessWithoutNullStreams {
  const child = spawn(process.execPath, [MAIN, ...args], { cwd, env: { ...process.env, ...env } });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

async function firstLine(child: ChildProcessWithoutNullStreams): Promise<string> {
  for await (const line of createInterface(child.stdout)) return line;
  throw new Error('It ended without a word.');
}

test('a worker shows its metrics, logs JSON, and sends its traces', async () => {
  await using collector = await Collector.open();
  const cwd = folder();
  const store = await storeWithRun(cwd);
  const args = ['worker', 'work.ts', '--store', store, '--json', '--metrics-port', '0'];
  const seen = ['--otlp', collector.url, '--log-level', 'info', '--log-runs'];
  const worker = start(cwd, [...args, ...seen], { OTEL_SERVICE_NAME: 'adders' });
  const log = text(worker.stderr);
  const { metrics } = JSON.parse(await firstLine(worker)) as { metrics: string };
  expect(metrics).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/);
  const get = async (path: string) => {
    const response = await fetch(new URL(path, metrics));
    return { status: response.status, body: await response.text() };
  };
  await expect
    .poll(async () => (await get('/metrics')).body)
    .toContain('stepwell_runs_ended_total{workflow="add",status="succeeded"} 1');
  expect((await get('/healthz')).body).toBe('{"status":"ok"}');
  expect((await get('/readyz')).body).toBe('{"status":"ready"}');
  // Nothing else is to be had there.
  expect((await get('/v1/runs')).status).toBe(404);

  const exited = once(worker, 'exit');
  worker.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);
  const lines = (await log)
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines).toEqual([
    expect.objectContaining({ level: 40, msg: 'adding', run: 'r', operation: 'plus', workflow: 'add' }),
    expect.objectContaining({ level: 30, msg: 'run ended', run: 'r', status: 'succeeded' }),
  ]);
  expect(await log).not.toMatch(/4711|4712/);

  expect(collector.paths).toEqual(new Set(['/v1/traces']));
  expect(collector.services).toEqual(new Set(['adders']));
  const [plus, add] = collector.spans;
  expect(collector.spans.map(({ name }) => name)).toEqual(['plus', 'add']);
  expect(new Set(collector.spans.map(({ traceId }) => traceId))).toEqual(new Set([TRACE]));
  expect(plus!.parentSpanId).toBe(add!.spanId);
  expect(add!.parentSpanId).toBe('d'.repeat(16));
  expect(BigInt(add!.startTimeUnixNano)).toBeLessThan(BigInt(add!.endTimeUnixNano));
  expect(add!.attributes).toContainEqual({ key: 'stepwell.run.id', value: { stringValue: 'r' } });
});

test('text for people, the collector of the environment, and one that is away: the command still ends well', async () => {
  const cwd = folder();
  const store = await storeWithRun(cwd);
  const away = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9', OTEL_EXPORTER_OTLP_TIMEOUT: '500' };
  const worker = start(
    cwd,
    ['worker', 'work.ts', '--store', store, '--log', 'text', '--log-level', 'info'],
    away,
  );
  const lines = createInterface(worker.stderr)[Symbol.asyncIterator]();
  expect((await lines.next()).value).toMatch(
    /^\d{4}-\d\d-\d\dT\S+Z info run ended run=r namespace=default workflow=add version=1 status=succeeded durationMs=\d+$/,
  );
  const exited = once(worker, 'exit');
  worker.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);
  const rest: string[] = [];
  for (let line = await lines.next(); line.done !== true; line = await lines.next()) rest.push(line.value);
  expect(rest.filter((line) => line.includes('Traces could not be sent'))).toHaveLength(1);
});

test('metrics are for this machine only, unless it is said otherwise', async () => {
  const cwd = folder();
  const store = await storeWithRun(cwd);
  const args = ['worker', 'work.ts', '--store', store, '--metrics-port', '0', '--metrics-host', '0.0.0.0'];
  const refused = start(cwd, args);
  expect(await text(refused.stderr)).toContain('LISTEN_REFUSED');
});

test('a collector whose address is none is refused', async () => {
  const cwd = folder();
  const worker = start(cwd, ['worker', 'work.ts', '--store', 'memory:', '--otlp', 'collector:4318']);
  expect(await text(worker.stderr)).toContain('OPTION_INVALID');
});
