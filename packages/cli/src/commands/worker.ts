import type { Command } from 'commander';
import { Schedules } from '@stepwell/schedules';
import { Stepwell } from 'stepwell';
import { loadWorkflows } from '../dev/load-workflows.ts';
import { runService } from '../service/run-service.ts';
import { Output } from '../terminal/output.ts';
import { existingFile, wholeNumber } from './argument.ts';
import { storeOption } from './store-option.ts';

interface GivenOptions {
  store: string;
  queues?: string;
  concurrency: string;
  parked: string;
  lease: string;
  grace: string;
  name?: string;
}

export function addWorkerCommand(parent: Command): void {
  parent
    .command('worker')
    .summary('execute runs, without a server')
    .description(
      'Executes the runs of the workflows that files export, until SIGINT or SIGTERM: then it claims nothing more, running steps may finish, and the rest is given back at once. On PostgreSQL any number of workers share one store.',
    )
    .argument('<file...>', 'files that export workflows')
    .addOption(storeOption())
    .option('--queues <names>', 'only runs on these queues, with commas between them; default: all')
    .option('--concurrency <n>', 'runs that are active at once; waiting ones do not count', '200')
    .option('--parked <n>', 'waiting runs that stay in memory, and go on without replay', '1000')
    .option('--lease <duration>', 'how long the runs of a worker that died stay with it', '10s')
    .option('--grace <duration>', 'how long running steps may take to finish when it stops', '10s')
    .option('--name <name>', 'for people who look at the workers; default: host and process')
    .action(async (files: string[], options: GivenOptions, command: Command) => {
      const output = new Output(command.optsWithGlobals<{ json?: true }>().json === true);
      await runService(() => openWorker(files.map(existingFile), options, output), output);
    });
}

async function openWorker(files: readonly string[], options: GivenOptions, output: Output) {
  const { store, lease, grace, name } = options;
  const workflows = await loadWorkflows(files);
  const queues = options.queues?.split(',');
  const well = await Stepwell.open({
    store,
    workflows,
    worker: {
      ...(name !== undefined && { name }),
      ...(queues !== undefined && { queues }),
      concurrency: wholeNumber(options.concurrency, 'concurrency', 1, Number.MAX_SAFE_INTEGER),
      parked: wholeNumber(options.parked, 'parked', 0, Number.MAX_SAFE_INTEGER),
      lease,
    },
  });
  const schedules = await Schedules.open(well);
  const kinds = workflows.map((workflow) => `${workflow.name}@${workflow.version}`);
  output.result({ type: 'working', workflows: kinds, queues: queues ?? null }, () => [
    `working on ${queues?.join(', ') ?? 'all queues'}  ${kinds.join(', ')}`,
  ]);
  return { close: () => schedules.close().then(() => well.close({ grace })) };
}
