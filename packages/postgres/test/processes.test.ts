import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { Stepwell } from 'stepwell';
import { databaseUrl, newSchema } from './database.ts';
import { order } from './workflows.ts';

async function storeUrl(): Promise<string> {
  const url = new URL(await databaseUrl());
  url.searchParams.set('schema', newSchema());
  return url.href;
}

async function startWorker(url: string, clockSkew = 0): Promise<ChildProcess> {
  const worker = fork(new URL('worker-process.ts', import.meta.url), [url, String(clockSkew)]);
  onTestFinished(() => void worker.kill('SIGKILL'));
  await once(worker, 'message');
  return worker;
}

async function openClient(url: string): Promise<Stepwell> {
  const well = await Stepwell.open({ store: url, workflows: [order], worker: false });
  onTestFinished(() => well.close());
  return well;
}

test('runs that one process starts are executed by another, which hears of them at once', async () => {
  const url = await storeUrl();
  const client = await openClient(url);
  const worker = await startWorker(url);
  const began = performance.now();
  const runs = await Promise.all(Array.from({ length: 10 }, (_, n) => client.start(order, n)));
  await Promise.all(runs.map((run) => run.raiseEvent('paid', { amount: 1 })));
  const results = await Promise.all(runs.map((run) => run.result()));
  expect(results).toEqual(runs.map((_, n) => ({ result: 2 * n + 1, by: worker.pid })));
  // Whoever looks now and then only would have taken as long as this.
  expect(performance.now() - began).toBeLessThan(5_000);
});

test('the runs of a worker that was killed go on elsewhere after its lease', async () => {
  const url = await storeUrl();
  const client = await openClient(url);
  const first = await startWorker(url);
  const runs = await Promise.all(Array.from({ length: 10 }, (_, n) => client.start(order, n)));
  await expect.poll(async () => (await client.counts()).waiting, { timeout: 10_000 }).toBe(10);
  first.kill('SIGKILL');
  await Promise.all(runs.map((run) => run.raiseEvent('paid', { amount: 1 })));
  const second = await startWorker(url);
  const results = await Promise.all(runs.map((run) => run.result()));
  expect(results).toEqual(runs.map((_, n) => ({ result: 2 * n + 1, by: second.pid })));
});

test.each([-300_000, 300_000])(
  'a clock that is %i ms off delays nothing and takes no lease away',
  async (skew) => {
    const url = await storeUrl();
    const client = await openClient(url);
    await startWorker(url, skew);
    const began = performance.now();
    const runs = await Promise.all(Array.from({ length: 10 }, (_, n) => client.start(order, n)));
    await Promise.all(runs.map((run) => run.raiseEvent('paid', { amount: 1 })));
    await Promise.all(runs.map((run) => run.result()));
    expect(performance.now() - began).toBeLessThan(5_000);
    for (const { createdAt, endedAt } of (await client.list()).runs) {
      expect(Math.abs(endedAt! - createdAt)).toBeLessThan(60_000);
    }
    await startWorker(url);
    const atFirst = await client.workers();
    expect(atFirst).toHaveLength(2);
    // Each looks after the leases of all whenever it renews its own.
    const renewed = async () => {
      const now = await client.workers();
      return atFirst.map(
        ({ id, heartbeatAt }) => (now.find((one) => one.id === id)?.heartbeatAt ?? 0) > heartbeatAt,
      );
    };
    await expect.poll(renewed, { timeout: 5_000 }).toEqual([true, true]);
  },
);
