import type { Command } from 'commander';
import { addSeeingOptions, type GivenSeeing } from '../seeing/options.ts';
import { runService } from '../service/run-service.ts';
import { Output } from '../terminal/output.ts';
import { existingFile } from './argument.ts';
import { artifactsOf, fanoutOption, storeOption } from './store-option.ts';

export interface WorkerOptions extends GivenSeeing {
  store: string;
  fanout?: string;
  artifacts?: string;
  queues?: string;
  concurrency: string;
  parked: string;
  lease: string;
  grace: string;
  name?: string;
  metricsPort?: string;
  metricsHost: string;
  insecure?: true;
}

export function addWorkerCommand(parent: Command): void {
  const command = parent
    .command('worker')
    .summary('execute runs, without a server')
    .description(
      'Executes the runs of the workflows that files export, until SIGINT or SIGTERM: then it claims nothing more, running steps may finish, and the rest is given back at once. On PostgreSQL any number of workers share one store.',
    )
    .argument('<file...>', 'files that export workflows')
    .addOption(storeOption())
    .addOption(fanoutOption())
    .option('--queues <names>', 'only runs on these queues, with commas between them; default: all')
    .option('--concurrency <n>', 'runs that are active at once; waiting ones do not count', '200')
    .option('--parked <n>', 'waiting runs that stay in memory, and go on without replay', '1000')
    .option('--lease <duration>', 'how long the runs of a worker that died stay with it', '10s')
    .option('--grace <duration>', 'how long running steps may take to finish when it stops', '10s')
    .option('--name <name>', 'for people who look at the workers; default: host and process')
    .option('--metrics-port <port>', 'serve /metrics, /healthz and /readyz there; 0: any that is free')
    .option('--metrics-host <host>', 'address for them', '127.0.0.1')
    .option(
      '--insecure',
      'serve them where other machines can reach them, although they ask nobody who they are',
    )
    .action(async (files: string[], options: WorkerOptions, command: Command) => {
      const output = new Output(command.optsWithGlobals<{ json?: true }>().json === true);
      // Only here: all other commands begin in half the time without it.
      const { openWorker } = await import('../service/open-worker.ts');
      const given = { ...options, ...artifactsOf(command) };
      await runService(() => openWorker(files.map(existingFile), given, output), output);
    });
  addSeeingOptions(command);
}
