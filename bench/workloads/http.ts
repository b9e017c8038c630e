import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { workflow } from 'stepwell';
import { serve } from '@stepwell/server';
import { alternate, timed } from '../alternate.ts';
import { inFlight, openEngine, until } from '../engine.ts';
import type { Load } from '../http-load.ts';
import { median, type Measurement, type Setup } from '../measurement.ts';

/** As many starts under way at once, over HTTP as in process. */
const LANES = 50;

const input = { customer: 'c-1', items: [1, 2, 3] };

/**
 * Starts over HTTP at 50 connections, beside starts in the same process by its own API. The engine executes the runs
 * meanwhile, as it does in a server; a sample begins when all of the one before have ended.
 */
export async function* http({ backend, quick }: Setup): AsyncGenerator<Measurement> {
  const definition = workflow('order', async (_ctx, _input: typeof input) => {});
  const well = await openEngine(backend.address('engine'), [definition]);
  const server = await serve(well, { port: 0 });
  const starts = quick ? 5_000 : 20_000;
  const loads: Load[] = [];
  const allEnded = () =>
    until(async () => Object.keys(await well.counts()).every((status) => status === 'succeeded'));
  const overHttp = async () => {
    await allEnded();
    const load = await loadOf(`${server.url}/v1/workflows/order/runs`, { input }, starts);
    loads.push(load);
    return (starts / load.took) * 1_000;
  };
  const inProcess = async () => {
    await allEnded();
    const took = await timed(() => inFlight(LANES, starts, () => well.start(definition, input)));
    return (starts / took) * 1_000;
  };
  const samples = await alternate({ warmUp: 2, counted: quick ? 5 : 9 }, overHttp, inProcess);
  await server.close();
  await well.close();
  const counted = loads.slice(-samples.engine.length);
  yield {
    workload: 'http',
    unit: 'starts/s',
    value: median(samples.engine),
    p50: null,
    p99: null,
    floor: median(samples.floor),
    limit: { atLeast: 1 / 4 },
  };
  yield {
    workload: 'http start',
    unit: 'ms',
    value: median(counted.map(({ p50 }) => p50)),
    p50: median(counted.map(({ p50 }) => p50)),
    p99: median(counted.map(({ p99 }) => p99)),
    floor: null,
    limit: null,
  };
}

async function loadOf(url: string, body: object, amount: number): Promise<Load> {
  const file = fileURLToPath(import.meta.resolve('../http-load.ts'));
  const child = fork(file, [url, JSON.stringify(body), String(amount)]);
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(`the clients ended with exit code ${String(code)}`);
  });
  const [load] = await Promise.race([once(child, 'message') as Promise<[Load]>, failed]);
  return load;
}
