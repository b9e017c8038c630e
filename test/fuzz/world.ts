import { Schedules } from '@stepwell/schedules';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isStepwellError, Stepwell, workflow } from 'stepwell';
import { serve } from '../../packages/server/src/index.ts';
import type { Operation } from './document.ts';
import { inTime } from './in-time.ts';
import type { Pool } from './targets.ts';

const echo = workflow('echo', async (ctx, input: unknown) => ctx.step('compose', () => input ?? null));
const stages = workflow('stages', async (ctx) => {
  for (let stage = 1; stage <= 3; stage++) await ctx.waitForEvent('go');
});
const approval = workflow('approval', (ctx) => ctx.waitForCallback('manager', () => undefined));
const broken = workflow('fuzz', async () => {
  throw new Error('as always');
});

/** For a run that nothing holds up, beside all the requests. */
const BEAT_LIMIT_MS = 10_000;
/** For the last round and the last beat, and for the server and the engine: far more than they may take. */
const END_LIMIT_MS = 40_000;
const BEAT_EVERY_MS = 50;
/** How long a round of things to ask for is used. */
const ROUND_MS = 400;

/** A server on an engine on a real store, with runs, callbacks, queues and schedules to ask for. */
export class World implements AsyncDisposable {
  readonly port: number;
  readonly url: string;
  /** What the server or the engine reported as wrong. */
  readonly reports: string[];
  /** Runs that were started beside the requests: how many ended, and what kept others from it. */
  beats = 0;
  readonly lateBeats: string[] = [];

  readonly #well: Stepwell;
  readonly #stack: AsyncDisposableStack;
  readonly #pools = new Map<string, string[]>();
  #stopped = false;
  #work: Promise<void>[] = [];

  private constructor(url: string, well: Stepwell, stack: AsyncDisposableStack, reports: string[]) {
    this.reports = reports;
    this.url = url;
    this.port = Number(new URL(url).port);
    this.#well = well;
    this.#stack = stack;
  }

  /** @param store the address of an empty store; left out: a file of its own */
  static async open(store?: string): Promise<World> {
    const stack = new AsyncDisposableStack();
    const directory = await mkdtemp(join(tmpdir(), 'stepwell-fuzz-'));
    stack.defer(() => rm(directory, { recursive: true, force: true }));
    const reports: string[] = [];
    const well = await Stepwell.open({
      store: store ?? `sqlite:${join(directory, 'fuzz.db')}`,
      artifacts: `file:${join(directory, 'artifacts')}`,
      workflows: [echo, stages, approval, broken],
      // Few in memory, so that what is measured is the server's.
      worker: { parked: 20 },
      onError: (error) => reports.push(`engine: ${String(error)}`),
    });
    stack.use(well);
    const schedules = stack.use(
      await Schedules.open(well, { onError: (error) => reports.push(`schedules: ${String(error)}`) }),
    );
    const limits = { bodyTimeout: 600, headersTimeout: 600, uploadSilence: 600, bodyBytes: 1024 * 1024 };
    const log = (message: string, error: unknown) => reports.push(`${message} ${inspect(error)}`);
    const server = await serve(well, { port: 0, schedules, limits, log });
    stack.defer(() => server.close());
    const world = new World(server.url, well, stack, reports);
    await world.#renew(0);
    world.#work = [world.#beat(), world.#round()];
    return world;
  }

  readonly pool: Pool = (operation: Operation, parameter: string) => {
    if (parameter === 'id') return this.#pools.get(kindOf(operation))!;
    if (operation.path.startsWith('/v1/workflows/')) return ['echo', 'stages', 'approval', 'fuzz'];
    if (operation.path.startsWith('/v1/queues/')) return ['fuzz-queue'];
    if (operation.path.startsWith('/v1/schedules/')) return ['nightly', 'hourly'];
    if (operation.path.includes('/artifacts/')) return ['report.csv', 'a b', '注文'];
    return ['go'];
  };

  /** No more is started beside the requests. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await inTime('The runs beside the requests', END_LIMIT_MS, Promise.all(this.#work));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await inTime('The close of server and engine', END_LIMIT_MS, this.#stack.disposeAsync());
  }

  async #beat(): Promise<void> {
    while (!this.#stopped) {
      const late = AbortSignal.timeout(BEAT_LIMIT_MS);
      try {
        const run = await this.#well.start(echo, 1);
        await run.result({ signal: late });
        this.beats++;
      } catch (error) {
        // A request may cancel, purge or pause all runs that there are.
        const isOurs = isStepwellError(error, 'RUN_CANCELLED') || isStepwellError(error, 'RUN_PURGED');
        if (!isOurs) this.lateBeats.push(String(error));
      }
      await pause(BEAT_EVERY_MS);
    }
  }

  async #round(): Promise<void> {
    for (let round = 1; !this.#stopped; round++) {
      await pause(ROUND_MS);
      try {
        await this.#renew(round);
      } catch (error) {
        this.reports.push(`The round of runs to ask for failed: ${inspect(error)}`);
      }
    }
  }

  /** Runs in all states, under ids that the requests of the next moments use. */
  async #renew(round: number): Promise<void> {
    const well = this.#well;
    const [ended, failed] = [await well.start(echo, { n: round }), await well.start(broken, undefined)];
    const id = `order ${round}/ü`;
    await well.artifacts.write(id, 'report.csv', 'a,b');
    const waiting = await well.start(stages, undefined, { id, tags: ['eu'] });
    const open = await well.start(approval, undefined);
    // What holds all runs up is for the beat to tell, which waits no longer either.
    const signal = AbortSignal.timeout(BEAT_LIMIT_MS);
    await Promise.allSettled([ended.result({ signal }), failed.result({ signal })]);
    this.#pools.set('run', [ended.id, failed.id, waiting.id, open.id]);
    this.#pools.set('ended', [ended.id]);
    this.#pools.set('with files', [waiting.id]);
    const known = this.#pools.get('callback') ?? [];
    this.#pools.set('callback', [...(await callbackOf(well, open.id)), ...known].slice(0, 4));
  }
}

/** What the id in its path is to be of, so that it is served now and then. */
function kindOf({ path }: Operation): string {
  if (path.includes('/callbacks/')) return 'callback';
  if (path.includes('/artifacts/')) return 'with files';
  return path.endsWith('/fork') ? 'ended' : 'run';
}

async function callbackOf(well: Stepwell, id: string): Promise<string[]> {
  try {
    for await (const { event } of well.events(id, { signal: AbortSignal.timeout(2_000) }))
      if (event.type === 'operation.started' && event.callback !== undefined) return [event.callback];
  } catch {
    // It was purged by a request meanwhile.
  }
  return ['none'];
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function inspect(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
