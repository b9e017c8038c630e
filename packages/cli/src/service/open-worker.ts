import { Schedules } from '@stepwell/schedules';
import { openFanout, type Seeing, type Server, serveMetrics } from '@stepwell/server';
import { Stepwell } from 'stepwell';
import { durationOf, parsePort, wholeNumber } from '../commands/argument.ts';
import type { WorkerOptions } from '../commands/worker.ts';
import { loadWorkflows } from '../dev/load-workflows.ts';
import { openSeeingOf } from '../seeing/open.ts';
import { seeingSettings } from '../seeing/options.ts';
import type { Output } from '../terminal/output.ts';
import type { Service } from './run-service.ts';

/** @throws StepwellError `STORE_…`, `LISTEN_REFUSED`, `WORKFLOW_FILE_INVALID`, `COMMAND_INVALID` */
export async function openWorker(
  files: readonly string[],
  options: WorkerOptions,
  output: Output,
): Promise<Service> {
  const { store, name } = options;
  const lease = durationOf(options.lease, 'lease');
  const grace = durationOf(options.grace, 'grace');
  const workflows = await loadWorkflows(files);
  const queues = options.queues?.split(',');
  const seen = await openSeeingOf(seeingSettings(options));
  const well = await Stepwell.open({
    store,
    workflows,
    ...(options.artifacts !== undefined && { artifacts: options.artifacts }),
    ...seen.wellOptions,
    worker: {
      ...(name !== undefined && { name }),
      ...(queues !== undefined && { queues }),
      concurrency: wholeNumber(options.concurrency, 'concurrency', 1, Number.MAX_SAFE_INTEGER),
      parked: wholeNumber(options.parked, 'parked', 0, Number.MAX_SAFE_INTEGER),
      lease,
    },
  });
  let metrics: Server | null = null;
  let spread: Awaited<ReturnType<typeof openFanout>> | null = null;
  let schedules: Schedules | null = null;
  const close = async () => {
    await schedules?.close();
    // The last commits of this worker are news as well.
    await well.close({ grace });
    await spread?.close();
    await metrics?.close();
    await seen.close();
  };
  try {
    metrics = await openMetrics(well, options, seen.seeing);
    if (options.fanout !== undefined) spread = await openFanout(well, options.fanout, seen.seeing.errorLog);
    schedules = await Schedules.open(well, seen.schedulesOptions);
  } catch (error) {
    await close();
    throw error;
  }
  const kinds = workflows.map((workflow) => `${workflow.name}@${workflow.version}`);
  const where = metrics === null ? {} : { metrics: `${metrics.url}/metrics` };
  output.result({ type: 'working', workflows: kinds, queues: queues ?? null, ...where }, () => [
    `working on ${queues?.join(', ') ?? 'all queues'}  ${kinds.join(', ')}`,
    ...(metrics === null ? [] : [`metrics at ${metrics.url}/metrics`]),
  ]);
  return { close };
}

/** @throws StepwellError `LISTEN_REFUSED`, `COMMAND_INVALID` */
async function openMetrics(well: Stepwell, options: WorkerOptions, seeing: Seeing): Promise<Server | null> {
  const { metricsPort, metricsHost: host, insecure = false } = options;
  if (metricsPort === undefined) return null;
  const port = parsePort(metricsPort);
  return serveMetrics(well, { host, port, insecure, seeing, log: seeing.errorLog });
}
