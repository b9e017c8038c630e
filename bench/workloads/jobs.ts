import { type Ctx, workflow } from 'stepwell';
import { timed } from '../alternate.ts';
import { openEngine, until } from '../engine.ts';
import { median, quantile, type Measurement, type Setup } from '../measurement.ts';

const runs = 10_000;
const warmUp = 1;

/** The default of a worker, and what suits jobs that take no time: each claim and each write is of more runs then. */
const byDefault = 200;
const tuned = 2_000;

/** What a queue of background jobs is asked: 10,000 runs without steps, started in bulk, then done by one worker. */
export async function* jobs({ backend, quick }: Setup): AsyncGenerator<Measurement> {
  let executed = 0;
  const job = workflow('job', async (_ctx: Ctx, input: { n: number }) => {
    executed++;
    return input;
  });
  const started: number[] = [];
  const done = new Map<number, number[]>([
    [byDefault, []],
    [tuned, []],
  ]);
  for (let round = 0; round < warmUp + (quick ? 2 : 9); round++) {
    for (const [concurrency, rates] of done) {
      const client = await openEngine(backend.address('engine'), [job], false);
      const before = (await client.counts()).succeeded ?? 0;
      const items = Array.from({ length: runs }, (_, n) => ({ input: { n } }));
      const startTime = await timed(() => client.startMany(job, items));
      await client.close();
      executed = 0;
      const begun = performance.now();
      const worker = await openEngine(backend.address('engine'), [job], { concurrency });
      await until(async () => executed >= runs);
      await until(async () => ((await worker.counts()).succeeded ?? 0) >= before + runs);
      const time = performance.now() - begun;
      await worker.close();
      if (round < warmUp) continue;
      started.push(runs / (startTime / 1_000));
      rates.push(runs / (time / 1_000));
    }
  }
  yield figure('jobs start in bulk', started);
  yield figure(`jobs, ${byDefault} at once`, done.get(byDefault)!);
  yield { ...figure('jobs', done.get(tuned)!), limit: backend.limits.jobs };
}

function figure(workload: string, rates: readonly number[]): Measurement {
  return {
    workload,
    unit: 'runs/s',
    value: median(rates),
    p50: median(rates),
    // The slow end is the low one.
    p99: quantile(rates, 0.01),
    floor: null,
    limit: null,
  };
}
