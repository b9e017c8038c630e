import { relative } from 'node:path';
import type { Command } from 'commander';
import { type DevEvents, Supervisor } from '../dev/supervisor.ts';
import { addSeeingOptions, type GivenSeeing, seeingSettings } from '../seeing/options.ts';
import { formatDuration } from '../terminal/duration.ts';
import { Output } from '../terminal/output.ts';
import { existingFile, parsePort } from './argument.ts';
import { artifactsOf, storeOption } from './store-option.ts';

interface DevOptions extends GivenSeeing {
  port: string;
  host: string;
  store: string;
  insecure?: true;
}

export function addDevCommand(parent: Command): void {
  const command = parent
    .command('dev')
    .summary('run workflow files, and restart when they change')
    .description(
      'Runs the workflows that files export, with an HTTP server; restarts when the files, or what they import from their folders, change. Runs in flight go on.',
    )
    .argument('<file...>', 'files that export workflows')
    .option('--port <port>', 'port of the server; 0: any that is free', '8787')
    .option('--host <host>', 'address of the server', '127.0.0.1')
    .option('--insecure', 'listen where other machines can reach it, although it asks nobody who they are')
    .addOption(storeOption())
    .action(async (files: string[], options: DevOptions, command: Command) => {
      const output = new Output(command.optsWithGlobals<{ json?: true }>().json === true);
      const { host, store, insecure = false } = options;
      const settings = {
        files: files.map(existingFile),
        store,
        host,
        port: parsePort(options.port),
        insecure,
        ...artifactsOf(command),
        // Whoever develops reads it: JSON only where it is asked for.
        seeing: seeingSettings(options, true),
      };
      const supervisor = new Supervisor(settings, shown(output), output.json);
      stopOnSignals(supervisor, output);
      await supervisor.run();
    });
  addSeeingOptions(command);
}

function shown(output: Output): DevEvents {
  return {
    listening: (url, workflows) =>
      output.result({ type: 'listening', url, workflows }, () => [`${url}  ${workflows.join(', ')}`]),
    changed: (path) => {
      const file = relative(process.cwd(), path);
      output.result({ type: 'changed', file }, () => [`${file} changed, loading …`]);
    },
    invalid: (error, stillServing) => {
      if (output.json) return output.result({ type: 'invalid', error, stillServing }, () => []);
      output.error(error.code, error.message);
      output.note(
        stillServing
          ? 'The files as they were before go on being served. Waiting for a change …'
          : 'Waiting for a change …',
      );
    },
    crashed: (how, restartIn) =>
      output.result({ type: 'crashed', how, restartIn }, () => [
        `The process that runs the workflows ended ${how}. ${restartIn === null ? 'Waiting for a change …' : `Starting it again in ${formatDuration(restartIn)} …`}`,
      ]),
  };
}

/** The first signal lets running steps finish, the second does not. */
function stopOnSignals(supervisor: Supervisor, output: Output): void {
  let asked = false;
  const ask = () => {
    if (asked) supervisor.kill();
    else output.note('stopping, running steps may finish; once more to stop at once');
    asked = true;
    supervisor.stop();
  };
  process.on('SIGINT', ask).on('SIGTERM', ask);
}
