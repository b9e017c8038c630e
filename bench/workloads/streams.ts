import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { serve } from '@stepwell/server';
import { type Ctx, type Stepwell, workflow } from 'stepwell';
import { timed } from '../alternate.ts';
import type { OneRowCommits } from '../backend.ts';
import { openEngine, startWaiters } from '../engine.ts';
import { median, quantile, type Measurement, type Setup } from '../measurement.ts';
import { StreamReaders } from '../stream-reading.ts';

const READERS = 1_000;
const warmUp = 10;
const kibibyte = 1024;

/** Wakes as often as it is told to, and has nothing else to do. */
const listener = workflow('listener', async (ctx: Ctx, _input: undefined) => {
  for (;;) await ctx.waitForEvent('go');
});

/**
 * From the commit of an event, durable in this process, until readers in other processes have it over HTTP; beside it
 * commits of one row, by turns. The limit: at most 50 of them, for all but 1 %. `bare` is what a server of Node's takes
 * that writes the same to as many responses and does nothing else.
 */
export async function* streams({ backend, quick }: Setup): AsyncGenerator<Measurement> {
  const well = await openEngine(backend.address('engine'), [listener]);
  const server = await serve(well, { port: 0 });
  const commits = await backend.openCommits();
  const rounds = warmUp + (quick ? 50 : 300);
  yield* oneRun(well, server.url, commits, rounds);
  yield await bare(rounds);
  yield await eachRun(well, server.url, commits, quick ? 1 : 3);
  await server.close();
  await well.close();
  await commits.close();
}

async function* oneRun(
  well: Stepwell,
  url: string,
  commits: OneRowCommits,
  rounds: number,
): AsyncGenerator<Measurement> {
  const [id = ''] = await startWaiters(well, 1, listener);
  const path = await pathOf(well, id);
  const readers = new StreamReaders(url);
  const before = memory();
  await readers.open(Array.from({ length: READERS }, () => path));
  const each = (memory() - before) / READERS / kibibyte;
  yield {
    workload: 'stream memory',
    unit: 'KiB/reader',
    value: each,
    p50: null,
    p99: null,
    floor: null,
    limit: null,
  };
  const next = nextCommitOf(well);
  const delays: number[] = [];
  const rows: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const { position, at } = await next(id);
    const came = await readers.arrivals(position, readers.streams);
    if (round >= warmUp) delays.push(...came.map((arrival) => (arrival - at) / 1e6));
    // Nothing of the event before is left to do.
    await setTimeout(20);
    rows.push(await timed(() => commits.commit(round)));
  }
  await readers.close();
  yield delayed('stream of one run', delays, rows);
}

async function eachRun(
  well: Stepwell,
  url: string,
  commits: OneRowCommits,
  rounds: number,
): Promise<Measurement> {
  const ids = await startWaiters(well, READERS, listener);
  const readers = new StreamReaders(url);
  await readers.open(await Promise.all(ids.map((id) => pathOf(well, id))));
  const next = nextCommitOf(well);
  const delays: number[] = [];
  const rows: number[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const [stream, id] of ids.entries()) {
      const { position, at } = await next(id);
      const [came = 0] = await readers.arrivals(position, [stream]);
      delays.push((came - at) / 1e6);
      rows.push(await timed(() => commits.commit(-1 - rows.length)));
    }
  }
  await readers.close();
  return delayed('stream of each run', delays, rows);
}

async function bare(rounds: number): Promise<Measurement> {
  const responses: ServerResponse[] = [];
  const http = createServer((_request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' }).flushHeaders();
    responses.push(response);
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const readers = new StreamReaders(`http://127.0.0.1:${(http.address() as AddressInfo).port}`);
  await readers.open(Array.from({ length: READERS }, () => '/'));
  const delays: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const at = Number(process.hrtime.bigint());
    const bytes = Buffer.from(`id: ${round}\nevent: event.received\ndata: ${'x'.repeat(100)}\n\n`);
    for (const response of responses) response.write(bytes);
    const came = await readers.arrivals(round, readers.streams);
    if (round >= warmUp) delays.push(...came.map((arrival) => (arrival - at) / 1e6));
    await setTimeout(20);
  }
  await readers.close();
  http.closeAllConnections();
  http.close();
  return { ...delayed('stream, bare', delays, delays), floor: null, limit: null };
}

function delayed(workload: string, delays: readonly number[], rows: readonly number[]): Measurement {
  const p99 = quantile(delays, 0.99);
  const floor = median(rows);
  return { workload, unit: 'ms', value: p99, p50: median(delays), p99, floor, limit: { atMost: 50 } };
}

/** Of a stream that begins now. */
async function pathOf(well: Stepwell, id: string): Promise<string> {
  return `/v1/runs/${encodeURIComponent(id)}/stream?last_event_id=${await lastPosition(well, id)}`;
}

async function lastPosition(well: Stepwell, id: string): Promise<number> {
  let last = -1;
  for await (const { position } of well.events(id, { follow: false })) last = position;
  return last;
}

/**
 * Wakes a run, and says of its next commit the first position, and when it was durable by the machine's monotonic
 * clock (ns).
 */
function nextCommitOf(well: Stepwell): (id: string) => Promise<{ position: number; at: number }> {
  const { store } = well.parts;
  const waiting = new Map<number, (at: number) => void>();
  store.subscribe((news) => {
    if (news.type !== 'journal') return;
    waiting.get(news.run)?.(Number(process.hrtime.bigint()));
    waiting.delete(news.run);
  });
  return async (id) => {
    const { key } = (await store.get(well.namespace, id))!;
    const position = (await lastPosition(well, id)) + 1;
    const at = new Promise<number>((resolve) => waiting.set(key, resolve));
    await well.raiseEvent(id, 'go');
    return { position, at: await at };
  };
}

/** Bytes that this process has in use. */
function memory(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
