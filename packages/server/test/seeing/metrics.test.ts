// /metrics: what Prometheus reads is what has happened; labels are few, whatever comes from outside.

import { Stepwell, StepwellError, workflow } from 'stepwell';
import type { Store } from 'stepwell/engine';
import { expect, onTestFinished, test } from 'vitest';
import { createApp } from '../../src/app.ts';
import { openSeeing } from '../../src/seeing/seeing.ts';
import { ManualTimer } from '../manual-timer.ts';
import { readExposition, valueOf } from './prometheus.ts';

const chain = workflow('chain', async (ctx, n: number) => {
  for (let step = 0; step < n; step++) await ctx.step('step', () => step);
  if (n === 0) throw new Error('nothing to do');
});
const sleeper = workflow('sleeper', async (ctx) => {
  await ctx.sleep('5ms');
  await ctx.waitForEvent('go');
});

async function open(store: string | Store = 'memory:') {
  const seeing = openSeeing();
  const { instruments } = seeing;
  const well = await Stepwell.open({ store, workflows: [chain, sleeper], instruments, onError: () => {} });
  onTestFinished(() => well.close());
  const app = createApp(well, { seeing, log: () => {} });
  const scrape = async () => {
    const response = await app.request('/metrics');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    return readExposition(await response.text());
  };
  return { well, app, seeing, scrape };
}

test('runs, operations, commits and overheads', async () => {
  const { well, scrape } = await open();
  await (await well.start(chain, 3)).result();
  await (await well.start(chain, 0)).result().catch(() => {});
  const run = await well.start(sleeper);
  for await (const { event } of run.events())
    if (event.type === 'operation.started' && event.kind === 'event') break;
  await run.raiseEvent('go');
  await run.result();
  await well.close();
  const metrics = await scrape();
  const value = (name: string, labels?: Record<string, string>) =>
    valueOf(metrics, `stepwell_${name}`, labels);
  expect(value('runs_started_total', { workflow: 'chain' })).toBe(2);
  expect(value('runs_started_total', { workflow: 'sleeper' })).toBe(1);
  expect(value('runs_ended_total', { workflow: 'chain', status: 'succeeded' })).toBe(1);
  expect(value('runs_ended_total', { workflow: 'chain', status: 'failed' })).toBe(1);
  expect(value('run_duration_seconds_count', { workflow: 'sleeper', status: 'succeeded' })).toBe(1);
  expect(value('run_duration_seconds_sum', { workflow: 'sleeper' })).toBeGreaterThan(0.004);
  expect(value('operations_ended_total', { workflow: 'chain', kind: 'step', outcome: 'succeeded' })).toBe(3);
  expect(value('operations_ended_total', { kind: 'sleep' })).toBe(1);
  expect(value('time_to_first_step_seconds_count', { workflow: 'chain' })).toBe(1);
  expect(value('step_to_step_overhead_seconds_count')).toBe(2);
  // What lies between bodies is all of it but the ends.
  expect(value('workflow_overhead_seconds_count', { workflow: 'chain' })).toBe(2);
  expect(value('workflow_overhead_seconds_sum', { workflow: 'chain' })).toBeGreaterThan(
    value('step_to_step_overhead_seconds_sum')!,
  );
  expect(value('workflow_overhead_seconds_sum', { workflow: 'chain' })).toBeLessThan(0.5);
  expect(value('wake_overhead_seconds_count', { by: 'timer' })).toBe(1);
  expect(value('wake_overhead_seconds_count', { by: 'fact' })).toBe(1);
  expect(value('start_overhead_seconds_count')).toBe(3);
  expect(value('commit_events_count')).toBe(value('flush_commits_sum'));
  expect(value('commit_events_sum')).toBeGreaterThan(value('commit_events_count')!);
  expect(value('flush_duration_seconds_count')).toBe(value('flush_commits_count'));
  expect(value('flush_failures_total')).toBe(0);
  expect(value('claimed_runs_total')).toBeGreaterThan(0);
  expect(value('activations_total', { from: 'journal' })).toBe(3);
  // Seconds, not milliseconds: no step of memory takes half a second.
  expect(value('step_to_step_overhead_seconds_sum')).toBeLessThan(0.5);
  expect(valueOf(metrics, 'process_cpu_user_seconds_total')).toBeGreaterThan(0);
});

test('how long events take to those who follow a stream, not to those who catch up', async () => {
  const { well, app, scrape } = await open();
  const run = await well.start(sleeper);
  const following = await app.request(`/v1/runs/${run.id}/stream`);
  const reader = following.body!.pipeThrough(new TextDecoderStream()).getReader();
  let had = '';
  const until = async (word: string) => {
    while (!had.includes(word)) had += (await reader.read()).value ?? '';
  };
  await until('"kind":"event"');
  await run.raiseEvent('go');
  await until('event: end');
  const followed = had.split('\nevent: ').length - 1;
  await (await app.request(`/v1/runs/${run.id}/stream`)).text();
  const metrics = await scrape();
  const count = valueOf(metrics, 'stepwell_stream_overhead_seconds_count')!;
  expect(count).toBeGreaterThan(0);
  expect(count).toBeLessThan(followed);
  expect(valueOf(metrics, 'stepwell_stream_overhead_seconds_sum')).toBeLessThan(5);
  await well.close();
});

test('queues, workers, what is in hand, and stream readers', async () => {
  const { well, seeing, scrape } = await open();
  seeing.readers(() => ({ sse: 2, websocket: 1 }));
  await well.pauseQueue('default');
  await well.start(chain, 1, { delay: '1h' });
  await well.start(chain, 1);
  await well.start(chain, 1, { queue: 'other queue', delay: '1h' });
  const metrics = await scrape();
  const value = (name: string, labels?: Record<string, string>) =>
    valueOf(metrics, `stepwell_${name}`, labels);
  expect(value('queue_runs', { queue: 'default', state: 'queued' })).toBe(2);
  expect(value('queue_runs', { queue: 'default', state: 'active' })).toBe(0);
  expect(value('queue_runs', { queue: 'other queue', state: 'queued' })).toBe(1);
  expect(value('queue_oldest_seconds', { queue: 'default' })).toBeGreaterThanOrEqual(0);
  expect(value('workers')).toBe(1);
  expect(value('store_up')).toBe(1);
  expect(value('runs_here', { state: 'active' })).toBe(0);
  expect(value('stream_readers', { transport: 'sse' })).toBe(2);
});

test('HTTP by the template of the route, never by the path', async () => {
  const { app, scrape } = await open();
  const start = (id: string) =>
    app.request('/v1/workflows/chain/runs', { method: 'POST', body: JSON.stringify({ id, input: 1 }) });
  for (let n = 0; n < 5; n++) {
    await start(`run-${n}`);
    await app.request(`/v1/runs/run-${n}`);
    await app.request(`/v1/runs/unknown-${n}`);
    await app.request(`/nothing/${n}`);
    await app.request('/v1/runs', { method: `X${n}` });
  }
  const metrics = await scrape();
  const count = (labels: Record<string, string>) =>
    valueOf(metrics, 'stepwell_http_request_duration_seconds_count', labels);
  expect(count({ method: 'POST', route: '/v1/workflows/{name}/runs', status: '202' })).toBe(5);
  expect(count({ method: 'GET', route: '/v1/runs/{id}', status: '200' })).toBe(5);
  expect(count({ method: 'GET', route: '/v1/runs/{id}', status: '404' })).toBe(5);
  expect(count({ method: 'GET', route: 'unmatched', status: '404' })).toBe(5);
  expect(count({ method: 'other' })).toBe(5);
  const shown = metrics.samples.flatMap(({ labels }) => Object.values(labels));
  expect(shown.filter((label) => /run-\d|unknown|nothing|^X/.test(label))).toEqual([]);
});

test('workflows that are not registered here, and queues beyond the hundredth, are "other"', async () => {
  const { well, seeing, scrape } = await open();
  const run = { workflow: 'from outside' } as never;
  seeing.instruments.tell({ type: 'run started', run, milliseconds: 1 });
  await well.startMany(
    chain,
    Array.from({ length: 120 }, (_, n) => ({ input: 1, queue: `queue ${n}`, delay: '1h' }) as const),
  );
  const metrics = await scrape();
  expect(valueOf(metrics, 'stepwell_runs_started_total', { workflow: 'other' })).toBe(1);
  const queues = new Set(
    metrics.samples.filter(({ name }) => name === 'stepwell_queue_runs').map(({ labels }) => labels['queue']),
  );
  expect(queues.size).toBe(101);
  expect(valueOf(metrics, 'stepwell_queue_runs', { queue: 'other', state: 'queued' })).toBe(20);
  expect(valueOf(metrics, 'stepwell_queue_runs', { state: 'queued' })).toBe(120);
});

test('a store that does not answer is shown as such, and what it said before is not', async () => {
  const { well, seeing } = await open();
  const failing = Object.create(well, {
    queues: { value: () => Promise.reject(new StepwellError('STORE_UNREACHABLE', 'away')) },
    load: { value: () => ({ active: 0, parked: 0 }) },
  }) as Stepwell;
  const metrics = readExposition(await seeing.metrics(failing));
  expect(valueOf(metrics, 'stepwell_store_up')).toBe(0);
  expect(valueOf(metrics, 'stepwell_queue_runs')).toBeUndefined();
});

test('the store is asked at most every five seconds, by however many who scrape', async () => {
  const { well, seeing } = await open();
  let asked = 0;
  const counted = Object.create(well, {
    queues: { value: () => (asked++, well.queues()) },
    workers: { value: () => well.workers() },
    load: { value: () => well.load() },
    parts: { value: well.parts },
  }) as Stepwell;
  await Promise.all(Array.from({ length: 10 }, () => seeing.metrics(counted)));
  await seeing.metrics(counted);
  expect(asked).toBe(1);
});

test('a store that hangs does not keep the rest from being seen', async () => {
  const timer = new ManualTimer();
  const seeing = openSeeing({ timer: timer.set });
  const hanging = {
    queues: () => new Promise(() => {}),
    workers: () => new Promise(() => {}),
    load: () => ({ active: 3, parked: 0 }),
  } as unknown as Stepwell;
  const scraped = seeing.metrics(hanging);
  timer.pass(2_000);
  const metrics = readExposition(await scraped);
  expect(valueOf(metrics, 'stepwell_store_up')).toBe(0);
  expect(valueOf(metrics, 'stepwell_runs_here', { state: 'active' })).toBe(3);
  expect(timer.armed).toBe(0);
});
