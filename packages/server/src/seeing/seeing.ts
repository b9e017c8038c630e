import type { MiddlewareHandler } from 'hono';
import { Gauge, Registry } from 'prom-client';
import type { Stepwell } from 'stepwell';
import type { Instruments } from 'stepwell/engine';
import { type ErrorLog, logToConsole, machineTimer, type Timer } from '../api.ts';
import { EngineMetrics, OVERHEAD } from './engine-metrics.ts';
import { httpMetrics } from './http-metrics.ts';
import type { Logs } from './logs.ts';
import { processMetrics } from './process-metrics.ts';
import { Readiness } from './readiness.ts';
import { StoreMetrics } from './store-metrics.ts';
import { HistogramTally } from './tally.ts';
import type { Traces } from './traces.ts';

export interface SeeingOptions {
  /** Default: nothing is logged but errors, to `console.error`. */
  logs?: Logs;
  /** Default: nothing is traced. */
  traces?: Traces;
  /** Default `setTimeout`. */
  timer?: Timer;
}

/** How many read streams now, by how they do it. */
export type Readers = () => Readonly<Record<string, number>>;

/** What a process shows of itself: metrics, traces, logs, and whether it is ready. One for each engine. */
export interface Seeing {
  /** For `Stepwell.open({ instruments })`. */
  readonly instruments: Instruments;
  /** For `Stepwell.open({ onError })`. */
  readonly onError: (error: unknown) => void;
  /** For `serve(well, { log })`. */
  readonly errorLog: ErrorLog;
  /** Counts requests; around all others. */
  readonly middleware: MiddlewareHandler;
  /** Tells how many read streams, when somebody wants to know. */
  readers(count: Readers): void;
  /** An event was handed to all who follow its stream, so long (ms) after it was made. */
  streamed(milliseconds: number): void;
  /** All metrics as Prometheus reads them. */
  metrics(well: Stepwell): Promise<string>;
  /** @throws StepwellError why the store does not commit now: `STORE_…` */
  demandReady(well: Stepwell): Promise<void>;
}

export const METRICS_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

/** @throws never */
export function openSeeing({ logs, traces, timer = machineTimer }: SeeingOptions = {}): Seeing {
  const now = () => performance.now();
  const registry = new Registry();
  const engine = new EngineMetrics(registry);
  const store = new StoreMetrics(registry, now, timer);
  const readiness = new Readiness(now, timer);
  const load = loadGauges(registry);
  const streamOverhead = new HistogramTally(
    {
      name: 'stepwell_stream_overhead_seconds',
      help: 'SO: from an event to where all who follow its stream have been handed it.',
      bounds: OVERHEAD,
    },
    registry,
  );
  const errorLog = logs === undefined ? logToConsole : logs.error.bind(logs);
  let count: Readers = () => ({});
  return {
    instruments: {
      now,
      tell: (fact) => {
        engine.tell(fact);
        readiness.tell(fact);
        logs?.tell(fact);
        traces?.tell(fact);
      },
      ...(traces !== undefined && { traceparentOf: traces.traceparentOf.bind(traces) }),
    },
    onError: (error) => errorLog('The engine met an error.', error),
    errorLog,
    middleware: httpMetrics(registry, now),
    readers: (given) => void (count = given),
    streamed: (milliseconds) => streamOverhead.observe(Math.max(0, milliseconds) / 1_000),
    metrics: async (well) => {
      load.show(well, count());
      await store.refresh(well);
      return `${await registry.metrics()}${await processMetrics().metrics()}`;
    },
    demandReady: (well) => readiness.demand(well),
  };
}

/** What this process has in hand now. */
function loadGauges(registry: Registry) {
  const registers = [registry];
  const runs = new Gauge({
    name: 'stepwell_runs_here',
    help: 'Runs that this process executes now (active), or keeps in memory while they wait (parked).',
    labelNames: ['state'],
    registers,
  });
  const readers = new Gauge({
    name: 'stepwell_stream_readers',
    help: 'Open event streams.',
    labelNames: ['transport'],
    registers,
  });
  return {
    show: (well: Stepwell, counts: ReturnType<Readers>) => {
      const { active, parked } = well.load();
      runs.set({ state: 'active' }, active);
      runs.set({ state: 'parked' }, parked);
      for (const [transport, n] of Object.entries(counts)) readers.set({ transport }, n);
    },
  };
}
