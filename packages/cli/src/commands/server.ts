import { serve } from '@stepwell/server';
import type { Command } from 'commander';
import { Stepwell } from 'stepwell';
import { loadWorkflows } from '../dev/load-workflows.ts';
import { runService } from '../service/run-service.ts';
import { Output } from '../terminal/output.ts';
import { existingFile, parsePort } from './argument.ts';
import { storeOption } from './store-option.ts';

interface GivenOptions {
  store: string;
  port: string;
  host: string;
  insecure?: true;
}

export function addServerCommand(parent: Command): void {
  parent
    .command('server')
    .summary('serve the HTTP API, without executing runs')
    .description(
      'Serves the HTTP API of a store whose runs are executed by workers, until SIGINT or SIGTERM. It can start the workflows that the files export: their inputs are checked and their options apply here, their functions run on workers. Without files everything else is served.',
    )
    .argument('[file...]', 'files that export workflows')
    .addOption(storeOption())
    .option('--port <port>', 'port of the server; 0: any that is free', '8787')
    .option('--host <host>', 'address of the server', '127.0.0.1')
    .option('--insecure', 'listen where other machines can reach it, although it asks nobody who they are')
    .action(async (files: string[], options: GivenOptions, command: Command) => {
      const output = new Output(command.optsWithGlobals<{ json?: true }>().json === true);
      await runService(() => openServer(files.map(existingFile), options, output), output);
    });
}

async function openServer(files: readonly string[], options: GivenOptions, output: Output) {
  const { store, host, insecure = false } = options;
  const port = parsePort(options.port);
  const workflows = await loadWorkflows(files);
  const well = await Stepwell.open({ store, workflows, worker: false });
  try {
    const server = await serve(well, { host, port, insecure });
    const kinds = workflows.map(({ name, version }) => `${name}@${version}`);
    output.result({ type: 'listening', url: server.url, workflows: kinds }, () => [
      `${server.url}  ${kinds.join(', ')}`,
    ]);
    return { close: () => server.close().then(() => well.close()) };
  } catch (error) {
    await well.close();
    throw error;
  }
}
