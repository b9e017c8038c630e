import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunEvent, Stepwell, type FeedEvent } from 'stepwell';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { type TestDatabase } from '../../../test/postgres/database.ts';
import { testDatabase } from '../../../test/postgres/shared.ts';
import { serve, type Server } from '../src/index.ts';
import { frames } from './sse.ts';
import { stages } from './workflows.ts';

let database: Promise<TestDatabase> | undefined;
afterAll(async () => (await database)?.drop());

/** A schema that nobody has yet, on a real PostgreSQL. */
let schemas = 0;
async function postgres(): Promise<string> {
  database ??= testDatabase();
  const url = new URL((await database).url);
  url.searchParams.set('schema', `streams_${++schemas}`);
  return url.href;
}

function sqlite(): string {
  const directory = mkdtempSync(join(tmpdir(), 'stepwell-streams-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return `sqlite:${join(directory, 'runs.db')}`;
}

/** Engine and server on a store, which can be closed and opened again. */
class Host implements AsyncDisposable {
  readonly #store: string;
  readonly #worker: boolean;
  well!: Stepwell;
  server!: Server;

  private constructor(store: string, worker: boolean) {
    this.#store = store;
    this.#worker = worker;
  }
  static async open(store: string, worker = true): Promise<Host> {
    const host = new Host(store, worker);
    await host.#start();
    return host;
  }
  async #start(): Promise<void> {
    const worker = this.#worker ? {} : { worker: false as const };
    this.well = await Stepwell.open({ store: this.#store, workflows: [stages], ...worker });
    this.server = await serve(this.well, { port: 0 });
  }
  async restart(): Promise<void> {
    await this[Symbol.asyncDispose]();
    await this.#start();
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
    await this.well.close();
  }
}

interface Got {
  readonly id: string;
  readonly data: unknown;
}

/**
 * A client as a browser is: it reads, and comes back with its last id whenever the stream ends or cannot be opened, until
 * it has seen what it looks for. It knows the server's address anew each time.
 */
async function readOn(
  url: () => string,
  path: string,
  got: Got[],
  isLast: (frame: { event?: string; data?: unknown }) => boolean,
  from?: string,
): Promise<void> {
  let last = from;
  for (;;) {
    try {
      const headers: Record<string, string> = last === undefined ? {} : { 'Last-Event-ID': last };
      const response = await fetch(`${url()}${path}`, { headers });
      // It had the last event, and was cut off before the end was said.
      if (response.status === 204 && isLast({ event: 'end' })) return;
      if (response.status !== 200) throw new Error(await response.text());
      for await (const frame of frames(response, String)) {
        if (frame.id !== undefined) last = frame.id;
        if (frame.id !== undefined && frame.data !== undefined) got.push({ id: frame.id, data: frame.data });
        if (isLast(frame)) return;
      }
    } catch (error) {
      // The server is not there, or went away in the middle.
      if (!(error instanceof TypeError)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

async function journalOf(well: Stepwell, id: string): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  for await (const event of well.events(id, { follow: false })) events.push(event);
  return asJson(events) as RunEvent[];
}

/** Every run's events, in the order of the feed, without cursors. */
async function feedOf(well: Stepwell): Promise<FeedEvent[]> {
  const events: unknown[] = [];
  for (let after = '', more = true; more; ) {
    const page = await well.parts.feedPage({ after });
    events.push(...page.events.map(({ cursor: _, ...event }) => event));
    ({ cursor: after, more } = page);
  }
  return asJson(events) as FeedEvent[];
}

/** Each event once, and those of each run in the order of its journal. */
function expectWhole(got: readonly Got[], all: readonly FeedEvent[]): void {
  const byRun = (list: readonly FeedEvent[]) => {
    const runs = new Map<string, FeedEvent[]>();
    for (const event of list) runs.set(event.run, [...(runs.get(event.run) ?? []), event]);
    return Object.fromEntries([...runs].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  };
  expect(byRun(got.map(({ data }) => data as FeedEvent))).toEqual(byRun(all));
}

function isLast(got: Got | undefined): boolean {
  const { run, event } = (got?.data ?? {}) as Partial<FeedEvent>;
  return run === 'last' && event?.type === 'run.succeeded';
}

const isEnd = (run: string) => (frame: { event?: string; data?: unknown }) =>
  frame.event === 'run.succeeded' && (frame.data as FeedEvent).run === run;

test.each([
  ['SQLite', async () => sqlite()],
  ['PostgreSQL', postgres],
])(
  'on %s, readers miss nothing and see nothing twice while the server is closed and opened again and again',
  { timeout: 60_000 },
  async (_kind, storeOf) => {
    await using host = await Host.open(await storeOf());
    const runs = ['a', 'b', 'c', 'd'];
    const url = () => host.server.url;
    const begun = (await host.well.parts.feedPage({ after: null })).cursor;
    for (const id of runs) await host.well.start(stages, undefined, { id });
    const ofRuns = runs.map((): Got[] => []);
    const ofAll: Got[] = [];
    const reading = [
      ...runs.map((id, n) =>
        readOn(url, `/v1/runs/${id}/stream`, ofRuns[n]!, ({ event }) => event === 'end'),
      ),
      readOn(url, '/v1/stream', ofAll, isEnd('last'), begun),
    ];
    for (let go = 1; go <= 3; go++) {
      for (const id of runs) {
        await host.well.raiseEvent(id, 'go', go);
        // In the middle of whatever the runs and the readers do.
        await host.restart();
      }
    }
    for (const id of runs) await host.well.result(id);
    const { id } = await host.well.start(stages, undefined, { id: 'last' });
    for (let go = 1; go <= 3; go++) await host.well.raiseEvent(id, 'go', go);
    await Promise.all(reading);
    for (const [n, id] of runs.entries()) {
      expect(ofRuns[n]!.map(({ data }) => data)).toEqual(await journalOf(host.well, id));
    }
    expectWhole(ofAll, await feedOf(host.well));
  },
);

test('a reader goes over to another server of the same PostgreSQL wherever it was', {
  timeout: 60_000,
}, async () => {
  const store = await postgres();
  await using first = await Host.open(store);
  await using second = await Host.open(store, false);
  const begun = (await first.well.parts.feedPage({ after: null })).cursor;
  const servers = [first, second];
  const ids = Array.from({ length: 20 }, (_, n) => `run-${n}`);
  const got: Got[] = [];
  const busy = (async () => {
    for (const id of [...ids, 'last']) {
      await second.well.start(stages, undefined, { id });
      for (let go = 1; go <= 3; go++) await servers[go % 2]!.well.raiseEvent(id, 'go', go);
    }
  })();
  let hops = 0;
  let last = begun;
  const isOver = () => isLast(got.at(-1));
  for (; !isOver(); hops++) {
    const most = got.length + 1 + (hops % 7);
    const url = () => servers[hops % 2]!.server.url;
    await readOn(url, '/v1/stream', got, () => isOver() || got.length === most, last);
    last = got.at(-1)!.id;
  }
  await busy;
  expect(hops).toBeGreaterThan(20);
  expectWhole(got, await feedOf(first.well));
});

async function startWorker(store: string): Promise<ChildProcess> {
  const worker = fork(new URL('stream-worker.ts', import.meta.url), [store]);
  onTestFinished(() => void worker.kill('SIGKILL'));
  await once(worker, 'message');
  return worker;
}

test('what another process writes comes at once, and all of it, also when that process is killed', {
  timeout: 60_000,
}, async () => {
  const store = await postgres();
  await using host = await Host.open(store, false);
  let worker = await startWorker(store);
  const url = () => host.server.url;
  const begun = (await host.well.parts.feedPage({ after: null })).cursor;
  const { id } = await host.well.start(stages, undefined, { id: 'last' });
  const ofRun: Got[] = [];
  const ofAll: Got[] = [];
  const reading = [
    readOn(url, `/v1/runs/${id}/stream`, ofRun, ({ event }) => event === 'end'),
    readOn(url, '/v1/stream', ofAll, isEnd('last'), begun),
  ];
  const waits = (got: readonly Got[]) =>
    got.filter(({ data }) => (data as RunEvent).event.type === 'operation.started').length;
  await expect.poll(() => waits(ofRun), { timeout: 10_000 }).toBe(1);
  const raised = performance.now();
  await host.well.raiseEvent(id, 'go', 1);
  // The wait, the step and the next wait.
  await expect.poll(() => Math.min(waits(ofRun), waits(ofAll)), { interval: 5, timeout: 10_000 }).toBe(3);
  // Whoever looks now and then only would have taken as long as this.
  expect(performance.now() - raised).toBeLessThan(4_000);
  worker.kill('SIGKILL');
  await once(worker, 'exit');
  await host.well.raiseEvent(id, 'go', 2);
  worker = await startWorker(store);
  await host.well.raiseEvent(id, 'go', 3);
  await Promise.all(reading);
  expect(ofRun.map(({ data }) => data)).toEqual(await journalOf(host.well, id));
  expectWhole(ofAll, await feedOf(host.well));
  expect(await host.well.result(id)).toEqual([1, 2, 3]);
});
