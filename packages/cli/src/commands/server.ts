import type { Command } from 'commander';
import { addSeeingOptions, type GivenSeeing } from '../seeing/options.ts';
import { runService } from '../service/run-service.ts';
import { Output } from '../terminal/output.ts';
import { existingFile } from './argument.ts';
import { artifactsOf, fanoutOption, storeOption } from './store-option.ts';

export interface ServerOptions extends GivenSeeing {
  store: string;
  fanout?: string;
  artifacts?: string;
  port: string;
  host: string;
  insecure?: true;
}

export function addServerCommand(parent: Command): void {
  const command = parent
    .command('server')
    .summary('serve the HTTP API, without executing runs')
    .description(
      'Serves the HTTP API of a store whose runs are executed by workers, until SIGINT or SIGTERM. It can start the workflows that the files export: their inputs are checked and their options apply here, their functions run on workers. Without files everything else is served.',
    )
    .argument('[file...]', 'files that export workflows')
    .addOption(storeOption())
    .addOption(fanoutOption())
    .option('--port <port>', 'port of the server; 0: any that is free', '8787')
    .option('--host <host>', 'address of the server', '127.0.0.1')
    .option('--insecure', 'listen where other machines can reach it, although it asks nobody who they are')
    .action(async (files: string[], options: ServerOptions, command: Command) => {
      const output = new Output(command.optsWithGlobals<{ json?: true }>().json === true);
      // Only here: all other commands begin in half the time without it.
      const { openServer } = await import('../service/open-server.ts');
      const given = { ...options, ...artifactsOf(command) };
      await runService(() => openServer(files.map(existingFile), given, output), output);
    });
  addSeeingOptions(command);
}
