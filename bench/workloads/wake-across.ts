import { setTimeout } from 'node:timers/promises';
import { timed } from '../alternate.ts';
import { openEngine, startWaiters } from '../engine.ts';
import { median, quantile, type Measurement, type Setup } from '../measurement.ts';
import { woken } from '../worker-process.ts';
import { startWorker } from '../worker-processes.ts';

const warmUp = 50;

/**
 * From `raiseEvent` in one process until the run that waited for it in another goes on: the body of its next step has
 * begun, so the event is durable, and in the journal. Beside it commits of one row, which are no more than the disk.
 */
export async function* wakeAcross({ backend, quick }: Setup): AsyncGenerator<Measurement> {
  const runs = quick ? 300 : 1_000;
  const store = backend.address('engine');
  const awaited = new Map<string, (at: bigint) => void>();
  const client = await openEngine(store, [woken], false);
  const worker = await startWorker(store, ({ run, at }) => awaited.get(run)?.(BigInt(at)));
  const commits = await backend.openCommits();
  const samples: number[] = [];
  const rows: number[] = [];
  for (const id of await startWaiters(client, warmUp + runs, woken)) {
    const begun = new Promise<bigint>((resolve) => awaited.set(id, resolve));
    const raised = process.hrtime.bigint();
    await client.raiseEvent(id, 'go');
    samples.push(Number((await begun) - raised) / 1e6);
    // Nothing of the run before is left to do.
    await setTimeout(2);
    rows.push(await timed(() => commits.commit(rows.length)));
  }
  const counted = samples.slice(warmUp);
  yield {
    workload: 'wake across',
    unit: 'ms',
    value: median(counted),
    p50: median(counted),
    p99: quantile(counted, 0.99),
    floor: median(rows.slice(warmUp)),
    limit: { atMost: 10 },
  };
  await worker.kill();
  await client.close();
  await commits.close();
}
